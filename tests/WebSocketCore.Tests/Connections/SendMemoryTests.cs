using System.Buffers;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>What sending costs in memory, however many send and however few of them wait.</summary>
public class SendMemoryTests
{
    private const int Chunk = 64 * 1024;

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Sends_that_nobody_waits_for_do_not_pile_up_and_are_not_sent_later(WebSocketRole role)
    {
        var pool = new MeasuringPool();
        var options = new WebSocketServerOptions { BufferPool = pool };
        var (connection, peer) = RawPeer.Connect(role, options, RawPeer.Tiny);
        for (var i = 0; i < 300; i++)
        {
            var payload = new byte[60_000];
            payload[0] = (byte)i;
            payload[1] = (byte)(i >> 8);
            using var cancel = new CancellationTokenSource();
            var sending = connection.SendAsync(MessageKind.Binary, payload, cancel.Token).AsTask();
            cancel.Cancel();
            await sending.Awaiting(s => s.Within()).Should().ThrowAsync<OperationCanceledException>();
        }
        pool.Largest.Should().BeLessThanOrEqualTo(3 * Chunk);

        // What was written is sent: the first, and those that joined the next flush. What waited for its turn is not.
        var last = connection.SendTextAsync("last").AsTask();
        var numbers = new List<int>();
        RawFrame frame;
        while ((frame = (await peer.ReceiveFrameAsync())!).First != 0x81) numbers.Add(frame.Payload[0] | frame.Payload[1] << 8);
        await last.Within();
        numbers.Should().Equal(0, 1, 2);
        connection.Abort();
        await connection.Closed.Within();
        pool.Rented.Should().Be(0);
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Large_messages_sent_at_once_from_one_array_arrive_intact_and_cost_no_copies(WebSocketRole role)
    {
        const int Size = 5 * 1024 * 1024;
        var pool = new MeasuringPool();
        var (connection, peer) = RawPeer.Connect(role, new WebSocketServerOptions { BufferPool = pool }, RawPeer.Tiny);
        var payload = Wire.Bytes(Size);
        var sends = Enumerable.Range(0, 8).Select(_ => Task.Run(() => connection.SendAsync(MessageKind.Binary, payload).AsTask())).ToArray();
        var expected = Wire.Bytes(Size);
        for (var i = 0; i < 8; i++)
        {
            var frame = (await peer.ReceiveFrameAsync())!;
            frame.First.Should().Be(0x82);
            frame.Payload.AsSpan().SequenceEqual(expected).Should().BeTrue();
        }
        await Task.WhenAll(sends).Within();
        payload.AsSpan().SequenceEqual(expected).Should().BeTrue("the caller's memory is only read");
        pool.Largest.Should().BeLessThanOrEqualTo(3 * Chunk);
    }

    /// <summary>Knows how many bytes are rented, and how many were at most.</summary>
    private sealed class MeasuringPool : ArrayPool<byte>
    {
        private readonly Lock _sync = new();

        public long Rented { get; private set; }

        public long Largest { get; private set; }

        public override byte[] Rent(int minimumLength)
        {
            lock (_sync)
            {
                Rented += minimumLength;
                Largest = Math.Max(Largest, Rented);
            }
            return new byte[minimumLength];
        }

        public override void Return(byte[] array, bool clearArray = false)
        {
            lock (_sync) Rented -= array.Length;
        }
    }
}
