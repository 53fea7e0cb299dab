using System.Text;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

/// <summary>Heads with random damage, the same on every run: each ends in a value, whatever it holds.</summary>
public class HandshakeFuzzTests
{
    private static readonly string[] Pieces =
    [
        "\r\n", "\n", "\r", "\r\n\r\n", "\0", " ", "\t", ":", ",", ";", "=", "/", "%", "%0D%0A", "[", "]", "@", "#", "?",
        "\u007F", "\u0080", "\u00FF",
        "Host: a\r\n", "Upgrade: websocket\r\n", "Connection: ,,,,upgrade\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
        "Sec-WebSocket-Key: ", "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Protocol: chat\r\n", "Origin: null\r\n",
        "http://[::1]:80", "HTTP/1.1", "101",
    ];

    [Theory]
    [InlineData(WebSocketRole.Server, HeadFeed.Request)]
    [InlineData(WebSocketRole.Client, HeadFeed.Response)]
    public void Damaged_heads_end_in_a_value(WebSocketRole role, string head)
    {
        var random = new Random(6455);
        var found = new Dictionary<HandshakeError, int>();
        for (int round = 0; round < 10_000; round++)
        {
            string text = Damage(head, random);
            var error = HeadFeed.Judge(role, text, everyCut: round % 200 == 0);
            found[error] = found.GetValueOrDefault(error) + 1;
            if (error != HandshakeError.None) error.Message().Should().NotBeEmpty();
        }
        found.Keys.Should().OnlyContain(error => Enum.IsDefined(error));
        found.Should().HaveCountGreaterThan(15, "the damage reaches many rules").And.ContainKey(HandshakeError.None);
    }

    [Fact]
    public void Whatever_passed_the_rules_can_be_described_and_accepted()
    {
        var random = new Random(9112);
        int accepted = 0;
        for (int round = 0; round < 10_000; round++)
        {
            byte[] wire = HeadFeed.Latin1(Damage(HeadFeed.Request, random));
            using var parser = new HttpHeadParser(WebSocketRole.Server, new PoisonPool(), HeadFeed.MaxHeadBytes, HeadFeed.MaxHeaders);
            if (parser.Append(wire, out _) != HeadStatus.Complete) continue;

            var request = parser.ToRequest();
            request.Path.Should().StartWith("/");
            _ = new object?[] { request.Query, request.Host, request.Origin, request.Key, request.TryGetCookie("a", out _) };
            new HandshakeHeaders(request.Headers).Should().HaveCount(request.Headers.Count);
            OriginPolicy.SameOrigin.Allows(request.Origin, request.Host);
            if (ServerHandshake.Check(request, OriginPolicy.Any) != HandshakeError.None) continue;

            var output = new System.Buffers.ArrayBufferWriter<byte>();
            ServerHandshake.WriteAccept(output, request, request.Subprotocols.Count > 0 ? request.Subprotocols[^1] : null);
            HeadFeed.ReadResponse(Encoding.Latin1.GetString(output.WrittenSpan)).StatusCode.Should().Be(101);
            accepted++;
        }
        accepted.Should().BeInRange(100, 9_000);
    }

    private static string Damage(string head, Random random)
    {
        var text = new StringBuilder(head);
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            int position = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 12), text.Length - position);
            switch (random.Next(5))
            {
                case 0: text[position] = (char)random.Next(256); break;
                case 1: text.Remove(position, length); break;
                case 2: text.Insert(position, Pieces[random.Next(Pieces.Length)]); break;
                case 3: text.Insert(random.Next(text.Length), text.ToString(position, length)); break;
                default: DamageLine(text, random); break;
            }
            if (text.Length == 0) text.Append('x');
        }
        return text.ToString();
    }

    private static void DamageLine(StringBuilder text, Random random)
    {
        var lines = text.ToString().Split("\r\n").ToList();
        int line = random.Next(lines.Count);
        switch (random.Next(3))
        {
            case 0: lines.RemoveAt(line); break;
            case 1: lines.Insert(line, lines[random.Next(lines.Count)]); break;
            default: lines[line] = lines[line].ToUpperInvariant(); break;
        }
        text.Clear().AppendJoin("\r\n", lines);
    }
}
