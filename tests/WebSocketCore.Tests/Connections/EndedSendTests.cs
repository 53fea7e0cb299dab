using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>After the peer's end nothing is sent any more, and output that is stuck holds nobody up for longer than the close timeout.</summary>
public class EndedSendTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Sends_after_the_peers_end_of_stream_fail()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        var waiting = connection.SendTextAsync("w").AsTask();
        var starting = connection.StartMessageAsync(MessageKind.Text).AsTask();
        peer.End();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        Func<Task>[] sends =
        [
            () => waiting.Within(),
            () => starting.Within(),
            () => connection.SendTextAsync("x").Within(),
            () => connection.SendAsync(MessageKind.Binary, new byte[200_000]).Within(),
            () => connection.SendPingAsync(default).Within(),
            () => connection.SendPongAsync(default).Within(),
            () => connection.PingAsync().Within(),
            () => connection.StartMessageAsync(MessageKind.Text).Within(),
            () => writer.WriteAsync(new byte[] { 1 }).Within(),
            () => writer.CompleteAsync().Within(),
        ];
        foreach (var send in sends)
            (await send.Should().ThrowAsync<WebSocketClosedException>()).Which.Closure.Cause.Should().Be(ClosureCause.TransportEnded);
        (await peer.ReceiveAsync()).Should().Be("end");
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 200_000)]
    [InlineData(true, 1)]
    [InlineData(true, 200_000)]
    public async Task Disposing_beside_a_stuck_send_takes_the_close_timeout(bool peerEnds, int size)
    {
        var pool = new PoisoningPool();
        var options = new WebSocketServerOptions { TimeProvider = _time, BufferPool = pool };
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, options, RawPeer.Tiny);
        var sending = connection.SendAsync(MessageKind.Binary, new byte[size]).AsTask();
        var waiting = connection.SendAsync(MessageKind.Binary, new byte[200_000]).AsTask();
        if (peerEnds)
        {
            peer.End();
            (await connection.ReceiveAsync().Within()).Should().BeNull();
            await waiting.Awaiting(w => w.Within()).Should().ThrowAsync<WebSocketClosedException>("nothing joins what was written before");
        }
        var disposing = connection.DisposeAsync().AsTask();
        _time.Advance(options.CloseTimeout - TimeSpan.FromMilliseconds(1));
        disposing.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await disposing.Within();
        await sending.Awaiting(s => s.Within()).Should().ThrowAsync<WebSocketClosedException>();
        await waiting.Awaiting(w => w.Within()).Should().ThrowAsync<WebSocketClosedException>();
        pool.ShouldBeBalanced();
    }
}
