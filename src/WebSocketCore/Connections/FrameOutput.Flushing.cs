using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace WebSocketCore.Connections;

// Flushing. Whoever has the claim has the pipe to itself: it flushes, and then once more for what came meanwhile.
internal sealed partial class FrameOutput
{
    // How long a flush that is queued to the pool leaves the pipe to a handler that may be in the middle of a batch: an idle pool thread is there at once, and
    // would only compete with it. Most batches are over by then, and have been flushed.
    private static readonly long Grace = Stopwatch.Frequency / 50_000;

    // About 2 us.
    private const int SpinsBetweenLooks = 50;

    private TaskCompletionSource? _released;
    private PipeClaim _claim;
    private int _flushIsQueued;
    private long _flushQueuedAt;
    private bool _completed;
    private long _flushes;
    private volatile bool _aborted;

    /// <summary>How many flushes have ended.</summary>
    public long Flushes => Volatile.Read(ref _flushes);

    /// <summary>Whether somebody is writing or flushing.</summary>
    public bool IsClaimed => _claim.IsTaken;

    /// <summary>Begins to flush what is written and owed, if there is any and nobody does so already. Does not wait.</summary>
    public void StartFlush()
    {
        if (!HasOutput) return;
        lock (sync)
        {
            if (!TryClaimOutput()) return;
        }
        var flushing = FlushClaimedAsync();
        if (!flushing.IsCompletedSuccessfully) _ = flushing.AsTask();
    }

    /// <summary>Has the flush done by the scheduler soon, for frames that must not depend on what the application does next.</summary>
    public void QueueFlush()
    {
        lock (sync)
        {
            if (HasOutput && !_claim.TryCall()) QueueFlushOnce();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (RunsOnPool) LeaveToHandler();

        // What was written before this is seen by the flush; who writes after it queues the next.
        Interlocked.Exchange(ref _flushIsQueued, 0);
        StartFlush();
    }

    // Looks now and then only, because every look is in the handler's way.
    private void LeaveToHandler()
    {
        for (var end = _flushQueuedAt + Grace; HasOutput && Stopwatch.GetTimestamp() < end;) Thread.SpinWait(SpinsBetweenLooks);
    }

    /// <summary>Completes when everything that was written has been flushed, or the transport has failed.</summary>
    public async Task FlushAllAsync()
    {
        while (true)
        {
            Task? released = null;
            lock (sync)
            {
                if (!TryClaimOutput())
                {
                    if (!_claim.TryCall()) return;
                    released = Released();
                }
            }
            if (released is not null) await released.ConfigureAwait(false);
            else await FlushClaimedAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Completes the pipe writer, once a flush in progress has ended; with an error, that flush is cancelled. Once only.</summary>
    public async Task CompleteAsync(Exception? error)
    {
        while (true)
        {
            Task released;
            lock (sync)
            {
                if (_completed) return;
                EndFrames();
                if (_claim.TryTakeOrCall())
                {
                    _completed = true;
                    _waiting?.Release();
                    break;
                }
                released = Released();
            }
            if (error is not null) writer.CancelPendingFlush();
            await released.ConfigureAwait(false);
        }
        await writer.CompleteAsync(error).ConfigureAwait(false);
    }

    /// <summary>Cancels a flush in progress: the connection is being aborted and no frame matters any more.</summary>
    public void Abort()
    {
        lock (sync)
        {
            _aborted = true;
            EndFrames();
            if (!_claim.TryCall()) return;
        }
        // Outside the lock: a pipe may run its writer here, and with it the application.
        writer.CancelPendingFlush();
    }

    private bool RunsOnPool => ReferenceEquals(scheduler, PipeScheduler.ThreadPool);

    private bool HasOutput => _unflushed != 0 || (_pongLength != NoPong && !_ended);

    // Under the lock.
    private bool TryClaimOutput()
    {
        if (_failed || !HasOutput || !_claim.TryTakeOrCall()) return false;
        WriteOwedPong(isClaimed: true);
        if (_unflushed != 0) return true;
        Release();
        return false;
    }

    // Behind an atomic instruction that comes after what was written, such as the end of a claim.
    private void QueueFlushOnce()
    {
        if (Volatile.Read(ref _flushIsQueued) != 0 || Interlocked.Exchange(ref _flushIsQueued, 1) != 0) return;
        if (RunsOnPool)
        {
            // The pool takes the work item itself, without an object for the call.
            _flushQueuedAt = Stopwatch.GetTimestamp();
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }
        scheduler.Schedule(static output => ((IThreadPoolWorkItem)output!).Execute(), this);
    }

    private Task Released() => (_released ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void Release()
    {
        _claim.GiveBack();
        _released?.SetResult();
        _released = null;
        GrantTurns();
    }

    // The caller has the claim. The token ends the caller's waiting, not the flush.
    private ValueTask<bool> FlushClaimedAsync(CancellationToken cancellationToken)
    {
        var flushing = FlushClaimedAsync();
        return cancellationToken.CanBeCanceled && !flushing.IsCompleted ? WaitAsync(flushing.AsTask(), cancellationToken) : flushing;
    }

    private static ValueTask<bool> WaitAsync(Task<bool> flushed, CancellationToken cancellationToken) => new(flushed.WaitAsync(cancellationToken));

    private ValueTask<bool> FlushClaimedAsync()
    {
        var flushing = FlushPipeAsync();
        if (!flushing.IsCompletedSuccessfully) return AwaitFlushClaimedAsync(flushing);
        if (!flushing.Result) return new(false);
        EndClaim();
        return new(true);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> AwaitFlushClaimedAsync(ValueTask<bool> flushing)
    {
        if (!await flushing.ConfigureAwait(false)) return false;
        EndClaim();
        return true;
    }

    private ValueTask<bool> FlushPipeAsync()
    {
        _unflushed = 0;
        if (_writeError is not null) return new(Failed(_writeError));
        try
        {
            var flushing = writer.FlushAsync(CancellationToken.None);
            return flushing.IsCompletedSuccessfully ? new(Flushed(flushing.Result)) : AwaitFlushPipeAsync(flushing);
        }
        catch (Exception exception)
        {
            return new(Failed(exception));
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> AwaitFlushPipeAsync(ValueTask<FlushResult> flushing)
    {
        try
        {
            return Flushed(await flushing.ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    private bool Flushed(FlushResult result)
    {
        _flushes++;
        return (!result.IsCompleted && !result.IsCanceled) || Failed(null);
    }

    /// <summary>Gives the pipe free, or keeps it for what came meanwhile.</summary>
    private void EndClaim()
    {
        if (_claim.TryGiveBack()) return;
        TaskCompletionSource<bool>? waitingFlushed;
        lock (sync)
        {
            if (!TakeWaiting(out waitingFlushed)) return;
        }
        _ = FlushWaitingAsync(waitingFlushed);
    }

    // On the scheduler, so that no sender is kept busy with the frames of others.
    private async Task FlushWaitingAsync(TaskCompletionSource<bool>? waitingFlushed)
    {
        await scheduler.Yield();
        while (true)
        {
            var flushed = await FlushPipeAsync().ConfigureAwait(false);
            waitingFlushed?.SetResult(flushed);
            if (!flushed) return;
            lock (sync)
            {
                if (!TakeWaiting(out waitingFlushed)) return;
            }
        }
    }

    private bool TakeWaiting(out TaskCompletionSource<bool>? waitingFlushed)
    {
        waitingFlushed = _waitingFlushed;
        _waitingFlushed = null;
        WriteOwedPong(isClaimed: true);
        if (_writeError is not null) return true; // The next flush fails with it.
        if (_waiting is { Length: not 0 })
        {
            CopyToPipe(_waiting.Written);
            _waiting.Release();
        }
        if (_unflushed != 0) return true;
        Release();
        return false;
    }

    private bool Failed(Exception? error)
    {
        TaskCompletionSource<bool>? waitingFlushed;
        lock (sync)
        {
            _failed = true;
            waitingFlushed = _waitingFlushed;
            _waitingFlushed = null;
            _waiting?.Release();
            _unflushed = 0;
            EndFrames();
            Release();
        }
        waitingFlushed?.SetResult(false);
        owner.OnOutputFailed(error);
        return false;
    }
}
