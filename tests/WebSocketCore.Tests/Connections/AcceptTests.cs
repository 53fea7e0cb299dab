using System.Text;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A server's opening handshake over a transport, against literal requests.</summary>
public class AcceptTests
{
    private const string Accepted =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    private readonly FakeTimeProvider _time = new();

    public static TheoryData<HandshakeError, string, string> Refusals => new()
    {
        { HandshakeError.UnsupportedHttpVersion, "GET /chat HTTP/1.1", "GET /chat HTTP/1.0" },
        { HandshakeError.MethodNotAllowed, "GET /chat", "POST /chat" },
        { HandshakeError.MalformedRequestLine, "GET /chat HTTP/1.1", "GET" },
        { HandshakeError.InvalidTarget, "/chat", "chat" },
        { HandshakeError.InvalidHeaderName, "Origin:", "Origin :" },
        { HandshakeError.InvalidHeaderValue, "http://example.com", "http://exa\0mple.com" },
        { HandshakeError.ObsoleteLineFolding, "Origin: http", "Origin:\r\n http" },
        { HandshakeError.BareLineFeed, "Upgrade: websocket\r\n", "Upgrade: websocket\n" },
        { HandshakeError.BareCarriageReturn, "Upgrade: websocket\r\n", "Upgrade: web\rsocket\r\n" },
        { HandshakeError.HeadTooLarge, "Origin: http", "Origin: " + new string('x', 3000) },
        { HandshakeError.TooManyHeaders, "Origin:", string.Concat(Enumerable.Repeat("X: y\r\n", 20)) + "Origin:" },
        { HandshakeError.MissingHost, "Host: server.example.com\r\n", "" },
        { HandshakeError.DuplicateHost, "Host:", "Host: a\r\nHost:" },
        { HandshakeError.InvalidHost, "Host: server", "Host: ser ver" },
        { HandshakeError.RequestHasBody, "Origin:", "Content-Length: 1\r\nOrigin:" },
        { HandshakeError.RequestHasBody, "Origin:", "Transfer-Encoding: chunked\r\nOrigin:" },
        { HandshakeError.NotAnUpgrade, "Upgrade: websocket\r\n", "" },
        { HandshakeError.InvalidUpgrade, "Upgrade: websocket", "Upgrade: @" },
        { HandshakeError.MissingConnectionUpgrade, "Connection: Upgrade", "Connection: keep-alive" },
        { HandshakeError.InvalidConnection, "Connection: Upgrade", "Connection: @" },
        { HandshakeError.UnsupportedVersion, "Version: 13", "Version: 8" },
        { HandshakeError.MissingKey, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "" },
        { HandshakeError.DuplicateKey, "Sec-WebSocket-Key:", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key:" },
        { HandshakeError.InvalidKey, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==" },
        { HandshakeError.InvalidSubprotocol, "chat, superchat", "chat, chat" },
        { HandshakeError.DuplicateOrigin, "Origin:", "Origin: http://a\r\nOrigin:" },
        { HandshakeError.OriginNotAllowed, "http://example.com", "http://evil.example" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_request_that_breaks_a_rule_is_refused_with_its_status(HandshakeError error, string found, string replacement)
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
        var observed = new ObservedPipe(pipe);
        await peer.SendBytesAsync(HeadFeed.Latin1(HeadFeed.Replace(HeadFeed.Request, found, replacement)));
        var accepting = WebSocketConnection.AcceptAsync(observed, Options()).AsTask();
        var response = Encoding.Latin1.GetString(await peer.ReceiveToEndAsync());
        response.Should().StartWith($"HTTP/1.1 {error.StatusCode()} ").And.Contain("\r\nConnection: close").And.EndWith("\r\n\r\n" + error.Message());
        peer.End();
        var thrown = (await accepting.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        thrown.Error.Should().Be(error);
        thrown.StatusCode.Should().Be(error.StatusCode());
        observed.InputCompleted.Should().BeTrue();
        observed.OutputCompleted.Should().BeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /chat HTTP/1.1\r\nHost: a\r\n")]
    public async Task A_request_that_ends_too_soon_is_refused(string begun)
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
        await peer.SendBytesAsync(HeadFeed.Latin1(begun));
        peer.End();
        var accepting = WebSocketConnection.AcceptAsync(pipe, Options()).AsTask();
        await accepting.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketHandshakeException>();
        Encoding.Latin1.GetString(await peer.ReceiveToEndAsync()).Should().StartWith("HTTP/1.1 400 Bad Request\r\n");
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_refused_with_408_and_a_client_that_lingers_is_cut_off()
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
        var observed = new ObservedPipe(pipe);
        var accepting = WebSocketConnection.AcceptAsync(observed, Options()).AsTask();
        await peer.SendBytesAsync(HeadFeed.Latin1("GET /chat HTTP/1.1\r\n"));
        _time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromMilliseconds(1));
        accepting.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Encoding.Latin1.GetString(await peer.ReceiveToEndAsync()).Should().StartWith("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n");
        await peer.SendBytesAsync(new byte[100_000]);
        accepting.IsCompleted.Should().BeFalse("the client may still be reading");
        _time.Advance(TimeSpan.FromSeconds(5));
        (await accepting.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketHandshakeException>()).Which.Error.Should().Be(HandshakeError.TimedOut);
        observed.InputCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task Giving_up_gives_up_the_transport()
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
        var observed = new ObservedPipe(pipe);
        using var cancel = new CancellationTokenSource();
        var accepting = WebSocketConnection.AcceptAsync(observed, Options(), cancel.Token).AsTask();
        await peer.SendBytesAsync(HeadFeed.Latin1("GET"));
        cancel.Cancel();
        await accepting.Awaiting(task => task.Within()).Should().ThrowAsync<OperationCanceledException>();
        observed.InputCompleted.Should().BeTrue();
        observed.OutputCompleted.Should().BeTrue();
        await peer.Awaiting(p => p.ReceiveToEndAsync()).Should().ThrowAsync<OperationCanceledException>("nothing was answered");
    }

    [Fact]
    public async Task An_answer_that_cannot_leave_is_given_up()
    {
        foreach (var isCancelled in new[] { true, false })
        {
            var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server, toPeer: RawPeer.Tiny);
            var observed = new ObservedPipe(pipe);
            using var cancel = new CancellationTokenSource();
            await peer.SendBytesAsync(HeadFeed.Latin1(HeadFeed.Request));
            var accepting = WebSocketConnection.AcceptAsync(observed, Options(), cancel.Token).AsTask();
            accepting.IsCompleted.Should().BeFalse();
            if (isCancelled) cancel.Cancel();
            else _time.Advance(TimeSpan.FromSeconds(10));
            var ended = accepting.Awaiting(task => task.Within()).Should();
            if (isCancelled) await ended.ThrowAsync<OperationCanceledException>();
            else (await ended.ThrowAsync<WebSocketHandshakeException>()).Which.Error.Should().Be(HandshakeError.TimedOut);
            observed.InputCompleted.Should().BeTrue();
            observed.OutputCompleted.Should().BeTrue();
        }
    }

    [Fact]
    public async Task A_request_is_accepted_wherever_it_is_cut_and_frames_behind_it_are_received()
    {
        byte[] wire = [.. HeadFeed.Latin1(HeadFeed.Request), .. Wire.Mask(Wire.Hex("81 01 78" + "89 01 70"))];
        for (var cut = 0; cut <= wire.Length; cut++)
        {
            var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
            var accepting = WebSocketConnection.AcceptAsync(pipe, Options()).AsTask();
            await peer.SendBytesAsync(wire.AsMemory(0, cut));
            await peer.SendBytesAsync(wire.AsMemory(cut));
            var connection = await accepting.Within();
            (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("x");
            Encoding.Latin1.GetString(await peer.ReadExactlyAsync(Accepted.Length).Within()).Should().Be(Accepted);
            var receiving = connection.ReceiveAsync().AsTask();
            (await peer.ReceiveAsync()).Should().Be("8a01 70");
            peer.End();
            (await receiving.Within()).Should().BeNull();
        }
    }

    [Fact]
    public async Task A_byte_at_a_time_is_the_same_request()
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
        var accepting = WebSocketConnection.AcceptAsync(pipe, Options()).AsTask();
        foreach (var b in HeadFeed.Latin1(HeadFeed.Request)) await peer.SendBytesAsync(new[] { b });
        var connection = await accepting.Within();
        connection.Request!.Path.Should().Be("/chat");
        connection.Request.Origin.Should().Be("http://example.com");
        connection.Response.Should().BeNull();
        connection.Subprotocol.Should().BeNull("the server speaks none of them");
        connection.Role.Should().Be(WebSocketRole.Server);
    }

    [Fact]
    public async Task A_transport_that_fails_at_any_step_is_given_up()
    {
        for (var step = 1; step <= 3; step++)
        {
            foreach (var reads in new[] { true, false })
            {
                var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
                var observed = new ObservedPipe(pipe) { OutputCompletionError = new IOException("complete"), InputCompletionError = new IOException("complete") };
                if (reads) observed.FailRead = number => number == step ? new IOException("read") : null;
                else observed.FailFlush = number => number == step ? new IOException("flush") : null;
                await peer.SendBytesAsync(HeadFeed.Latin1("GET / HTTP/1.1\r\n\r\n"));
                peer.End();
                var accepting = WebSocketConnection.AcceptAsync(observed, Options()).AsTask();
                await accepting.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketHandshakeException>();
                observed.InputCompleted.Should().BeTrue();
                observed.OutputCompleted.Should().BeTrue();
            }
        }
    }

    private WebSocketServerOptions Options() => new()
    {
        TimeProvider = _time,
        MaxHandshakeBytes = HeadFeed.MaxHeadBytes,
        MaxHandshakeHeaders = HeadFeed.MaxHeaders,
        Origins = OriginPolicy.AllowList("http://example.com"),
    };
}
