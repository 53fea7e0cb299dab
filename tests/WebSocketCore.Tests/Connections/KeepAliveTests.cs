using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class KeepAliveTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PongTimeout = TimeSpan.FromSeconds(10);
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(WebSocketRole.Server, true)]
    [InlineData(WebSocketRole.Client, true)]
    [InlineData(WebSocketRole.Server, false)]
    [InlineData(WebSocketRole.Client, false)]
    public async Task A_silent_peer_is_asked_once_and_then_given_up(WebSocketRole role, bool receives)
    {
        var (connection, peer) = RawPeer.Connect(role, Options());
        var receiving = receives ? connection.ReceiveAsync().AsTask() : Task.FromResult<WebSocketMessage?>(null);
        _time.Advance(Interval - Tick);
        peer.HasOutput().Should().BeFalse();
        _time.Advance(Tick);
        (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89);
        _time.Advance(PongTimeout - Tick);
        connection.State.Should().Be(ConnectionState.Open);
        peer.HasOutput().Should().BeFalse();
        _time.Advance(Tick);
        (await receiving.Within()).Should().BeNull();
        var closure = await connection.Closed.Within();
        closure.ToString().Should().Be("not clean, the peer was silent for longer than the keep-alive timeout");
        closure.Code.Should().Be(CloseCode.AbnormalClosure);
        closure.TimedOut.Should().BeFalse("that is for the close timeout");
        await peer.Awaiting(p => p.ReceiveAllAsync()).Should().ThrowAsync<IOException>("the transport is cut");
    }

    [Fact]
    public async Task A_peer_that_answers_is_asked_for_ever_and_its_round_trip_time_is_known()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        var receiving = connection.ReceiveAsync().AsTask();
        for (var i = 1; i <= 5; i++)
        {
            _time.Advance(Interval);
            var ping = (await peer.ReceiveFrameAsync())!;
            _time.Advance(TimeSpan.FromMilliseconds(i));
            await peer.SendFrameAsync(0x8a, ping.Payload);
            await peer.SendAsync("89 00");
            (await peer.ReceiveAsync()).Should().Be("8a00", "the pong has been read");
            connection.RoundTripTime.Should().Be(TimeSpan.FromMilliseconds(i));
        }
        receiving.IsCompleted.Should().BeFalse();
    }

    [Theory]
    [InlineData("8a 01 78")]
    [InlineData("02 03 6162")]
    [InlineData("82")]
    public async Task Any_byte_is_a_sign_of_life(string bytes)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(), RawPeer.Inline);
        var receiving = connection.ReceiveAsync().AsTask();
        var life = Wire.Mask(Wire.Hex(bytes));
        _time.Advance(Interval);
        (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89);
        _time.Advance(PongTimeout - Tick);
        await peer.SendBytesAsync(life);
        _time.Advance(PongTimeout);
        connection.State.Should().Be(ConnectionState.Open);

        // And then the silence begins again.
        _time.Advance(Interval - PongTimeout);
        (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89);
        _time.Advance(PongTimeout);
        (await receiving.Within()).Should().BeNull();
        connection.Closure!.Cause.Should().Be(ClosureCause.KeepAliveTimeout);
    }

    [Fact]
    public async Task A_peer_that_sends_is_not_asked()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(), RawPeer.Inline);
        var receiving = connection.ReceiveAsync().AsTask();
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Interval - Tick);
            await peer.SendBytesAsync(peer.OnWire("8a 00"));
        }
        peer.HasOutput().Should().BeFalse();
        receiving.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task An_application_that_does_not_receive_is_not_taken_for_a_silent_peer()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        await peer.SendAsync("81 01 78");
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(PongTimeout);
            await connection.BackgroundReading().Within();
        }
        connection.State.Should().Be(ConnectionState.Open, "the peer has sent data, behind which its pongs cannot be seen");
        while (peer.HasOutput()) (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89);
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("x");

        // Now it can be seen, and time counts.
        var receiving = connection.ReceiveAsync().AsTask();
        _time.Advance(Interval);
        _time.Advance(PongTimeout);
        (await receiving.Within()).Should().BeNull();
        connection.Closure!.Cause.Should().Be(ClosureCause.KeepAliveTimeout);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_nothing_can_be_sent_any_more_data_that_waits_is_no_excuse(bool hasKeepAlive)
    {
        ObservedPipe? pipe = null;
        var options = new WebSocketServerOptions
        {
            TimeProvider = _time,
            KeepAliveInterval = hasKeepAlive ? Interval : Timeout.InfiniteTimeSpan,
            KeepAliveTimeout = PongTimeout,
            IdleTimeout = hasKeepAlive ? Timeout.InfiniteTimeSpan : Interval,
        };
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, options, wrap: inner => pipe = new ObservedPipe(inner));
        await peer.SendAsync("81 01 61");
        pipe!.FailFlush = _ => new IOException("reset");
        await connection.Awaiting(c => c.SendTextAsync("push").AsTask()).Should().ThrowAsync<WebSocketClosedException>();

        var closed = connection.Closed.Within();
        while (!closed.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(closed, Task.Run(Thread.Yield));
        }

        await closed;
        connection.State.Should().Be(ConnectionState.Failed);
    }

    [Fact]
    public async Task Pings_are_answered_and_a_close_is_seen_while_the_application_does_not_receive()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        await peer.SendAsync("89 01 70");
        _time.Advance(Interval);
        var frames = new[] { await peer.ReceiveAsync(), await peer.ReceiveAsync() };
        frames.Should().Contain("8a01 70");
        await peer.SendAsync("88 02 03e9");
        (await peer.ReceiveAsync()).Should().Be("8802 03e9");
        (await connection.Closed.Within()).Code.Should().Be(CloseCode.GoingAway);
        (await connection.ReceiveAsync().Within()).Should().BeNull();
    }

    [Fact]
    public async Task Without_a_timeout_a_silent_peer_is_asked_again_and_again()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(pongTimeout: Timeout.InfiniteTimeSpan));
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Interval);
            (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89);
        }
        connection.State.Should().Be(ConnectionState.Open);
    }

    [Fact]
    public async Task Without_an_interval_nobody_is_asked_or_given_up()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(interval: Timeout.InfiniteTimeSpan));
        var receiving = connection.ReceiveAsync().AsTask();
        _time.Advance(TimeSpan.FromDays(365));
        peer.HasOutput().Should().BeFalse();
        receiving.IsCompleted.Should().BeFalse();
        await peer.SendAsync("81 01 78");
        (await receiving.Within())!.Value.GetText().Should().Be("x");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_without_messages_is_closed_after_the_idle_timeout(bool receives)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(interval: Timeout.InfiniteTimeSpan, idle: TimeSpan.FromSeconds(60)));
        var receiving = receives ? connection.ReceiveAsync().AsTask() : Task.FromResult<WebSocketMessage?>(null);
        _time.Advance(TimeSpan.FromSeconds(60) - Tick);
        peer.HasOutput().Should().BeFalse();
        _time.Advance(Tick);
        var close = (await peer.ReceiveFrameAsync())!;
        close.First.Should().Be(0x88);
        close.Payload[..2].Should().Equal(0x03, 0xe9);
        await peer.SendAsync("88 02 03e9");
        (await receiving.Within()).Should().BeNull();
        (await connection.Closed.Within()).ToString()
            .Should().Be("clean, no message for the idle timeout; sent 1001 \"no message for the idle timeout\"; received 1001");
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_the_idle_close_is_cut_off()
    {
        var (connection, _) = RawPeer.Connect(WebSocketRole.Client, Options(idle: TimeSpan.FromSeconds(15)));
        _time.Advance(TimeSpan.FromSeconds(15));
        connection.State.Should().Be(ConnectionState.CloseSent);
        _time.Advance(TimeSpan.FromSeconds(5));
        (await connection.Closed.Within()).Should().BeEquivalentTo(new { Cause = ClosureCause.IdleTimeout, TimedOut = true });
    }

    [Fact]
    public async Task Messages_either_way_are_no_idleness_and_pings_are()
    {
        var idle = TimeSpan.FromSeconds(60);
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(interval: Timeout.InfiniteTimeSpan, idle: idle));
        _time.Advance(idle - Millisecond);
        await connection.SendTextAsync("x").Within();
        _time.Advance(idle - Millisecond);
        await peer.SendAsync("81 01 78");
        await connection.ReceiveAsync().Within();
        _time.Advance(idle - Millisecond);
        await using (var writer = await connection.StartMessageAsync(MessageKind.Binary).Within())
        {
            await writer.WriteAsync(new byte[1]).Within();
            await writer.CompleteAsync().Within();
        }
        _time.Advance(idle - Millisecond);
        connection.State.Should().Be(ConnectionState.Open);
        await connection.SendPingAsync(default).Within();
        _time.Advance(Millisecond);
        connection.State.Should().Be(ConnectionState.CloseSent);
    }

    [Fact]
    public async Task Fragments_of_a_long_message_are_no_idleness()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(interval: Timeout.InfiniteTimeSpan, idle: TimeSpan.FromSeconds(60)), RawPeer.Inline);
        var receiving = connection.ReceiveAsync().AsTask();
        await peer.SendBytesAsync(peer.OnWire("02 01 61"));
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(40));
            await peer.SendBytesAsync(peer.OnWire("00 01 61"));
        }
        connection.State.Should().Be(ConnectionState.Open);
        await peer.SendAsync("80 00");
        (await receiving.Within())!.Value.Length.Should().Be(11);
    }

    [Fact]
    public async Task A_call_of_the_timer_that_was_on_its_way_when_closing_began_is_not_the_deadline()
    {
        var time = new HandTimeProvider();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { TimeProvider = time });
        connection.StartClose();
        time.Call();
        connection.State.Should().Be(ConnectionState.CloseSent);
        await peer.SendAsync("88 02 03e8");
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        (await connection.Closed.Within()).IsClean.Should().BeTrue();
        time.Call();
        time.IsDisposed.Should().BeTrue("the end takes the timer with it");
    }

    private WebSocketServerOptions Options(TimeSpan? interval = null, TimeSpan? pongTimeout = null, TimeSpan? idle = null) => new()
    {
        TimeProvider = _time,
        KeepAliveInterval = interval ?? Interval,
        KeepAliveTimeout = pongTimeout ?? PongTimeout,
        IdleTimeout = idle ?? Timeout.InfiniteTimeSpan,
    };

    /// <summary>A clock that stands still and a timer that the test calls by hand.</summary>
    private sealed class HandTimeProvider : TimeProvider
    {
        private readonly List<(TimerCallback Callback, object? State)> _timers = [];

        public bool IsDisposed { get; private set; }

        public override long GetTimestamp() => 1;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Add((callback, state));
            return new HandTimer(this);
        }

        public void Call() => _timers.ForEach(timer => timer.Callback(timer.State));

        private sealed class HandTimer(HandTimeProvider owner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() => owner.IsDisposed = true;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
