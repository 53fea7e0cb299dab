using System.Buffers;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class AbortWhileSendingTests : SocketPipeTest
{
    [Fact]
    public async Task An_abort_in_the_middle_of_a_large_send_to_a_peer_that_stops_reading_ends_at_once()
    {
        var payload = new byte[64 << 20];
        for (var round = 0; round < 20; round++)
        {
            using var sockets = await SocketPair.ConnectAsync(bufferSize: 16 * 1024);
            var pool = new PoisoningPool();
            var connection = WebSocketConnection.FromUpgraded(
                Open(sockets.Local, pool), WebSocketRole.Server, new WebSocketServerOptions { BufferPool = pool });
            var sending = connection.SendAsync(MessageKind.Binary, payload).AsTask();
            var buffer = new byte[10_000];
            for (var i = 0; i < round * 10; i++) (await sockets.Peer.ReceiveAsync(buffer).Within()).Should().BePositive();
            sending.IsCompleted.Should().BeFalse();
            connection.Abort();
            await connection.DisposeAsync().Within();
            await sending.Awaiting(s => s.Within()).Should().ThrowAsync<WebSocketClosedException>();
            connection.Closure!.Cause.Should().Be(ClosureCause.Aborted);
        }
    }

    [Fact]
    public async Task A_cancellation_that_comes_while_a_flush_succeeds_ends_the_next_one()
    {
        using var sockets = await SocketPair.ConnectAsync();
        var pipe = Open(sockets.Local);

        // The socket looks at the memory once the flush has begun to send; what it sends then leaves at once.
        using var memory = new ObservedMemory(5000, pipe.Output.CancelPendingFlush);
        (await pipe.Output.WriteAsync(memory.Memory).Within()).IsCanceled.Should().BeFalse();
        memory.IsSeen.Should().BeTrue();
        (await pipe.Output.WriteAsync("a"u8.ToArray()).Within()).IsCanceled.Should().BeTrue();
        (await pipe.Output.FlushAsync().Within()).IsCanceled.Should().BeFalse("it is heard once");
        (await new SocketDuplexPipe(sockets.Peer).Input.ReadExactlyAsync(5001).Within())[^1].Should().Be((byte)'a');
    }

    /// <summary>Memory that tells when it is first looked at.</summary>
    private sealed class ObservedMemory(int length, Action seen) : MemoryManager<byte>
    {
        private readonly byte[] _array = new byte[length];

        public bool IsSeen { get; private set; }

        public override Memory<byte> Memory => CreateMemory(length);

        public override Span<byte> GetSpan()
        {
            See();
            return _array;
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            See();
            return _array.AsMemory(elementIndex).Pin();
        }

        public override void Unpin()
        {
            // The handle of the array does it.
        }

        protected override void Dispose(bool disposing)
        {
            // Nothing to give back.
        }

        private void See()
        {
            if (IsSeen) return;
            IsSeen = true;
            seen();
        }
    }
}
