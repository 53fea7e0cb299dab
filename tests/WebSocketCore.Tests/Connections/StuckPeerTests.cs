using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class StuckPeerTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_peer_that_sends_but_takes_nothing_is_given_up()
    {
        var time = new FakeTimeProvider();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { TimeProvider = time }, RawPeer.Tiny);
        await peer.SendAsync("810161", "810162");
        (await connection.ReceiveAsync().Within()).Should().NotBeNull();

        // The handler is stuck in sending, while a message waits to be received.
        var sending = connection.SendTextAsync("reply").AsTask();
        var more = connection.SendAsync(MessageKind.Binary, new byte[200_000]).AsTask();
        await AdvanceUntilClosedAsync(time, connection);
        connection.Closure!.Cause.Should().Be(ClosureCause.KeepAliveTimeout);
        await FluentActions.Awaiting(() => more.Within()).Should().ThrowAsync<WebSocketClosedException>();
        await ((Task)sending.Within()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task A_peer_that_takes_slowly_is_not()
    {
        var time = new FakeTimeProvider();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { TimeProvider = time }, RawPeer.Tiny);
        await peer.SendAsync("810161", "810162");
        (await connection.ReceiveAsync().Within()).Should().NotBeNull();

        // Ten chunks, of which the peer takes one in every interval. It reads a byte of the next one, to see that the flush before has ended.
        var sending = connection.SendAsync(MessageKind.Binary, new byte[10 * 64 * 1024]).AsTask();
        await peer.ReadExactlyAsync(10 + 1).Within();
        for (var i = 0; i < 9; i++)
        {
            time.Advance(Interval);
            await connection.BackgroundReading().Within();
            await peer.ReadExactlyAsync(64 * 1024).Within();
        }
        connection.State.Should().Be(ConnectionState.Open);
        connection.Abort();
        await ((Task)sending.Within()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private static async Task AdvanceUntilClosedAsync(FakeTimeProvider time, WebSocketConnection connection)
    {
        for (var i = 0; i < 20 && !connection.Closed.IsCompleted; i++)
        {
            time.Advance(Interval);
            await connection.BackgroundReading().Within();
        }
        await connection.Closed.Within();
    }
}
