using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>What peers can hold: places, time, and the end of a connection.</summary>
public class WebSocketListenerLimitTests : ListenerTest
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromMinutes(3);

    private readonly ObservedTime _time = new();

    [Fact]
    public async Task Beyond_MaxConnections_a_client_waits_until_another_leaves()
    {
        await using var listener = StartEcho(new WebSocketListenerOptions { MaxConnections = 2 });
        await using var first = await listener.ConnectAsync();
        await using var second = await listener.ConnectAsync();
        var third = listener.ConnectAsync();
        for (var i = 0; i < 20; i++)
        {
            await first.ShouldEchoAsync();
            await second.ShouldEchoAsync();
            third.IsCompleted.Should().BeFalse();
        }

        await first.CloseAsync().Within();

        await using var connected = await third;
        await connected.ShouldEchoAsync();
        await second.ShouldEchoAsync();
    }

    [Fact]
    public async Task Never_more_than_MaxConnections_are_served_at_once()
    {
        var (now, most, served) = (0, 0, 0);
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            var count = Interlocked.Increment(ref now);
            for (var seen = most; count > seen; seen = most) Interlocked.CompareExchange(ref most, count, seen);
            await Loopback.EchoAsync(connection, token);
            Interlocked.Increment(ref served);
            Interlocked.Decrement(ref now);
        }, new WebSocketListenerOptions { MaxConnections = 3 });

        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => listener.ShouldServeAsync()));

        await listener.StopAsync().Within();
        served.Should().Be(30);
        most.Should().BeInRange(1, 3);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: webso")]
    public async Task A_client_that_does_not_finish_its_request_gets_408(string sent)
    {
        await using var listener = StartEcho(Options());
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendTextAsync(sent);
        await _time.ElapseAsync(HandshakeTimeout);

        (await peer.ReadToEndAsync()).Should().StartWith("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n");
        peer.Dispose();
        await listener.ShouldServeAsync();
    }

    [Fact]
    public async Task A_client_that_keeps_its_end_open_after_a_refusal_is_dropped_after_the_close_timeout()
    {
        await using var listener = StartEcho(Options());
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendTextAsync(RawTcpPeer.Get);
        (await peer.ReadToEndAsync()).Should().StartWith("HTTP/1.1 426 ");
        await _time.ElapseAsync(CloseTimeout);

        // The only place is free again.
        await listener.ShouldServeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("16030100f8010000f40303")]
    public async Task A_TLS_handshake_that_stalls_is_dropped(string sent)
    {
        await using var listener = StartEcho(Options(tls: true));
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendHexAsync(sent);
        await _time.ElapseAsync(HandshakeTimeout);

        await peer.DroppedAsync();
        await using var client = await WebSocketClient.ConnectAsync(listener.LocalhostUri("wss"), TestCertificate.Trust(TestCertificate.Localhost)).Within();
        await client.ShouldEchoAsync();
    }

    [Fact]
    public async Task After_a_violation_the_peer_reads_our_Close_and_the_end_although_it_has_sent_megabytes_behind_it()
    {
        await using var listener = StartEcho(Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        var garbage = new byte[8 * 1024 * 1024];
        garbage.AsSpan().Fill(0xff);

        // A text frame without a mask.
        await peer.SendHexAsync("8105 68656c6c6f");
        await peer.SendAsync(garbage);

        (await peer.ReadFrameAsync()).Should().StartWith("88").And.Contain(" 03ea");
        (await peer.ReadFrameAsync()).Should().Be("end");
        peer.End();
        await listener.ShouldServeAsync();
    }

    [Fact]
    public async Task A_peer_that_sends_for_ever_after_a_violation_is_cut_after_the_close_timeout()
    {
        await using var listener = StartEcho(Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        await peer.SendHexAsync("8105 68656c6c6f");
        var sending = Task.Run(async () =>
        {
            var garbage = new byte[64 * 1024];
            while (true) await peer.SendAsync(garbage);
        });
        await _time.ElapseAsync(CloseTimeout);

        await sending.Awaiting(task => task.Within()).Should().ThrowAsync<SocketException>();
        await listener.ShouldServeAsync();
    }

    [Fact]
    public async Task The_server_ends_the_transport_first()
    {
        await using var listener = StartEcho(Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        await peer.SendHexAsync("8882 00000000 03e8");
        (await peer.ReadFrameAsync()).Should().Be("8802 03e8");
        (await peer.ReadFrameAsync()).Should().Be("end");

        // The peer's end is open still, and the server has done with it.
        await listener.ShouldServeAsync();
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_a_Close_is_cut_after_the_close_timeout()
    {
        await using var listener = Start(Loopback.AnyPort, (_, _) => Task.CompletedTask, Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        (await peer.ReadFrameAsync()).Should().Be("8802 03e8");
        await _time.ElapseAsync(CloseTimeout);

        (await peer.DroppedAsync()).Should().BeTrue("the connection was cut");
        await listener.StopAsync().Within();
    }

    // One place: a client is served when the one before it has been given up.
    private WebSocketListenerOptions Options(bool tls = false) => new()
    {
        TimeProvider = _time,
        HandshakeTimeout = HandshakeTimeout,
        CloseTimeout = CloseTimeout,
        KeepAliveInterval = Timeout.InfiniteTimeSpan,
        MaxConnections = 1,
        Tls = tls ? TestCertificate.Server : null,
    };
}
