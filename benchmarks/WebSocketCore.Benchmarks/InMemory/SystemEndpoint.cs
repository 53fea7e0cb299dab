using System.Net.WebSockets;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>System.Net.WebSockets.</summary>
internal sealed class SystemEndpoint : Endpoint
{
    private readonly WebSocket _webSocket;
    private readonly WebSocketMessageType _type;
    private readonly byte[] _buffer;

    public SystemEndpoint(Scenario scenario)
        : base(scenario)
    {
        _webSocket = WebSocket.CreateFromStream(
            new WireStream(Input, Output),
            new WebSocketCreationOptions { IsServer = Role == WebSocketRole.Server, KeepAliveInterval = TimeSpan.Zero });
        _type = Content == Content.Binary ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
        _buffer = new byte[Math.Max(Size, 4 * 1024)];
    }

    protected override async Task<long> ReceiveAsync(int messages)
    {
        var bytes = 0L;
        for (var i = 0; i < messages; i++)
        {
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _webSocket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            bytes += length;
        }
        return bytes;
    }

    protected override async Task<long> SendAsync(int messages)
    {
        var payload = Payload;
        for (var i = 0; i < messages; i++) await _webSocket.SendAsync(payload.AsMemory(), _type, endOfMessage: true, CancellationToken.None);
        return (long)messages * payload.Length;
    }

    protected override async Task<long> EchoAsync(int messages)
    {
        var bytes = 0L;
        for (var i = 0; i < messages; i++)
        {
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _webSocket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            await _webSocket.SendAsync(_buffer.AsMemory(0, length), received.MessageType, endOfMessage: true, CancellationToken.None);
            bytes += length;
        }
        return bytes;
    }

    protected override async Task<byte[]> ReceiveCopyAsync() => _buffer[..(int)await ReceiveAsync(1)];

    public override ValueTask DisposeAsync()
    {
        Input.IsEnded = true;
        _webSocket.Dispose();
        return default;
    }
}
