using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A client's opening handshake over a transport: against our server, and against literal responses.</summary>
public partial class ConnectTests
{
    private static readonly Uri Address = new("ws://server.example.com/chat?room=1");
    private readonly FakeTimeProvider _time = new();
    private ObservedPipe? _observed;

    [Fact]
    public async Task Both_ends_agree()
    {
        var pair = new DuplexPair();
        var accepting = WebSocketConnection.AcceptAsync(
            pair.Server, new WebSocketServerOptions { Subprotocols = ["b", "a"], Origins = OriginPolicy.AllowList("https://example.org") }).AsTask();
        await using var client = await WebSocketConnection.ConnectAsync(pair.Client, Address, new WebSocketClientOptions
        {
            Subprotocols = ["a", "b"],
            Origin = "https://example.org",
            Headers = [new("Authorization", "Bearer x"), new("Cookie", "id=1; theme=dark")],
        }).AsTask().Within();
        var server = await accepting.Within();
        (client.Subprotocol, server.Subprotocol).Should().Be(("b", "b"));
        (client.Role, server.Role).Should().Be((WebSocketRole.Client, WebSocketRole.Server));
        server.Request!.Path.Should().Be("/chat");
        server.Request.Query.Should().Be("room=1");
        server.Request.Host.Should().Be("server.example.com");
        server.Request.Headers.TryGetValue("Authorization", out var authorization).Should().BeTrue();
        authorization.Should().Be("Bearer x");
        server.Request.TryGetCookie("theme", out var theme).Should().BeTrue();
        theme.Should().Be("dark");
        client.Response!.StatusCode.Should().Be(101);
        client.Request.Should().BeNull();

        await client.SendTextAsync("hello").Within();
        (await server.ReceiveAsync().Within())!.Value.GetText().Should().Be("hello");
        var closing = client.CloseAsync().AsTask();
        (await server.ReceiveAsync().Within()).Should().BeNull();
        await closing.Within();
    }

    [Fact]
    public async Task The_response_may_be_cut_anywhere_and_frames_behind_it_are_received()
    {
        for (var cut = 0; cut < 170; cut++)
        {
            var (connecting, peer, accept) = await BeginAsync();
            var wire = Encoding.Latin1.GetBytes(accept()).Concat(Wire.Hex("81 01 78" + "89 01 70")).ToArray();
            await peer.SendBytesAsync(wire.AsMemory(0, Math.Min(cut, wire.Length)));
            await peer.SendBytesAsync(wire.AsMemory(Math.Min(cut, wire.Length)));
            var connection = await connecting.Within();
            (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("x");
            _ = connection.ReceiveAsync().AsTask();
            (await peer.ReceiveAsync()).Should().Be("8a01 70");
        }
    }

    [Theory]
    [InlineData(HandshakeError.WrongAccept, "Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x")]
    [InlineData(HandshakeError.MissingAccept, "Sec-WebSocket-Accept", "X")]
    [InlineData(HandshakeError.UpgradeNotConfirmed, "Upgrade: websocket", "Upgrade: h2c")]
    [InlineData(HandshakeError.ConnectionNotConfirmed, "Connection: Upgrade", "Connection: close")]
    [InlineData(HandshakeError.UnexpectedSubprotocol, "Upgrade: websocket", "Upgrade: websocket\r\nSec-WebSocket-Protocol: superchat")]
    [InlineData(HandshakeError.UnexpectedExtension, "Upgrade: websocket", "Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate")]
    [InlineData(HandshakeError.MalformedStatusLine, "HTTP/1.1 101", "101")]
    [InlineData(HandshakeError.BareLineFeed, "Upgrade: websocket\r\n", "Upgrade: websocket\n")]
    public async Task A_response_that_breaks_a_rule_fails_the_handshake(HandshakeError error, string found, string replacement)
    {
        var (connecting, peer, accept) = await BeginAsync();
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes(accept().Replace(found, replacement, StringComparison.Ordinal)));
        (await ShouldFailAsync(connecting, error)).Body.IsEmpty.Should().BeTrue();
    }

    [Theory]
    [InlineData("HTTP/1.1 101 " + "x")]
    [InlineData("")]
    public async Task A_response_that_ends_too_soon_fails_the_handshake(string begun)
    {
        var (connecting, peer, _) = await BeginAsync();
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes(begun));
        peer.End();
        await ShouldFailAsync(connecting, HandshakeError.TruncatedHead);
    }

    [Fact]
    public async Task A_transport_that_fails_fails_the_handshake_and_is_the_reason()
    {
        var (connecting, peer, _) = await BeginAsync();
        var reset = new IOException("connection reset");
        peer.End(reset);
        (await ShouldFailAsync(connecting, HandshakeError.TruncatedHead)).InnerException.Should().BeSameAs(reset);
    }

    [Fact]
    public async Task An_oversize_head_is_not_read_to_its_end()
    {
        var (connecting, peer, _) = await BeginAsync(new WebSocketClientOptions { TimeProvider = _time, MaxHandshakeBytes = 1000, MaxHandshakeHeaders = 3 });
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes("HTTP/1.1 101 x\r\nX: " + new string('y', 1000)));
        await ShouldFailAsync(connecting, HandshakeError.HeadTooLarge);

        (connecting, peer, _) = await BeginAsync(new WebSocketClientOptions { TimeProvider = _time, MaxHandshakeBytes = 1000, MaxHandshakeHeaders = 3 });
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes("HTTP/1.1 101 x\r\nA: a\r\nB: b\r\nC: c\r\nD: d\r\n"));
        await ShouldFailAsync(connecting, HandshakeError.TooManyHeaders);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n", "gone!and more", false, "gone!")]
    [InlineData("Content-Length: 0\r\n", "", false, "")]
    [InlineData("Content-Length: 50\r\n", "cut", true, "cut")]
    [InlineData("", "until the end", true, "until the end")]
    [InlineData("", "", true, "")]
    public async Task A_refusal_surfaces_with_its_status_headers_and_body(string header, string sent, bool ends, string body)
    {
        var (connecting, peer, _) = await BeginAsync();
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n{header}\r\n{sent}"));
        if (ends) peer.End();
        var refusal = await ShouldFailAsync(connecting, HandshakeError.UnexpectedStatus);
        refusal.StatusCode.Should().Be(401);
        refusal.Headers!.TryGetValue("WWW-Authenticate", out var scheme).Should().BeTrue();
        scheme.Should().Be("Basic");
        Encoding.Latin1.GetString(refusal.Body.Span).Should().Be(body);
    }

    [Fact]
    public async Task Of_a_body_without_end_the_first_bytes_are_kept()
    {
        var (connecting, peer, _) = await BeginAsync();
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes("HTTP/1.1 503 Busy\r\n\r\n" + new string('x', 100_000)));
        (await ShouldFailAsync(connecting, HandshakeError.UnexpectedStatus)).Body.Length.Should().Be(4096);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_does_not_come_is_waited_for_until_the_deadline(bool fails)
    {
        var (connecting, peer, _) = await BeginAsync();
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nbusy"));
        await _observed!.ReadBegun(3).Within();
        connecting.IsCompleted.Should().BeFalse();
        if (fails) peer.End(new IOException("reset"));
        else _time.Advance(TimeSpan.FromSeconds(10));
        var refusal = await ShouldFailAsync(connecting, HandshakeError.UnexpectedStatus);
        refusal.StatusCode.Should().Be(503);
        Encoding.Latin1.GetString(refusal.Body.Span).Should().Be("busy");
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")]
    public async Task A_server_that_does_not_answer_in_time_is_given_up(string begun)
    {
        var (connecting, peer, _) = await BeginAsync();
        await peer.SendBytesAsync(Encoding.Latin1.GetBytes(begun));
        _time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromMilliseconds(1));
        connecting.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await ShouldFailAsync(connecting, HandshakeError.TimedOut);
    }

    [Fact]
    public async Task Giving_up_gives_up_the_transport()
    {
        using var cancel = new CancellationTokenSource();
        var (connecting, peer, _) = await BeginAsync(cancellationToken: cancel.Token);
        cancel.Cancel();
        await connecting.Awaiting(task => task.Within()).Should().ThrowAsync<OperationCanceledException>();
        _observed!.InputCompleted.Should().BeTrue();
        _observed.OutputCompleted.Should().BeTrue();
        await peer.Awaiting(p => p.ReceiveToEndAsync()).Should().ThrowAsync<OperationCanceledException>();
    }

    [Theory]
    [InlineData("http://example.org/")]
    [InlineData("ws://user@example.org/")]
    [InlineData("ws://example.org/#fragment")]
    public async Task An_address_that_cannot_be_asked_for_is_refused_and_the_transport_given_up(string address)
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Client);
        var observed = new ObservedPipe(pipe);
        var connecting = WebSocketConnection.ConnectAsync(observed, new Uri(address)).AsTask();
        await connecting.Awaiting(task => task.Within()).Should().ThrowAsync<ArgumentException>();
        observed.InputCompleted.Should().BeTrue();
        observed.OutputCompleted.Should().BeTrue();
        peer.End();
    }

    private async Task<(Task<WebSocketConnection> Connecting, RawPeer Peer, Func<string> Accept)> BeginAsync(
        WebSocketClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Client);
        _observed = new ObservedPipe(pipe);
        options ??= new WebSocketClientOptions { TimeProvider = _time, Subprotocols = ["chat"] };
        var connecting = WebSocketConnection.ConnectAsync(_observed, Address, options, cancellationToken).AsTask();
        var request = new StringBuilder();
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) request.Append((char)(await peer.ReadExactlyAsync(1).Within())[0]);
        request.ToString().Should().StartWith("GET /chat?room=1 HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
        return (connecting, peer, () =>
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: {AcceptKey.Compute(Key().Match(request.ToString()).Groups[1].Value)}\r\n\r\n");
    }

    private async Task<WebSocketHandshakeException> ShouldFailAsync(Task<WebSocketConnection> connecting, HandshakeError error)
    {
        var thrown = (await connecting.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        thrown.Error.Should().Be(error);
        _observed!.InputCompleted.Should().BeTrue();
        _observed.OutputCompleted.Should().BeTrue();
        return thrown;
    }

    [GeneratedRegex("Sec-WebSocket-Key: (.{24})\r\n")]
    private static partial Regex Key();
}
