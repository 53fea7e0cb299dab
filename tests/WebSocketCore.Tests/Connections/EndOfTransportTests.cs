using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Ends that are not in order: the transport ends or fails, a deadline passes, the application aborts or disposes.</summary>
public class EndOfTransportTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(WebSocketRole.Server, "")]
    [InlineData(WebSocketRole.Client, "")]
    [InlineData(WebSocketRole.Server, "81")]
    [InlineData(WebSocketRole.Server, "81 05 6162")]
    [InlineData(WebSocketRole.Server, "01 02 6162")]
    [InlineData(WebSocketRole.Client, "88 02 03")]
    public async Task The_end_of_the_stream_without_a_Close_frame_is_1006(WebSocketRole role, string begun)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var receiving = connection.ReceiveAsync().AsTask();
        if (begun.Length > 0) await peer.SendAsync(begun);
        peer.End();
        (await receiving.Within()).Should().BeNull();
        (await peer.ReceiveAllAsync()).Should().BeEmpty("there is nobody to say goodbye to");
        var closure = await connection.Closed.Within();
        closure.ToString().Should().Be("not clean, the transport ended without a Close frame");
        closure.Code.Should().Be(CloseCode.AbnormalClosure);
        closure.TransportError.Should().BeNull();
        connection.State.Should().Be(ConnectionState.Failed);
        await connection.DisposeAsync().Within();
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task The_end_of_the_stream_in_place_of_the_peers_Close_frame_is_1006_too(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var closing = connection.CloseAsync().AsTask();
        peer.End();
        await closing.Within();
        connection.Closure!.ToString().Should().Be("not clean, closed by this end; sent 1000");
        connection.Closure!.Code.Should().Be(CloseCode.AbnormalClosure);
        connection.Closure!.TimedOut.Should().BeFalse();
        connection.State.Should().Be(ConnectionState.Failed);
    }

    [Fact]
    public async Task A_transport_that_fails_is_told_with_its_error()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("81 01 61");
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("a");
        var error = new IOException("connection reset");
        peer.End(error);
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        (await connection.Closed.Within()).TransportError.Should().BeSameAs(error);
        connection.Closure!.ToString().Should().Be("not clean, the transport ended without a Close frame; connection reset");
        (await connection.Awaiting(c => c.SendTextAsync("x").Within()).Should().ThrowAsync<WebSocketClosedException>())
            .Which.InnerException.Should().BeSameAs(error);
    }

    [Fact]
    public async Task Messages_that_came_before_the_end_are_delivered()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("81 01 61", "81 01 62");
        peer.End();
        (await ReceivingTests.ReadAllAsync(connection).Within()).Should().Equal("Text:61", "Text:62");
    }

    [Fact]
    public async Task A_peer_that_does_not_read_fails_sends_and_what_it_sent_is_still_received()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        peer.StopReading();
        await connection.Awaiting(c => c.SendTextAsync("x").Within()).Should().ThrowAsync<WebSocketClosedException>();
        await connection.Awaiting(c => c.PingAsync().Within()).Should().ThrowAsync<WebSocketClosedException>();
        await peer.SendAsync("81 01 61", "88 02 03e9");
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("a");
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        var closure = await connection.Closed.Within();
        closure.Should().BeEquivalentTo(new { Cause = ClosureCause.PeerClose, Code = CloseCode.GoingAway, SentCode = (CloseCode?)null, IsClean = false });
    }

    [Theory]
    [InlineData(WebSocketRole.Server, false)]
    [InlineData(WebSocketRole.Client, true)]
    public async Task A_peer_that_does_not_answer_is_cut_off_after_the_close_timeout(WebSocketRole role, bool receives)
    {
        var (connection, peer) = RawPeer.Connect(role, Options());
        var receiving = receives ? connection.ReceiveAsync().AsTask() : Task.FromResult<WebSocketMessage?>(null);
        var closing = connection.CloseAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(5) - Tick);
        closing.IsCompleted.Should().BeFalse();
        _time.Advance(Tick);
        await closing.Within();
        (await receiving.Within()).Should().BeNull();
        connection.Closure!.ToString().Should().Be("not clean, closed by this end; sent 1000; the close timeout passed");
        connection.State.Should().Be(ConnectionState.Failed);
        await peer.Awaiting(p => p.ReceiveAllAsync()).Should().ThrowAsync<IOException>("the transport is cut");
    }

    [Fact]
    public async Task The_close_timeout_does_not_start_again()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, Options());
        connection.StartClose();
        _time.Advance(TimeSpan.FromSeconds(3));
        var disposing = connection.DisposeAsync().AsTask();
        await peer.SendAsync("88 02 03e8");
        await connection.BackgroundReading().Within();
        await peer.SendAsync("81 00");
        _time.Advance(TimeSpan.FromSeconds(2) - Tick);
        disposing.IsCompleted.Should().BeFalse("a client waits for the server to end the transport");
        _time.Advance(Tick);
        await disposing.Within();
        connection.Closure!.Should().BeEquivalentTo(new { IsClean = true, TimedOut = false, Code = CloseCode.NormalClosure });
    }

    [Fact]
    public async Task Without_a_close_timeout_closing_takes_as_long_as_it_takes()
    {
        var options = new WebSocketServerOptions { TimeProvider = _time, CloseTimeout = Timeout.InfiniteTimeSpan, IdleTimeout = TimeSpan.FromSeconds(30) };
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, options);
        var closing = connection.CloseAsync().AsTask();
        for (var i = 0; i < 100; i++) _time.Advance(TimeSpan.FromSeconds(15));
        closing.IsCompleted.Should().BeFalse();
        await peer.SendAsync("88 02 03e8");
        await closing.Within();
        connection.Closure!.IsClean.Should().BeTrue();
    }

    [Fact]
    public async Task Our_answer_that_cannot_leave_is_given_up_after_the_close_timeout()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(), RawPeer.Tiny);
        var sending = connection.SendTextAsync("x").AsTask();
        await peer.SendAsync("88 02 03e8");
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        connection.State.Should().Be(ConnectionState.CloseReceived);
        _time.Advance(TimeSpan.FromSeconds(5));
        var closure = await connection.Closed.Within();
        closure.Should().BeEquivalentTo(new { Cause = ClosureCause.PeerClose, Code = CloseCode.NormalClosure, IsClean = false, TimedOut = true });
        await sending.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketClosedException>();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_ends_its_stream_and_does_not_read_is_given_up_after_the_close_timeout(bool hasKeepAlive)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(hasKeepAlive), RawPeer.Tiny);
        var sending = connection.SendTextAsync("x").AsTask();
        peer.End();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        var disposing = connection.DisposeAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(5) - Tick);
        connection.Closed.IsCompleted.Should().BeFalse("what was written may still leave");
        _time.Advance(Tick);
        await disposing.Within();
        await sending.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketClosedException>();
        connection.Closure!.Cause.Should().Be(ClosureCause.TransportEnded);
    }

    [Fact]
    public async Task What_was_sent_before_the_peer_ended_its_stream_still_leaves()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(), RawPeer.Tiny);
        var sending = connection.SendTextAsync("x").AsTask();
        var waiting = connection.SendTextAsync("y").AsTask();
        peer.End();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        (await peer.ReceiveAllAsync()).Should().Equal("8101 78", "8101 79");
        await sending.Within();
        await waiting.Within();
        await connection.Closed.Within();
    }

    [Fact]
    public async Task A_transport_that_fails_to_complete_has_ended_too()
    {
        foreach (var output in new[] { true, false })
        {
            ObservedPipe? observed = null;
            var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, wrap: pipe => observed = new ObservedPipe(pipe));
            if (output) observed!.OutputCompletionError = new IOException("the writer's");
            else observed!.InputCompletionError = new IOException("the reader's");
            await peer.SendAsync("88 02 03e8");
            (await connection.ReceiveAsync().Within()).Should().BeNull();
            (await connection.Closed.Within()).Code.Should().Be(CloseCode.NormalClosure);
            observed.InputCompleted.Should().BeTrue();
            observed.OutputCompleted.Should().BeTrue();
        }
    }

    [Fact]
    public async Task A_transport_that_fails_while_a_client_waits_for_its_end_is_given_up()
    {
        ObservedPipe? observed = null;
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, wrap: pipe => observed = new ObservedPipe(pipe));
        await peer.SendAsync("88 02 03e8");
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        peer.End(new IOException("connection reset"));
        (await connection.Closed.Within()).IsClean.Should().BeTrue("both Close frames went over the wire");
        observed!.InputCompleted.Should().BeTrue();
        observed.OutputCompleted.Should().BeTrue();
    }

    [Theory]
    [InlineData("88 02 03e8", 0)]
    [InlineData("83 00", 300_000)]
    [InlineData("83 00", 0)]
    public async Task A_peer_that_sends_before_it_reads_is_not_held_up_by_the_end(string last, int behind)
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server, toPeer: RawPeer.Tiny, fromPeer: RawPeer.Tiny);
        var connection = WebSocketConnection.FromUpgraded(pipe, WebSocketRole.Server, Options());
        var blocked = connection.SendTextAsync("x").AsTask();
        var sending = peer.SendBytesAsync((byte[])[.. peer.OnWire(last), .. new byte[behind]]);
        var receiving = connection.ReceiveAsync().AsTask();
        await sending.Within();
        (await peer.ReceiveAllAsync()).Should().HaveCount(2).And.StartWith("8101 78");
        await blocked.Within();
        await receiving.ContinueWith(_ => { }, TaskScheduler.Default);
        peer.End();
        await connection.Closed.Within();
    }

    private WebSocketServerOptions Options(bool hasKeepAlive = true) => new()
    {
        TimeProvider = _time,
        KeepAliveInterval = hasKeepAlive ? TimeSpan.FromSeconds(20) : Timeout.InfiniteTimeSpan,
    };
}
