using System.Buffers;
using WebSocketCore.Connections;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>Sending straight from the caller's memory, as much as goes without waiting.</summary>
public class DirectSendTests : SocketPipeTest
{
    private DirectPipeWriter Output => (DirectPipeWriter)Pipe.Output;

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(0, 1000, 3)]
    [InlineData(10, 0, 1)]
    [InlineData(10, 1000, 1)]
    [InlineData(10, 1000, 2)]
    [InlineData(10, 1000, 100)]
    public async Task What_is_unflushed_and_the_payload_leave_in_order(int unflushed, int length, int segments)
    {
        var bytes = PipeTransfer.Bytes(unflushed + length);
        Write(bytes.AsSpan(0, unflushed));
        Output.TrySend(Segments(bytes.AsMemory(unflushed), segments)).Should().Be(length);
        Output.UnflushedBytes.Should().Be(0);
        Pool.Outstanding.Should().Be(0);
        await PeerShouldReceiveAsync(bytes);
    }

    [Fact]
    public async Task Memory_that_is_no_array_leaves_too()
    {
        var bytes = PipeTransfer.Bytes(100);
        using var memory = new NativeBytes(bytes);
        Write("head"u8);
        Output.TrySend(new ReadOnlySequence<byte>(memory.Memory)).Should().Be(100);
        await PeerShouldReceiveAsync([.. "head"u8, .. bytes]);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(10, 1)]
    [InlineData(10, 40)]
    public async Task What_the_transport_does_not_take_is_left_to_the_caller(int unflushed, int segments)
    {
        var bytes = PipeTransfer.Bytes(unflushed + (16 << 20));
        Write(bytes.AsSpan(0, unflushed));
        var payload = Segments(bytes.AsMemory(unflushed), segments);
        var sent = Output.TrySend(payload);
        sent.Should().BeInRange(1, payload.Length - 1);

        // Full: nothing is taken, and nothing is kept.
        payload = payload.Slice(sent);
        for (long more; (more = Output.TrySend(payload)) != 0;) payload = payload.Slice(more);
        Pool.Outstanding.Should().Be(0);

        var receiving = PeerShouldReceiveAsync(bytes);
        foreach (var segment in payload) await Output.WriteAsync(segment).AsTask().Within();
        await receiving;
    }

    [Fact]
    public async Task What_was_unflushed_and_did_not_leave_stays_unflushed()
    {
        var bytes = PipeTransfer.Bytes((16 << 20) + 3);
        Write(bytes.AsSpan(0, 16 << 20));
        Output.TrySend(new ReadOnlySequence<byte>(bytes, 16 << 20, 3)).Should().Be(0);
        Output.UnflushedBytes.Should().BeInRange(1, (16 << 20) - 1);
        Write(bytes.AsSpan(16 << 20));

        var receiving = PeerShouldReceiveAsync(bytes);
        await Output.FlushAsync().AsTask().Within();
        await receiving;
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task After_CancelPendingFlush_it_sends_nothing_until_a_flush_has_told_so()
    {
        Write("a"u8);
        Output.CancelPendingFlush();
        Output.TrySend(new ReadOnlySequence<byte>("b"u8.ToArray())).Should().Be(0);
        Output.UnflushedBytes.Should().Be(1);
        (await Output.FlushAsync()).IsCanceled.Should().BeTrue();
        Output.TrySend(new ReadOnlySequence<byte>("b"u8.ToArray())).Should().Be(1);
        await PeerShouldReceiveAsync("ab"u8.ToArray());
    }

    [Fact]
    public async Task It_fails_where_a_flush_would()
    {
        var flushing = Output.WriteAsync(new byte[16 << 20]).AsTask();
        Sending().Should().Throw<InvalidOperationException>("a flush is under way");
        Output.CancelPendingFlush();
        (await flushing.Within()).IsCanceled.Should().BeTrue();
        Sending().Should().Throw<IOException>("the flush was cut");
        await Output.CompleteAsync();
        Sending().Should().Throw<InvalidOperationException>("the output is complete");

        Func<long> Sending() => () => Output.TrySend(new ReadOnlySequence<byte>("b"u8.ToArray()));
    }

    [Fact]
    public void A_transport_that_has_failed_fails_it()
    {
        SocketPair.Reset(Sockets.Peer);
        var sending = () =>
        {
            while (true) Output.TrySend(new ReadOnlySequence<byte>(new byte[1000]));
        };
        sending.Should().Throw<IOException>();
        sending.Should().Throw<IOException>("it stays so");
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Output.GetSpan(bytes.Length));
        Output.Advance(bytes.Length);
    }

    private async Task PeerShouldReceiveAsync(byte[] expected) =>
        (await new SocketDuplexPipe(Sockets.Peer).Input.ReadExactlyAsync(expected.Length).Within()).AsSpan().SequenceEqual(expected).Should().BeTrue();

    private static ReadOnlySequence<byte> Segments(ReadOnlyMemory<byte> bytes, int count)
    {
        var first = new Segment(bytes[..(bytes.Length / count)], 0);
        var last = first;
        for (var i = 1; i < count; i++) last = last.Append(bytes[(int)((long)bytes.Length * i / count)..(int)((long)bytes.Length * (i + 1) / count)]);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }

    /// <summary>Memory behind which there is no array that could be had.</summary>
    private sealed class NativeBytes(byte[] bytes) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => bytes.AsMemory(elementIndex).Pin();

        public override void Unpin()
        {
            // The handle of the array does it.
        }

        protected override void Dispose(bool disposing)
        {
            // Nothing to give back.
        }
    }
}
