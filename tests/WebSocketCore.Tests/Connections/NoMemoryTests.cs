using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A pool that gives no memory for what is to be sent.</summary>
public class NoMemoryTests
{
    // The first array would hold the header of the second frame, the next one its payload.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_frame_that_cannot_wait_for_the_flush_in_progress_ends_what_is_sent_with_the_frame_before_it(int rents)
    {
        var pool = new LimitedPool();
        var options = new WebSocketServerOptions { BufferPool = pool, TimeProvider = new FakeTimeProvider() };
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, options, RawPeer.Tiny);
        var first = connection.SendAsync(MessageKind.Binary, new byte[] { 1 }).AsTask();
        first.IsCompleted.Should().BeFalse("the transport is full");
        pool.RefuseAfter(rents, allThatFollow: true);
        var second = connection.SendAsync(MessageKind.Binary, new byte[60_000]).AsTask();
        pool.EndRefusing().Should().BeTrue();

        (await peer.ReceiveAsync()).Should().Be("8201 01");
        await first.Within();
        await second.Awaiting(send => send.Within()).Should().ThrowAsync<WebSocketClosedException>();
        peer.End();
        var closure = await connection.Closed.Within();
        closure.TransportError.Should().BeOfType<InsufficientMemoryException>();
        await peer.Awaiting(p => p.ReadExactlyAsync(1).Within()).Should().ThrowAsync<InsufficientMemoryException>("no half frame follows");
    }
}
