using System.IO.Pipelines;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>A transport that counts its reads and flushes, and fails where it is told to.</summary>
internal sealed class ObservedPipe : IDuplexPipe
{
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(int Number, TaskCompletionSource Begun)> _awaitedReads = [];
    private int _reads;
    private int _flushes;

    public ObservedPipe(IDuplexPipe inner)
    {
        Input = new Reader(this, inner.Input);
        Output = new Writer(this, inner.Output);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public int Reads => Volatile.Read(ref _reads);

    public int Flushes => Volatile.Read(ref _flushes);

    /// <summary>Completes when the read of this number, from 1 on, has begun: what came before it has been taken.</summary>
    public Task ReadBegun(int number)
    {
        lock (_awaitedReads)
        {
            if (Reads >= number) return Task.CompletedTask;
            var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaitedReads.Add((number, begun));
            return begun.Task;
        }
    }

    /// <summary>Gets the number of the read, from 1 on, and returns the exception that it throws, if any.</summary>
    public Func<int, Exception?> FailRead { get; set; } = _ => null;

    /// <summary>Gets the number of the flush, from 1 on, and returns the exception that it throws, if any.</summary>
    public Func<int, Exception?> FailFlush { get; set; } = _ => null;

    /// <summary>Completes when a read or a flush has failed as it was told to.</summary>
    public Task Failed => _failed.Task;

    /// <summary>What completing the input throws, if anything.</summary>
    public Exception? InputCompletionError { get; set; }

    /// <summary>What completing the output throws, if anything.</summary>
    public Exception? OutputCompletionError { get; set; }

    public bool InputCompleted { get; private set; }

    public bool OutputCompleted { get; private set; }

    private int BeginRead()
    {
        lock (_awaitedReads)
        {
            var number = Interlocked.Increment(ref _reads);
            foreach (var awaited in _awaitedReads.Where(awaited => awaited.Number <= number)) awaited.Begun.TrySetResult();
            return number;
        }
    }

    private Exception Fail(Exception error)
    {
        _failed.TrySetResult();
        return error;
    }

    private sealed class Reader(ObservedPipe owner, PipeReader inner) : PipeReader
    {
        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null)
        {
            owner.InputCompleted = true;
            inner.Complete(exception);
            if (owner.InputCompletionError is { } error) throw error;
        }

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var number = owner.BeginRead();
            return owner.FailRead(number) is { } error ? throw owner.Fail(error) : await inner.ReadAsync(cancellationToken);
        }

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);
    }

    private sealed class Writer(ObservedPipe owner, PipeWriter inner) : PipeWriter
    {
        public override void Advance(int bytes) => inner.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
            owner.OutputCompleted = true;
            inner.Complete(exception);
            if (owner.OutputCompletionError is { } error) throw error;
        }

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            var number = Interlocked.Increment(ref owner._flushes);
            return owner.FailFlush(number) is { } error ? throw owner.Fail(error) : await inner.FlushAsync(cancellationToken);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
    }
}
