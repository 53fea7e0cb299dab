using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>The other end of a TCP connection, played by the test with literal bytes.</summary>
internal sealed class RawTcpPeer : IDisposable
{
    private readonly Socket _socket;

    private RawTcpPeer(Socket socket) => _socket = socket;

    /// <summary>A plain HTTP request.</summary>
    public const string Get = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

    /// <summary>An upgrade request; it has the key of RFC 6455, section 1.3.</summary>
    public const string Upgrade =
        "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    /// <summary>A socket that listens and takes connections into its backlog, without more.</summary>
    public static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(Loopback.AnyPort);
        listener.Listen();
        return listener;
    }

    /// <summary>The address of a listening socket.</summary>
    public static Uri Uri(Socket listener, string scheme = "ws") =>
        new(string.Create(CultureInfo.InvariantCulture, $"{scheme}://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}/"));

    public static async Task<RawTcpPeer> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint).Within();
        return new RawTcpPeer(socket);
    }

    public static async Task<RawTcpPeer> AcceptAsync(Socket listener) => new(await listener.AcceptAsync().Within());

    /// <summary>Connects and makes the opening handshake.</summary>
    public static async Task<RawTcpPeer> UpgradeAsync(IPEndPoint endPoint)
    {
        var peer = await ConnectAsync(endPoint);
        await peer.SendTextAsync(Upgrade);
        (await peer.ReadHeadAsync()).Should().StartWith("HTTP/1.1 101 ").And.Contain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
        return peer;
    }

    /// <summary>Accepts a client of ours and its upgrade request.</summary>
    public static async Task<RawTcpPeer> AcceptUpgradeAsync(Socket listener)
    {
        var peer = await AcceptAsync(listener);
        var head = await peer.ReadHeadAsync();
        var key = head.Split("Sec-WebSocket-Key: ")[1][..24];
        await peer.SendTextAsync(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {AcceptKey.Compute(key)}\r\n\r\n");
        return peer;
    }

    public Task SendTextAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

    public Task SendHexAsync(string hex) => SendAsync(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await _socket.SendAsync(bytes).Within()..];
    }

    /// <summary>Sends a byte of urgent data (TCP), which is not of the stream.</summary>
    public async Task SendUrgentAsync() => await _socket.SendAsync("!"u8.ToArray(), SocketFlags.OutOfBand).Within();

    /// <summary>Reads a head, up to its blank line and no further.</summary>
    public async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        do
        {
            var next = await ReadAsync(1);
            if (next.Length == 0) return head + "<end>";
            head.Append((char)next[0]);
        }
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n");
        return head.ToString();
    }

    /// <summary>Reads a frame shorter than 126 bytes, as a server or a client sends it: in hex, unmasked; "end" at the end of the stream.</summary>
    public async Task<string> ReadFrameAsync()
    {
        var header = await ReadAsync(2);
        if (header.Length < 2) return "end";
        var isMasked = header[1] >= 0x80;
        header[1] &= 0x7f;
        header[1].Should().BeLessThan(126);
        var key = isMasked ? await ReadAsync(4) : new byte[4];
        var payload = await ReadAsync(header[1]);
        for (var i = 0; i < payload.Length; i++) payload[i] ^= key[i % 4];
        return Convert.ToHexStringLower(header) + (payload.Length == 0 ? "" : " " + Convert.ToHexStringLower(payload));
    }

    /// <summary>Reads so many bytes; fewer at the end of the stream.</summary>
    public async Task<byte[]> ReadAsync(int length)
    {
        var bytes = new byte[length];
        var filled = 0;
        while (filled < length)
        {
            var count = await _socket.ReceiveAsync(bytes.AsMemory(filled)).Within();
            if (count == 0) return bytes[..filled];
            filled += count;
        }
        return bytes;
    }

    /// <summary>Reads up to the end of the stream.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        while (await _socket.ReceiveAsync(buffer).Within() is var count and not 0) text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        return text.ToString();
    }

    /// <summary>Waits until the other end has given up the connection, whether in order or by a reset. True: by a reset.</summary>
    public async Task<bool> DroppedAsync()
    {
        try
        {
            await ReadToEndAsync();
            return false;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
        {
            return true;
        }
    }

    /// <summary>Ends what this end sends (TCP FIN).</summary>
    public void End() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Resets the connection (TCP RST).</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();
}
