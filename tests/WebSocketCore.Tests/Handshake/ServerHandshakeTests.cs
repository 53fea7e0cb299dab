using System.Buffers;
using System.Text;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class ServerHandshakeTests
{
    /// <summary>A piece of the RFC's request, what stands there instead, and the rule that this breaks.</summary>
    public static readonly TheoryData<string, string, HandshakeError> Rows = new()
    {
        // The request line.
        { "GET /chat HTTP/1.1", "", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET /chat", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", " /chat HTTP/1.1", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "G\u00C9T /chat HTTP/1.1", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET /chat http/1.1", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET /chat HTTP/1.1 ", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET /chat HTTP/11", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET /chat HTTP/1.10", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET\t/chat\tHTTP/1.1", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "\0\u0001\u0002", HandshakeError.MalformedRequestLine },
        { "GET /chat HTTP/1.1", "GET /chat HTTP/1.0", HandshakeError.UnsupportedHttpVersion },
        { "GET /chat HTTP/1.1", "GET /chat HTTP/0.9", HandshakeError.UnsupportedHttpVersion },
        { "GET /chat HTTP/1.1", "GET /chat HTTP/1.2", HandshakeError.UnsupportedHttpVersion },
        { "GET /chat HTTP/1.1", "PRI * HTTP/2.0", HandshakeError.UnsupportedHttpVersion },
        { "GET /chat HTTP/1.1", "POST /chat HTTP/1.1", HandshakeError.MethodNotAllowed },
        { "GET /chat HTTP/1.1", "get /chat HTTP/1.1", HandshakeError.MethodNotAllowed },
        { "GET /chat HTTP/1.1", "CONNECT server.example.com:80 HTTP/1.1", HandshakeError.MethodNotAllowed },
        { "GET /chat HTTP/1.1", "GET  HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET  /chat HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET /chat  HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET /ch at HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET * HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET chat HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET /chat#a HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET /\u00E9 HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET /\0 HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET ftp://server.example.com/ HTTP/1.1", HandshakeError.InvalidTarget },
        { "GET /chat HTTP/1.1", "GET ws://u@server.example.com/ HTTP/1.1", HandshakeError.InvalidTarget },

        // Lines.
        { "HTTP/1.1\r\n", "HTTP/1.1\n", HandshakeError.BareLineFeed },
        { "websocket\r\n", "websocket\n", HandshakeError.BareLineFeed },
        { "13\r\n\r\n", "13\r\n\n", HandshakeError.BareLineFeed },
        { "websocket\r\n", "web\rsocket\r\n", HandshakeError.BareCarriageReturn },
        { "websocket\r\n", "websocket\r\r\n", HandshakeError.BareCarriageReturn },
        { "GET /chat", "GET /ch\rat", HandshakeError.BareCarriageReturn },
        { "13\r\n\r\n", "13\r\n\r\r\n", HandshakeError.BareCarriageReturn },
        { "Upgrade: websocket", "Upgrade:\r\n websocket", HandshakeError.ObsoleteLineFolding },
        { "Upgrade: websocket", "Upgrade:\r\n\twebsocket", HandshakeError.ObsoleteLineFolding },
        { "Host: server", " Host: server", HandshakeError.ObsoleteLineFolding },
        { "Host: server", "Host : server", HandshakeError.InvalidHeaderName },
        { "Host: server", "Host\t: server", HandshakeError.InvalidHeaderName },
        { "Host: server", ": server", HandshakeError.InvalidHeaderName },
        { "Host: server", "Ho st: server", HandshakeError.InvalidHeaderName },
        { "Host: server", "H\u00F6st: server", HandshakeError.InvalidHeaderName },
        { "Host: server", "Ho\0st: server", HandshakeError.InvalidHeaderName },
        { "Host: server", "(Host): server", HandshakeError.InvalidHeaderName },
        { "Upgrade: websocket", "Upgrade", HandshakeError.InvalidHeaderName },
        { "Origin: http", "X: a\0b\r\nOrigin: http", HandshakeError.InvalidHeaderValue },
        { "Origin: http", "X: a\u0001\r\nOrigin: http", HandshakeError.InvalidHeaderValue },
        { "Origin: http", "X: \u007F\r\nOrigin: http", HandshakeError.InvalidHeaderValue },
        { "Origin: http", "X: " + new string('x', HeadFeed.MaxHeadBytes) + "\r\nOrigin: http", HandshakeError.HeadTooLarge },
        { "Origin: http", string.Concat(Enumerable.Repeat("X: x\r\n", HeadFeed.MaxHeaders)) + "Origin: http", HandshakeError.TooManyHeaders },
        { "13\r\n\r\n", "13\r\n", HandshakeError.TruncatedHead },
        { "13\r\n\r\n", "13\r\n\r", HandshakeError.TruncatedHead },
        { HeadFeed.Request, "", HandshakeError.TruncatedHead },
        { HeadFeed.Request, "GET /ch", HandshakeError.TruncatedHead },

        // Host and body.
        { "Host: server.example.com\r\n", "", HandshakeError.MissingHost },
        { "Host: server.example.com\r\n", "Host: server.example.com\r\nhost: server.example.com\r\n", HandshakeError.DuplicateHost },
        { "server.example.com", "", HandshakeError.InvalidHost },
        { "server.example.com", "u@server.example.com", HandshakeError.InvalidHost },
        { "server.example.com", "server.example.com:99999", HandshakeError.InvalidHost },
        { "server.example.com", "server.example.com/", HandshakeError.InvalidHost },
        { "Origin: http", "Content-Length: 1\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "Content-Length: -1\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "Content-Length: x\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "Content-Length:\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "Content-Length: 0, 5\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "Content-Length: 0\r\nContent-length: 5\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "Content-Length: 18446744073709551616\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "Transfer-Encoding: chunked\r\nOrigin: http", HandshakeError.RequestHasBody },
        { "Origin: http", "transfer-encoding: identity\r\nOrigin: http", HandshakeError.RequestHasBody },

        // The upgrade.
        { "Upgrade: websocket\r\n", "", HandshakeError.NotAnUpgrade },
        { "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Connection: keep-alive\r\n", HandshakeError.NotAnUpgrade },
        { "Upgrade: websocket", "Upgrade: h2c", HandshakeError.NotAnUpgrade },
        { "Upgrade: websocket", "Upgrade:", HandshakeError.NotAnUpgrade },
        { "Upgrade: websocket", "Upgrade: websockets", HandshakeError.NotAnUpgrade },
        { "Upgrade: websocket", "Upgrade: websocket/13", HandshakeError.NotAnUpgrade },
        { "Upgrade: websocket", "Upgrade: \"websocket\"", HandshakeError.InvalidUpgrade },
        { "Upgrade: websocket", "Upgrade: websocket; a", HandshakeError.InvalidUpgrade },
        { "Connection: Upgrade\r\n", "", HandshakeError.MissingConnectionUpgrade },
        { "Connection: Upgrade", "Connection: keep-alive", HandshakeError.MissingConnectionUpgrade },
        { "Connection: Upgrade", "Connection: keep-alive Upgrade", HandshakeError.InvalidConnection },
        { "Connection: Upgrade", "Connection: " + new string(',', 40) + "Upgrade", HandshakeError.InvalidConnection },
        { "Sec-WebSocket-Version: 13\r\n", "", HandshakeError.UnsupportedVersion },
        { "Version: 13", "Version: 8", HandshakeError.UnsupportedVersion },
        { "Version: 13", "Version: 14", HandshakeError.UnsupportedVersion },
        { "Version: 13", "Version: 013", HandshakeError.UnsupportedVersion },
        { "Version: 13", "Version: 13, 8", HandshakeError.UnsupportedVersion },
        { "Version: 13", "Version:", HandshakeError.UnsupportedVersion },
        { "Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", HandshakeError.UnsupportedVersion },
        { "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", HandshakeError.MissingKey },
        { "jZQ==\r\n", "jZQ==\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n", HandshakeError.DuplicateKey },
        { "dGhlIHNhbXBsZSBub25jZQ==", "", HandshakeError.InvalidKey },
        { "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR==", HandshakeError.InvalidKey },
        { "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", HandshakeError.InvalidKey },
        { "chat, superchat", "", HandshakeError.InvalidSubprotocol },
        { "chat, superchat", "chat, chat", HandshakeError.InvalidSubprotocol },
        { "chat, superchat", "chat,", HandshakeError.InvalidSubprotocol },
        { "chat, superchat", "chat\r\nSec-WebSocket-Protocol: chat", HandshakeError.InvalidSubprotocol },
        { "chat, superchat", "ch at", HandshakeError.InvalidSubprotocol },
        { "Origin: http", "Sec-WebSocket-Extensions:\r\nOrigin: http", HandshakeError.InvalidExtensions },
        { "Origin: http", "Sec-WebSocket-Extensions: ;;;\r\nOrigin: http", HandshakeError.InvalidExtensions },
        { "Origin: http", "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: a b\r\nOrigin: http", HandshakeError.InvalidExtensions },
        { "Origin: http", "Sec-WebSocket-Extensions: a; b=\"c d\"\r\nOrigin: http", HandshakeError.InvalidExtensions },

        // The origin.
        { "Origin: http://example.com\r\n", "Origin: http://example.com\r\nOrigin: http://example.com\r\n", HandshakeError.DuplicateOrigin },
        { "http://example.com", "http://evil.example", HandshakeError.OriginNotAllowed },
        { "http://example.com", "", HandshakeError.OriginNotAllowed },
        { "http://example.com", "null", HandshakeError.OriginNotAllowed },

        // What is unusual and right.
        { "Upgrade: websocket", "uPGRADE:WebSocket\t", HandshakeError.None },
        { "Upgrade: websocket", "Upgrade: h2c, irc/6.9\r\nUpgrade: , WEBSOCKET", HandshakeError.None },
        { "Connection: Upgrade", "Connection: keep-alive\r\nconnection: x, uPgRaDe", HandshakeError.None },
        { "chat, superchat", "chat\r\nsec-websocket-protocol: superchat", HandshakeError.None },
        { "Sec-WebSocket-Protocol: chat, superchat\r\n", "", HandshakeError.None },
        { "Origin: http://example.com\r\n", "", HandshakeError.None },
        { "Origin: http", "Content-Length: 0\r\nOrigin: http", HandshakeError.None },
        { "Origin: http", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame; a=\"1\\2\"\r\nOrigin: http", HandshakeError.None },
        { "Origin: http", "X: \u00E9\u0080\t\u00FF\r\nY:\r\nOrigin: http", HandshakeError.None },
        { "GET /chat", "GET ws://other.example:81/chat?x", HandshakeError.None },
        { "GET /chat", "GET /chat?%00=\"{}\"", HandshakeError.None },
        { "server.example.com", "[2001:db8::1]:8080", HandshakeError.None },
        { "\r\n\r\n", "\r\n\r\n\u0081\u0080\r\n\r\n", HandshakeError.None },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Request_is_judged_the_same_however_it_is_cut(string found, string replacement, HandshakeError expected) =>
        HeadFeed.Judge(WebSocketRole.Server, HeadFeed.Replace(HeadFeed.Request, found, replacement)).Should().Be(expected);

    [Fact]
    public void Request_of_the_RFC_passes() => HeadFeed.Judge(WebSocketRole.Server, HeadFeed.Request).Should().Be(HandshakeError.None);

    [Fact]
    public void Every_rule_for_requests_has_a_row()
    {
        var rules = Enum.GetValues<HandshakeError>().Where(error => error < HandshakeError.MalformedStatusLine);
        var covered = Rows.Select(row => (HandshakeError)row[2]).Concat([HandshakeError.TimedOut, HandshakeError.RefusedByApplication]);
        rules.Except(covered).Should().BeEmpty();
    }

    [Fact]
    public void A_plain_request_is_no_upgrade_only_if_its_HTTP_is_sound()
    {
        HeadFeed.Judge(WebSocketRole.Server, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n").Should().Be(HandshakeError.NotAnUpgrade);
        HeadFeed.Judge(WebSocketRole.Server, "GET /health HTTP/1.1\r\n\r\n").Should().Be(HandshakeError.MissingHost);
        HeadFeed.Judge(WebSocketRole.Server, "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").Should().Be(HandshakeError.RequestHasBody);
    }

    [Fact]
    public void Thousands_of_subprotocols_are_judged_in_linear_work()
    {
        string many = string.Join(',', Enumerable.Range(0, 20_000));
        var request = Request(("Sec-WebSocket-Protocol", many));
        request.Subprotocols.Should().HaveCount(20_000);
        Request(("Sec-WebSocket-Protocol", many + ",0")).Subprotocols.Should().BeEmpty();
    }

    [Theory]
    [InlineData("chat,superchat", "superchat,chat", "superchat")]
    [InlineData("chat,superchat", "x,chat", "chat")]
    [InlineData("chat", "Chat", null)]
    [InlineData("chat", "", null)]
    [InlineData(null, "chat", null)]
    [InlineData("chat,chat", "chat", null)]
    public void Subprotocol_follows_the_preference_of_the_server(string? offered, string supported, string? expected)
    {
        var request = offered is null ? Request() : Request(("Sec-WebSocket-Protocol", offered));
        ServerHandshake.SelectSubprotocol(request, supported.Split(',', StringSplitOptions.RemoveEmptyEntries)).Should().Be(expected);
    }

    [Fact]
    public void Accept_is_the_response_of_the_RFC()
    {
        var output = new ArrayBufferWriter<byte>();
        ServerHandshake.WriteAccept(output, HeadFeed.ReadRequest(HeadFeed.Request), "chat");
        Text(output).Should().Be(HeadFeed.Response);
        HeadFeed.Judge(WebSocketRole.Client, Text(output)).Should().Be(HandshakeError.None);
    }

    [Fact]
    public void Accept_carries_the_headers_of_the_application()
    {
        var output = new ArrayBufferWriter<byte>();
        ServerHandshake.WriteAccept(output, HeadFeed.ReadRequest(HeadFeed.Request), null, Headers(("Set-Cookie", "a=1"), ("set-cookie", "b=\u00E92")));
        Text(output).Should().Be(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: a=1\r\nset-cookie: b=\u00E92\r\n\r\n");
    }

    public static readonly TheoryData<string, string> BadHeaders = new()
    {
        { "X", "a\r\nInjected: 1" },
        { "X", "a\r\n\r\n\u0081\u0001a" },
        { "X", "a\r" },
        { "X", "a\n" },
        { "X", "a\0" },
        { "X", "a\u0001" },
        { "X", "a\u007F" },
        { "X", "\u010D\u010A" }, // would be CR LF if narrowed to bytes
        { "X\r\nInjected", "1" },
        { "X:", "1" },
        { "X ", "1" },
        { "", "1" },
        { "\u00E9", "1" },
        { "Upgrade", "h2c" },
        { "CONNECTION", "close" },
        { "sec-websocket-accept", "x" },
        { "Sec-WebSocket-Protocol", "chat" },
        { "Sec-WebSocket-Extensions", "permessage-deflate" },
        { "Sec-WebSocket-Version", "13" },
        { "Content-Length", "5" },
        { "Transfer-encoding", "chunked" },
    };

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void Headers_that_would_break_the_response_are_refused(string name, string value)
    {
        var output = new ArrayBufferWriter<byte>();
        var request = HeadFeed.ReadRequest(HeadFeed.Request);
        var writes = new Action[]
        {
            () => ServerHandshake.WriteAccept(output, request, null, Headers(("A", "a"), (name, value))),
            () => ServerHandshake.WriteRefusal(output, 403, "no", Headers((name, value))),
            () => ServerHandshake.WriteResponse(output, 200, "text/plain", "x"u8, Headers((name, value))),
        };
        foreach (var write in writes) write.Should().Throw<ArgumentException>().Which.Message.Should().NotContainAny("\r", "\n", "\0");
        output.WrittenCount.Should().Be(0, "nothing is written before all is judged");
    }

    [Theory]
    [InlineData("other")]
    [InlineData("Chat")]
    [InlineData("")]
    [InlineData("chat\r\nInjected: 1")]
    public void A_subprotocol_that_was_not_offered_is_a_mistake(string subprotocol)
    {
        var output = new ArrayBufferWriter<byte>();
        var write = () => ServerHandshake.WriteAccept(output, HeadFeed.ReadRequest(HeadFeed.Request), subprotocol);
        write.Should().Throw<ArgumentException>().WithParameterName(nameof(subprotocol));
        output.WrittenCount.Should().Be(0);
    }

    [Fact]
    public void A_request_that_was_not_judged_cannot_be_accepted()
    {
        var output = new ArrayBufferWriter<byte>();
        ((Action)(() => ServerHandshake.WriteAccept(output, Request()))).Should().Throw<ArgumentException>();
        output.WrittenCount.Should().Be(0);
    }

    [Theory]
    [InlineData(HandshakeError.InvalidKey, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")]
    [InlineData(HandshakeError.OriginNotAllowed, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n")]
    [InlineData(HandshakeError.MethodNotAllowed, "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n")]
    [InlineData(HandshakeError.TimedOut, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n")]
    [InlineData(
        HandshakeError.UnsupportedVersion,
        "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")]
    [InlineData(HandshakeError.HeadTooLarge, "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n")]
    [InlineData(HandshakeError.UnsupportedHttpVersion, "HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\n")]
    public void Refusal_says_what_its_status_demands(HandshakeError error, string head)
    {
        var output = new ArrayBufferWriter<byte>();
        ServerHandshake.WriteRefusal(output, error);
        Text(output).Should().Be($"{head}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {error.Message().Length}\r\n\r\n{error.Message()}");
    }

    [Fact]
    public void Every_refusal_is_a_response_that_the_client_reads()
    {
        foreach (var error in Enum.GetValues<HandshakeError>().Where(error => error is > HandshakeError.None and < HandshakeError.MalformedStatusLine))
        {
            var output = new ArrayBufferWriter<byte>();
            ServerHandshake.WriteRefusal(output, error);
            HeadFeed.ReadResponse(Text(output)).StatusCode.Should().Be(error.StatusCode());
            HeadFeed.Judge(WebSocketRole.Client, Text(output), everyCut: false).Should().Be(HandshakeError.UnexpectedStatus);
        }
    }

    [Fact]
    public void Refusal_counts_bytes_and_carries_headers()
    {
        var output = new ArrayBufferWriter<byte>();
        ServerHandshake.WriteRefusal(output, 401, "n\u00F6", Headers(("WWW-Authenticate", "Basic realm=\"a\"")));
        Encoding.UTF8.GetString(output.WrittenSpan).Should().Be(
            "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n" +
            "WWW-Authenticate: Basic realm=\"a\"\r\n\r\nn\u00F6");
    }

    [Theory]
    [InlineData(200, "ok", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData(404, "", "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")]
    [InlineData(299, "", "HTTP/1.1 299 \r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")]
    [InlineData(204, "", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")]
    [InlineData(304, "", "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")]
    public void Response_to_plain_HTTP_is_complete(int status, string body, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        ServerHandshake.WriteResponse(output, status, "text/html", Encoding.UTF8.GetBytes(body));
        Text(output).Should().Be(expected);
    }

    [Fact]
    public void Responses_that_HTTP_does_not_know_are_mistakes()
    {
        var output = new ArrayBufferWriter<byte>();
        var writes = new Action[]
        {
            () => ServerHandshake.WriteResponse(output, 101, "text/plain", []),
            () => ServerHandshake.WriteResponse(output, 600, "text/plain", []),
            () => ServerHandshake.WriteResponse(output, 204, "text/plain", "x"u8),
            () => ServerHandshake.WriteResponse(output, 200, "text/plain\r\nInjected: 1", []),
            () => ServerHandshake.WriteResponse(output, 200, "text/plain", [], Headers(("Content-Type", "text/html"))),
            () => ServerHandshake.WriteResponse(output, 405, "text/plain", [], Headers(("allow", "POST"))),
            () => ServerHandshake.WriteRefusal(output, 200),
            () => ServerHandshake.WriteRefusal(output, HandshakeError.None),
            () => ServerHandshake.WriteRefusal(output, HandshakeError.WrongAccept),
        };
        foreach (var write in writes) write.Should().Throw<ArgumentException>();
        output.WrittenCount.Should().Be(0);
    }

    private static HandshakeRequest Request(params (string Name, string Value)[] headers) => new("/", new HandshakeHeaders(Headers(headers)));

    private static KeyValuePair<string, string>[] Headers(params (string Name, string Value)[] headers) =>
        [.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))];

    private static string Text(ArrayBufferWriter<byte> output) => Encoding.Latin1.GetString(output.WrittenSpan);
}
