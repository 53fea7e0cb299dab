using System.Runtime.CompilerServices;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A peer that takes what is sent is alive, and a ping counts from when it has left.</summary>
public class SlowPeerKeepAliveTests
{
    private const int Chunk = 64 * 1024;
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(WebSocketRole.Server, false)]
    [InlineData(WebSocketRole.Server, true)]
    [InlineData(WebSocketRole.Client, false)]
    [InlineData(WebSocketRole.Client, true)]
    public async Task A_peer_that_takes_a_chunk_in_every_interval_is_not_given_up(WebSocketRole role, bool receives)
    {
        var (connection, peer) = RawPeer.Connect(role, Options(), RawPeer.Tiny);
        var receiving = receives ? connection.ReceiveAsync().AsTask() : null;
        var sending = connection.SendAsync(MessageKind.Binary, new byte[16 * Chunk]).AsTask();

        // A byte of the next chunk shows that the flush before has ended.
        await peer.ReadExactlyAsync((role == WebSocketRole.Client ? 14 : 10) + 1).Within();
        for (var i = 0; i < 15; i++)
        {
            _time.Advance(Interval);
            await peer.ReadExactlyAsync(Chunk).Within();
        }
        connection.State.Should().Be(ConnectionState.Open);
        connection.Closure.Should().BeNull();
        await peer.ReadExactlyAsync(Chunk - 1).Within();
        await sending.Within();
        (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89, "the peer was asked behind the message");
        receiving?.IsCompleted.Should().BeFalse();
        connection.Abort();
        await connection.Closed.Within();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_takes_nothing_more_is_given_up(bool receives)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(), RawPeer.Tiny);
        var receiving = receives ? connection.ReceiveAsync().AsTask() : null;
        var sending = connection.SendAsync(MessageKind.Binary, new byte[16 * Chunk]).AsTask();
        await peer.ReadExactlyAsync(11).Within();
        _time.Advance(Interval);
        await peer.ReadExactlyAsync(Chunk).Within();
        _time.Advance(Interval);
        connection.Closure.Should().BeNull();
        _time.Advance(Interval);
        (await connection.Closed.Within()).Cause.Should().Be(ClosureCause.KeepAliveTimeout);
        await sending.Awaiting(s => s.Within()).Should().ThrowAsync<WebSocketClosedException>();
        if (receiving is not null) (await receiving.Within()).Should().BeNull();
    }

    [Fact]
    public async Task A_ping_counts_from_when_it_has_left()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options(), RawPeer.Tiny);
        var receiving = connection.ReceiveAsync().AsTask();
        var sending = connection.SendTextAsync("a").AsTask();
        _time.Advance(Interval);

        // The ping leaves 15 seconds after it was due.
        _time.Advance(TimeSpan.FromSeconds(15));
        (await peer.ReceiveAsync()).Should().Be("8101 61");
        (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89);
        await sending.Within();
        await UntilProbeIsOutAsync(connection).Within();
        _time.Advance(Interval - Tick);
        connection.Closure.Should().BeNull();
        connection.State.Should().Be(ConnectionState.Open);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        (await connection.Closed.Within()).Cause.Should().Be(ClosureCause.KeepAliveTimeout);
        (await receiving.Within()).Should().BeNull();
    }

    private static async Task UntilProbeIsOutAsync(WebSocketConnection connection)
    {
        while (!Volatile.Read(ref ProbeIsOut(connection))) await Task.Yield();
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_probeIsOut")]
    private static extern ref bool ProbeIsOut(WebSocketConnection connection);

    private WebSocketServerOptions Options() => new() { TimeProvider = _time, KeepAliveInterval = Interval, KeepAliveTimeout = Interval };
}
