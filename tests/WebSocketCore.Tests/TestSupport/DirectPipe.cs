using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Connections;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>A transport that receives into and sends from the connection's own memory, as those over sockets do.</summary>
internal sealed class DirectPipe : IDuplexPipe
{
    private int _directReceives;

    public DirectPipe(IDuplexPipe inner)
    {
        Input = new Reader(this, inner.Input);
        Output = new Writer(this, inner.Output);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>How many bytes a direct receive or a direct send takes at the most.</summary>
    public int MostAtOnce { get; set; } = int.MaxValue;

    /// <summary>How many receives into the connection's memory have begun.</summary>
    public int DirectReceives => Volatile.Read(ref _directReceives);

    /// <summary>How many bytes were sent from the connection's memory.</summary>
    public long DirectlySent { get; private set; }

    /// <summary>What a direct send throws, if anything.</summary>
    public Exception? SendError { get; set; }

    private sealed class Reader(DirectPipe owner, PipeReader inner) : DirectPipeReader
    {
        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override async ValueTask<DirectReadResult> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref owner._directReceives);
            var result = await inner.ReadAsync(cancellationToken);
            var taken = result.Buffer.Slice(0, Math.Min(Math.Min(result.Buffer.Length, destination.Length), owner.MostAtOnce));
            var length = (int)taken.Length;
            taken.CopyTo(destination.Span);
            inner.AdvanceTo(taken.End);
            return new DirectReadResult(length, result.IsCanceled && length == 0, result.IsCompleted && length == 0);
        }
    }

    private sealed class Writer(DirectPipe owner, PipeWriter inner) : DirectPipeWriter
    {
        public override void Advance(int bytes) => inner.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override long TrySend(in ReadOnlySequence<byte> payload)
        {
            if (owner.SendError is { } error) throw error;
            var taken = payload.Slice(0, Math.Min(payload.Length, owner.MostAtOnce));
            foreach (var segment in taken) inner.Write(segment.Span);
            owner.DirectlySent += taken.Length;

            // Into a pipe in memory that takes all: the flush has ended when it returns.
            inner.FlushAsync().AsTask().IsCompletedSuccessfully.Should().BeTrue();
            return taken.Length;
        }
    }
}
