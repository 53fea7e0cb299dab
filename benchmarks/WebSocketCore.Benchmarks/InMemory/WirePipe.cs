using System.Buffers;
using System.IO.Pipelines;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>The transport in memory as an ordinary duplex pipe. A read gives the batch itself: nothing is copied, and nobody may change it.</summary>
internal sealed class WirePipe(WireInput input, WireOutput output) : IDuplexPipe
{
    public PipeReader Input { get; } = new Reader(input);

    public PipeWriter Output { get; } = new Writer(output);

    private sealed class Reader(WireInput input) : PipeReader
    {
        private ReadOnlySequence<byte> _unconsumed;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            TryRead(out var result);
            return new(result);
        }

        public override bool TryRead(out ReadResult result)
        {
            if (_unconsumed.IsEmpty) _unconsumed = new ReadOnlySequence<byte>(input.Take(int.MaxValue));
            result = new ReadResult(_unconsumed, isCanceled: false, isCompleted: _unconsumed.IsEmpty);
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => _unconsumed = _unconsumed.Slice(consumed);

        // A batch ends with a frame's end, so what is left is never too little to go on with.
        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }

    private sealed class Writer(WireOutput output) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => output.Unflushed;

        public override Memory<byte> GetMemory(int sizeHint = 0) => output.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => output.GetMemory(sizeHint).Span;

        public override void Advance(int bytes) => output.Advance(bytes);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            output.Flush();
            return default;
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
