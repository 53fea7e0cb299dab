using System.IO.Pipelines;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>A reader that does not hear <see cref="CancelPendingRead"/>, and says when somebody first reads.</summary>
internal sealed class StubbornReader(PipeReader inner) : PipeReader
{
    private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reading => _reading.Task;

    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead()
    {
        // Not heard.
    }

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(cancellationToken);
        _reading.TrySetResult();
        return reading;
    }

    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);
}
