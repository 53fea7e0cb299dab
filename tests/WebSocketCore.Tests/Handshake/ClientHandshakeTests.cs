using System.Buffers;
using System.Text;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class ClientHandshakeTests
{
    /// <summary>A piece of the RFC's response, what stands there instead, and the rule that this breaks.</summary>
    public static readonly TheoryData<string, string, HandshakeError> Rows = new()
    {
        { "HTTP/1.1 101 Switching Protocols", "", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 10 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 1010 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 +01 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 001 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1  101 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", " HTTP/1.1 101 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "http/1.1 101 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1\t101 Switching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101 Swit\0ching", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101 Switching Protocols", "ICY 200 OK", HandshakeError.MalformedStatusLine },
        { "HTTP/1.1 101", "HTTP/1.0 101", HandshakeError.UnsupportedHttpVersion },
        { "HTTP/1.1 101", "HTTP/2.0 101", HandshakeError.UnsupportedHttpVersion },
        { "HTTP/1.1 101", "HTTP/2.0 200", HandshakeError.UnsupportedHttpVersion },
        { "HTTP/1.1 101", "HTTP/1.1 200", HandshakeError.UnexpectedStatus },
        { "HTTP/1.1 101", "HTTP/1.1 100", HandshakeError.UnexpectedStatus },
        { "HTTP/1.1 101", "HTTP/1.1 102", HandshakeError.UnexpectedStatus },
        { "HTTP/1.1 101", "HTTP/1.1 302", HandshakeError.UnexpectedStatus },
        { "HTTP/1.1 101", "HTTP/1.1 999", HandshakeError.UnexpectedStatus },
        { "HTTP/1.1 101", "HTTP/1.0 503", HandshakeError.UnexpectedStatus },

        { "websocket\r\n", "websocket\n", HandshakeError.BareLineFeed },
        { "websocket\r\n", "websocket\r\r\n", HandshakeError.BareCarriageReturn },
        { "Upgrade: websocket", "Upgrade:\r\n websocket", HandshakeError.ObsoleteLineFolding },
        { "Upgrade: websocket", "Upgrade : websocket", HandshakeError.InvalidHeaderName },
        { "Upgrade: websocket", "Upgrade websocket", HandshakeError.InvalidHeaderName },
        { "chat\r\n", "chat\r\nX: \u0000\r\n", HandshakeError.InvalidHeaderValue },
        { "chat\r\n", "chat\r\nX: " + new string('x', HeadFeed.MaxHeadBytes) + "\r\n", HandshakeError.HeadTooLarge },
        { "chat\r\n", "chat\r\n" + string.Concat(Enumerable.Repeat("X: x\r\n", HeadFeed.MaxHeaders)), HandshakeError.TooManyHeaders },
        { "chat\r\n\r\n", "chat\r\n", HandshakeError.TruncatedHead },

        { "Upgrade: websocket\r\n", "", HandshakeError.UpgradeNotConfirmed },
        { "Upgrade: websocket", "Upgrade:", HandshakeError.UpgradeNotConfirmed },
        { "Upgrade: websocket", "Upgrade: h2c", HandshakeError.UpgradeNotConfirmed },
        { "Upgrade: websocket", "Upgrade: websocket, h2c", HandshakeError.UpgradeNotConfirmed },
        { "Upgrade: websocket", "Upgrade: websocket,", HandshakeError.UpgradeNotConfirmed },
        { "Upgrade: websocket", "Upgrade: websocket/13", HandshakeError.UpgradeNotConfirmed },
        { "Upgrade: websocket", "Upgrade: websocket\r\nUpgrade: websocket", HandshakeError.UpgradeNotConfirmed },
        { "Connection: Upgrade\r\n", "", HandshakeError.ConnectionNotConfirmed },
        { "Connection: Upgrade", "Connection: close", HandshakeError.ConnectionNotConfirmed },
        { "Connection: Upgrade", "Connection: Upgrade \"\"", HandshakeError.ConnectionNotConfirmed },
        { "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "", HandshakeError.MissingAccept },
        { "xOo=\r\n", "xOo=\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", HandshakeError.DuplicateAccept },
        { "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "", HandshakeError.WrongAccept },
        { "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", HandshakeError.WrongAccept },
        { "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo", HandshakeError.WrongAccept },
        { "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "dGhlIHNhbXBsZSBub25jZQ==", HandshakeError.WrongAccept },
        { "chat\r\n", "chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n", HandshakeError.UnexpectedExtension },
        { "chat\r\n", "chat\r\nSec-WebSocket-Extensions:\r\n", HandshakeError.InvalidExtensions },
        { "chat\r\n", "chat\r\nSec-WebSocket-Extensions: x-double\r\n", HandshakeError.None },
        { "chat\r\n", "chat\r\nSec-WebSocket-Extensions: x-double; x\r\n", HandshakeError.UnacceptableExtension },
        { "chat\r\n", "chat\r\nSec-WebSocket-Protocol: chat\r\n", HandshakeError.DuplicateSubprotocol },
        { "chat\r\n", "\r\n", HandshakeError.UnexpectedSubprotocol },
        { "chat\r\n", "Chat\r\n", HandshakeError.UnexpectedSubprotocol },
        { "chat\r\n", "other\r\n", HandshakeError.UnexpectedSubprotocol },
        { "chat\r\n", "chat, superchat\r\n", HandshakeError.UnexpectedSubprotocol },

        { "Upgrade: websocket", "upgrade:\tWebSocket", HandshakeError.None },
        { "Connection: Upgrade", "Connection: keep-alive\r\nConnection: , uPGRADE", HandshakeError.None },
        { "Sec-WebSocket-Protocol: chat\r\n", "", HandshakeError.None },
        { "chat\r\n", "superchat\r\nSet-Cookie: \u00E9\r\n", HandshakeError.None },
        { "101 Switching Protocols", "101 ", HandshakeError.None },
        { "\r\n\r\n", "\r\n\r\n\u0081\u0001a\r\n\r\n", HandshakeError.None },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Response_is_judged_the_same_however_it_is_cut(string found, string replacement, HandshakeError expected) =>
        HeadFeed.Judge(WebSocketRole.Client, HeadFeed.Replace(HeadFeed.Response, found, replacement)).Should().Be(expected);

    [Fact]
    public void Every_rule_for_responses_has_a_row()
    {
        var rules = Enum.GetValues<HandshakeError>().Where(error => error is < HandshakeError.TimedOut or >= HandshakeError.MalformedStatusLine);
        rules.Except(Rows.Select(row => (HandshakeError)row[2])).Should().BeEmpty();
    }

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: chat\r\n", "chat")]
    [InlineData("Sec-WebSocket-Protocol: superchat\r\n", "superchat")]
    [InlineData("", null)]
    public void Subprotocol_is_the_one_that_the_server_chose(string line, string? expected)
    {
        var response = HeadFeed.ReadResponse(HeadFeed.Replace(HeadFeed.Response, "Sec-WebSocket-Protocol: chat\r\n", line));
        HeadFeed.Client("chat", "superchat").Check(response, out string? subprotocol, out _).Should().Be(HandshakeError.None);
        subprotocol.Should().Be(expected);
    }

    [Fact]
    public void A_subprotocol_is_unexpected_where_none_was_offered()
    {
        HeadFeed.Client().Check(HeadFeed.ReadResponse(HeadFeed.Response), out string? subprotocol, out _).Should().Be(HandshakeError.UnexpectedSubprotocol);
        subprotocol.Should().BeNull();
    }

    [Fact]
    public void Request_is_written()
    {
        var handshake = new ClientHandshake(
            new Uri("ws://server.example.com/chat"), "dGhlIHNhbXBsZSBub25jZQ==", ["chat", "superchat"], "http://example.com", [new("Authorization", "Bearer x")]);
        Text(handshake).Should().Be(
            "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Protocol: chat, superchat\r\nOrigin: http://example.com\r\nAuthorization: Bearer x\r\n\r\n");
        HeadFeed.Judge(WebSocketRole.Server, Text(handshake)).Should().Be(HandshakeError.None);
    }

    [Theory]
    [InlineData("ws://example.org", "GET / HTTP/1.1\r\nHost: example.org\r\n")]
    [InlineData("ws://example.org?a=b", "GET /?a=b HTTP/1.1\r\nHost: example.org\r\n")]
    [InlineData("ws://example.org:80/", "GET / HTTP/1.1\r\nHost: example.org\r\n")]
    [InlineData("wss://example.org:443/a?b", "GET /a?b HTTP/1.1\r\nHost: example.org\r\n")]
    [InlineData("WSS://EXAMPLE.org:80/", "GET / HTTP/1.1\r\nHost: example.org:80\r\n")]
    [InlineData("ws://example.org:443/", "GET / HTTP/1.1\r\nHost: example.org:443\r\n")]
    [InlineData("ws://127.0.0.1:8080/", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")]
    [InlineData("ws://[2001:DB8::1]:8080/x", "GET /x HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n")]
    [InlineData("ws://[fe80::1%25eth0]/", "GET / HTTP/1.1\r\nHost: [fe80::1]\r\n")]
    [InlineData("ws://b\u00FCcher.example/\u00E9 ?\u00E9", "GET /%C3%A9%20?%C3%A9 HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n")]
    [InlineData("ws://example.org/a%0D%0AX:%201", "GET /a%0D%0AX:%201 HTTP/1.1\r\nHost: example.org\r\n")]
    public void Target_and_host_follow_from_the_uri(string uri, string start)
    {
        string text = Text(new ClientHandshake(new Uri(uri)));
        text.Should().StartWith(start);
        HeadFeed.Judge(WebSocketRole.Server, text, everyCut: false).Should().Be(HandshakeError.None);
    }

    [Fact]
    public void Every_attempt_has_its_own_key()
    {
        var uri = new Uri("ws://example.org/");
        var first = new ClientHandshake(uri, ["a"]);
        first.Key.Should().NotBe(new ClientHandshake(uri).Key);
        AcceptKey.IsValid(first.Key).Should().BeTrue();
        first.Uri.Should().BeSameAs(uri);
        first.Subprotocols.Should().Equal("a");
    }

    [Theory]
    [InlineData("http://example.org/", "*ws or wss*")]
    [InlineData("https://example.org/", "*ws or wss*")]
    [InlineData("file:///a", "*ws or wss*")]
    [InlineData("ws://example.org/#a", "*fragment*")]
    [InlineData("ws://example.org/#", "*fragment*")]
    [InlineData("ws://user:password@example.org/", "*Authorization*")]
    [InlineData("ws://user@example.org/", "*Authorization*")]
    [InlineData("/chat", "*absolute*")]
    public void Uris_that_are_no_WebSocket_uris_are_refused(string uri, string message)
    {
        var create = () => new ClientHandshake(new Uri(uri, uri[0] == '/' ? UriKind.Relative : UriKind.Absolute));
        create.Should().Throw<ArgumentException>().WithMessage(message).WithParameterName(nameof(uri));
    }

    [Theory]
    [InlineData("ws://example.org/a\r\nInjected: 1")]
    [InlineData("ws://example.org/a b")]
    [InlineData("ws://example.org/?\0")]
    [InlineData("ws://example.org/\u010D\u010A")]
    public void A_uri_that_escapes_nothing_injects_nothing(string text)
    {
        var uri = new Uri(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        ((Action)(() => _ = new ClientHandshake(uri))).Should().Throw<ArgumentException>();
    }

    [Theory]
    [MemberData(nameof(ServerHandshakeTests.BadHeaders), MemberType = typeof(ServerHandshakeTests))]
    [InlineData("Host", "evil.example")]
    [InlineData("origin", "https://evil.example")]
    [InlineData("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    public void Headers_that_would_break_the_request_are_refused(string name, string value)
    {
        var create = () => new ClientHandshake(new Uri("ws://example.org/"), headers: [new(name, value)]);
        create.Should().Throw<ArgumentException>().WithParameterName("headers").Which.Message.Should().NotContainAny("\r", "\n", "\0");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a,b")]
    [InlineData("a\r\nInjected: 1")]
    [InlineData("a|a")]
    public void Subprotocols_are_unique_tokens(string subprotocols)
    {
        var create = () => new ClientHandshake(new Uri("ws://example.org/"), subprotocols.Split('|'));
        create.Should().Throw<ArgumentException>().WithParameterName(nameof(subprotocols));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example.org")]
    [InlineData("https://example.org/")]
    [InlineData("https://example.org\r\nInjected: 1")]
    public void Origin_is_an_origin(string origin)
    {
        var create = () => new ClientHandshake(new Uri("ws://example.org/"), origin: origin);
        create.Should().Throw<ArgumentException>().WithParameterName(nameof(origin));
    }

    private static string Text(ClientHandshake handshake)
    {
        var output = new ArrayBufferWriter<byte>();
        handshake.WriteRequest(output);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }
}
