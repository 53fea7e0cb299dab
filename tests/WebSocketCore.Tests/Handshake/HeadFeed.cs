using System.Buffers;
using System.Text;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Handshake;

/// <summary>Feeds one head to a parser in pieces, and judges it as the two ends of a connection would.</summary>
internal static class HeadFeed
{
    /// <summary>The request of RFC 6455, section 1.3.</summary>
    public const string Request =
        "GET /chat HTTP/1.1\r\n" +
        "Host: server.example.com\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Origin: http://example.com\r\n" +
        "Sec-WebSocket-Protocol: chat, superchat\r\n" +
        "Sec-WebSocket-Version: 13\r\n" +
        "\r\n";

    /// <summary>The response of RFC 6455, section 1.3.</summary>
    public const string Response =
        "HTTP/1.1 101 Switching Protocols\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
        "Sec-WebSocket-Protocol: chat\r\n" +
        "\r\n";

    public const string ExampleKey = "dGhlIHNhbXBsZSBub25jZQ==";

    public const int MaxHeadBytes = 2048;
    public const int MaxHeaders = 16;

    private static readonly Uri Example = new("ws://server.example.com/chat");

    public static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>The head with one piece of its text replaced; fails if the piece is not there.</summary>
    public static string Replace(string head, string found, string replacement)
    {
        head.Should().Contain(found);
        return head.Replace(found, replacement, StringComparison.Ordinal);
    }

    public static ClientHandshake Client(params string[] subprotocols) =>
        new(Example, ExampleKey, subprotocols);

    public static HandshakeRequest ReadRequest(string text) => Read(WebSocketRole.Server, text, parser => parser.ToRequest());

    public static HandshakeResponse ReadResponse(string text) => Read(WebSocketRole.Client, text, parser => parser.ToResponse());

    /// <summary>Whole, split once at every offset, and a byte at a time: the result must be the same each time.</summary>
    public static HandshakeError Judge(WebSocketRole role, string text, bool everyCut = true)
    {
        byte[] wire = Latin1(text);
        var whole = JudgeOnce(role, wire, wire.Length, wire.Length);
        if (!everyCut) return whole.Error;
        JudgeOnce(role, wire, 1, 1).Should().Be(whole, "a byte at a time is no other request");
        for (int cut = 1; cut < wire.Length; cut++) JudgeOnce(role, wire, cut, wire.Length).Should().Be(whole, "a cut at {0} changes nothing", cut);
        return whole.Error;
    }

    private static (HandshakeError Error, int Consumed) JudgeOnce(WebSocketRole role, byte[] wire, int first, int others)
    {
        var pool = new PoisonPool();
        using var parser = new HttpHeadParser(role, pool, MaxHeadBytes, MaxHeaders);
        int position = 0;
        var status = HeadStatus.NeedMore;
        for (int size = first; status == HeadStatus.NeedMore && position < wire.Length; size = others)
        {
            var piece = wire.AsSpan(position, Math.Min(size, wire.Length - position));
            status = parser.Append(piece, out int consumed);
            consumed.Should().BeInRange(0, piece.Length);
            if (status == HeadStatus.NeedMore) consumed.Should().Be(piece.Length);
            position += consumed;
        }

        var error = status switch
        {
            HeadStatus.NeedMore => HandshakeError.TruncatedHead,
            HeadStatus.Failed => parser.Error,
            _ when role == WebSocketRole.Server => ServerHandshake.Check(parser.ToRequest(), OriginPolicy.AllowList("http://example.com")),
            _ => new ClientHandshake(Example, ExampleKey, ["chat", "superchat"], extensions: [new DoublingExtension()]).Check(parser.ToResponse(), out _, out _),
        };
        parser.Dispose();
        pool.Outstanding.Should().Be(0);
        return (error, position);
    }

    private static T Read<T>(WebSocketRole role, string text, Func<HttpHeadParser, T> result)
    {
        using var parser = new HttpHeadParser(role, new PoisonPool(), MaxHeadBytes, MaxHeaders);
        parser.Append(Latin1(text), out _).Should().Be(HeadStatus.Complete, "the error was {0}", parser.Error);
        return result(parser);
    }
}

/// <summary>A pool whose arrays hold garbage before and after their use, and which counts.</summary>
internal sealed class PoisonPool : ArrayPool<byte>
{
    public int Outstanding { get; private set; }

    public int Rents { get; private set; }

    public long RentedBytes { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        Outstanding++;
        Rents++;
        RentedBytes += minimumLength;
        byte[] array = new byte[minimumLength + 3];
        Array.Fill(array, (byte)'\n');
        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        Outstanding--;
        Array.Fill(array, (byte)0);
    }
}
