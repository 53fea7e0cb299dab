using System.Net;
using System.Net.Sockets;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class WebSocketClientTests
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(9);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromMinutes(3);

    // It can be sent only to somebody who reads on.
    private static readonly byte[] MoreThanBuffersTake = new byte[8 * 1024 * 1024];

    private readonly ObservedTime _time = new();

    [Fact]
    public async Task A_port_where_nobody_listens_refuses()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(Loopback.AnyPort);
        foreach (var scheme in new[] { "ws", "wss" })
        {
            var connecting = () => WebSocketClient.ConnectAsync(RawTcpPeer.Uri(bound, scheme)).Within();
            (await connecting.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
        }
    }

    [Fact]
    public async Task A_name_that_does_not_exist_cannot_be_resolved()
    {
        // RFC 6761 6.4: names below "invalid" do not exist.
        var connecting = () => WebSocketClient.ConnectAsync(
            new Uri("ws://no-such-host.invalid/"), new WebSocketConnectOptions { ConnectTimeout = Timeout.InfiniteTimeSpan }).Within();
        await connecting.Should().ThrowAsync<SocketException>();
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("https://127.0.0.1:{0}/")]
    [InlineData("ws://127.0.0.1:{0}/#top")]
    [InlineData("ws://user@127.0.0.1:{0}/")]
    [InlineData("wss://user:secret@127.0.0.1:{0}/")]
    [InlineData("/chat")]
    public async Task A_URI_that_cannot_be_used_is_refused_before_anything_is_connected(string uri)
    {
        using var listener = RawTcpPeer.Listen();
        await ShouldRefuseAsync(
            listener, new Uri(string.Format(null, uri, ((IPEndPoint)listener.LocalEndPoint!).Port), UriKind.RelativeOrAbsolute), new WebSocketConnectOptions());
    }

    [Fact]
    public async Task There_must_be_a_URI()
    {
        var connecting = () => WebSocketClient.ConnectAsync(null!).Within();
        await connecting.Should().ThrowAsync<ArgumentNullException>();
    }

    [Theory]
    [InlineData("X-Test", "a\r\nX-Injected: b")]
    [InlineData("X-Test", "a\nb")]
    [InlineData("X-Test", "a\0b")]
    [InlineData("X-Test\r\nX-Injected", "a")]
    [InlineData("X Test", "a")]
    [InlineData("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    public async Task A_header_that_cannot_be_sent_is_refused_before_anything_is_connected(string name, string value)
    {
        using var listener = RawTcpPeer.Listen();
        await ShouldRefuseAsync(listener, RawTcpPeer.Uri(listener), new WebSocketConnectOptions { Headers = [new(name, value)] });
    }

    [Fact]
    public async Task A_subprotocol_or_origin_that_cannot_be_sent_is_refused_before_anything_is_connected()
    {
        using var listener = RawTcpPeer.Listen();
        await ShouldRefuseAsync(listener, RawTcpPeer.Uri(listener), new WebSocketConnectOptions { Subprotocols = ["a\r\nb"] });
        await ShouldRefuseAsync(listener, RawTcpPeer.Uri(listener), new WebSocketConnectOptions { Subprotocols = ["a", "a"] });
        await ShouldRefuseAsync(listener, RawTcpPeer.Uri(listener), new WebSocketConnectOptions { Origin = "https://example.org/\r\nX: y" });
    }

    [Fact]
    public async Task A_server_that_never_answers_the_TLS_handshake_runs_into_the_connect_timeout()
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener, "wss"), Options()).Within();
        using var peer = await RawTcpPeer.AcceptAsync(listener);
        (await peer.ReadAsync(1)).Should().Equal(0x16);
        _time.Advance(ConnectTimeout - TimeSpan.FromMilliseconds(1));
        connecting.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await connecting.Awaiting(task => task).Should().ThrowAsync<TimeoutException>();
        await peer.DroppedAsync();
    }

    [Fact]
    public async Task A_server_that_never_answers_the_request_runs_into_the_handshake_timeout()
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener), Options()).Within();
        using var peer = await RawTcpPeer.AcceptAsync(listener);
        await peer.ReadHeadAsync();
        await _time.ElapseAsync(HandshakeTimeout);

        (await connecting.Awaiting(task => task).Should().ThrowAsync<WebSocketHandshakeException>()).Which.Error.Should().Be(HandshakeError.TimedOut);
        await peer.DroppedAsync();
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task Connecting_can_be_cancelled(string scheme)
    {
        using var listener = RawTcpPeer.Listen();
        using var cancellation = new CancellationTokenSource();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener, scheme), cancellationToken: cancellation.Token).Within();
        using var peer = await RawTcpPeer.AcceptAsync(listener);
        await peer.ReadAsync(1);
        await cancellation.CancelAsync();

        await connecting.Awaiting(task => task).Should().ThrowAsync<OperationCanceledException>();
        await peer.DroppedAsync();
    }

    [Fact]
    public async Task A_cancelled_token_connects_nothing()
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = () => WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener), cancellationToken: new CancellationToken(canceled: true)).Within();
        await connecting.Should().ThrowAsync<OperationCanceledException>();
        listener.Poll(TimeSpan.Zero, SelectMode.SelectRead).Should().BeFalse("nobody has connected");
    }

    [Fact]
    public async Task The_token_has_no_effect_on_the_connection_afterwards()
    {
        using var cancellation = new CancellationTokenSource();
        await using var listener = Loopback.StartEcho();
        await using var client = await WebSocketClient.ConnectAsync(listener.Uri(), cancellationToken: cancellation.Token).Within();
        await cancellation.CancelAsync();
        await client.ShouldEchoAsync();
    }

    [Theory]
    [InlineData("", HandshakeError.TruncatedHead)]
    [InlineData("HTTP/1.1 101 Switching Pro", HandshakeError.TruncatedHead)]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n\r\n", HandshakeError.MalformedStatusLine)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", HandshakeError.UpgradeNotConfirmed)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", HandshakeError.UnexpectedStatus)]
    public async Task A_response_that_breaks_a_rule_fails_the_handshake(string response, HandshakeError error)
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener)).Within();
        using var peer = await RawTcpPeer.AcceptAsync(listener);
        await peer.ReadHeadAsync();
        await peer.SendTextAsync(response);
        peer.End();

        (await connecting.Awaiting(task => task).Should().ThrowAsync<WebSocketHandshakeException>()).Which.Error.Should().Be(error);
        await peer.DroppedAsync();
    }

    [Fact]
    public async Task The_body_of_a_refusal_without_length_is_read_to_its_end()
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener)).Within();
        using var peer = await RawTcpPeer.AcceptAsync(listener);
        await peer.ReadHeadAsync();
        await peer.SendTextAsync("HTTP/1.1 502 Bad Gateway\r\n\r\nno ");
        await peer.SendTextAsync("backend");
        peer.End();

        var refused = (await connecting.Awaiting(task => task).Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        refused.StatusCode.Should().Be(502);
        refused.Body.ToArray().Should().Equal("no backend"u8.ToArray());
    }

    [Fact]
    public async Task The_client_waits_for_the_server_to_end_the_transport()
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener), Options()).Within();
        using var peer = await RawTcpPeer.AcceptUpgradeAsync(listener);
        await using var client = await connecting;

        client.StartClose();
        (await peer.ReadFrameAsync()).Should().Be("8802 03e8");
        await peer.SendHexAsync("8802 03e8");
        (await client.ReceiveAsync().Within()).Should().BeNull();
        await peer.SendAsync(MoreThanBuffersTake);
        client.Closed.IsCompleted.Should().BeFalse();
        peer.End();

        (await client.Closed.Within()).ToString().Should().Be("clean, closed by this end; sent 1000; received 1000");
        (await peer.ReadFrameAsync()).Should().Be("end");
    }

    [Fact]
    public async Task A_server_that_does_not_end_the_transport_is_cut_after_the_close_timeout()
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener), Options()).Within();
        using var peer = await RawTcpPeer.AcceptUpgradeAsync(listener);
        await using var client = await connecting;

        client.StartClose();
        await peer.SendHexAsync("8802 03e8");
        (await client.ReceiveAsync().Within()).Should().BeNull();
        await peer.SendAsync(MoreThanBuffersTake);
        await _time.ElapseAsync(CloseTimeout);

        (await peer.DroppedAsync()).Should().BeTrue("had the client not waited, it would have ended the connection in order");
        (await client.Closed.Within()).ReceivedCode.Should().Be(CloseCode.NormalClosure);
    }

    private static async Task ShouldRefuseAsync(Socket listener, Uri uri, WebSocketConnectOptions options)
    {
        var connecting = () => WebSocketClient.ConnectAsync(uri, options).Within();
        (await connecting.Should().ThrowAsync<ArgumentException>()).Which.Message.Should().NotContain("secret");
        listener.Poll(TimeSpan.Zero, SelectMode.SelectRead).Should().BeFalse("nobody has connected");
    }

    private WebSocketConnectOptions Options() => new()
    {
        TimeProvider = _time,
        ConnectTimeout = ConnectTimeout,
        HandshakeTimeout = HandshakeTimeout,
        CloseTimeout = CloseTimeout,
        KeepAliveInterval = Timeout.InfiniteTimeSpan,
    };
}
