using System.IO.Pipelines;

namespace WebSocketCore;

/// <summary>
/// Where a connection over a socket queues work. What is queued while the socket's input has the application running, on its thread, runs as soon as the
/// application goes elsewhere or waits, instead of on another thread that would compete with it. If the application blocks, it runs all the same, within
/// milliseconds. Everything else runs on the thread pool.
/// </summary>
internal sealed class WakeUpScheduler : PipeScheduler
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(1);
    private static readonly Timer Watch = new(static _ => RunWatched(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    // Those that have held something back since the watch last looked.
    private static WakeUpScheduler? _watched;

    private readonly Lock _sync = new();
    private WakeUpScheduler? _nextWatched;
    private bool _isWatched;
    private Action<object?>? _action;
    private object? _state;
    private int _thread;

    /// <summary>Runs what goes on with the input, and then what it has queued.</summary>
    public void Run(BufferedPipeReader reader)
    {
        _thread = Environment.CurrentManagedThreadId;
        reader.CompletePending();

        // The application may be on another thread by now, and in the next wake-up.
        if (_thread == Environment.CurrentManagedThreadId) _thread = 0;
        RunHeldBack();
    }

    public override void Schedule(Action<object?> action, object? state)
    {
        if (!TryHoldBack(action, state)) ThreadPool.Schedule(action, state);
    }

    private bool TryHoldBack(Action<object?> action, object? state)
    {
        if (_thread != Environment.CurrentManagedThreadId) return false;
        lock (_sync)
        {
            if (_action is not null) return false;
            _action = action;
            _state = state;
            if (_isWatched) return true;
            _isWatched = true;
        }

        WakeUpScheduler? first;
        do
        {
            _nextWatched = first = Volatile.Read(ref _watched);
        }
        while (Interlocked.CompareExchange(ref _watched, this, first) != first);
        if (first is null) Watch.Change(LongestWait, Timeout.InfiniteTimeSpan);
        return true;
    }

    private void RunHeldBack()
    {
        Action<object?> action;
        object? state;
        lock (_sync)
        {
            if (_action is null) return;
            (action, state) = (_action, _state);
            _action = null;
            _state = null;
        }
        action(state);
    }

    private static void RunWatched()
    {
        var scheduler = Interlocked.Exchange(ref _watched, null);
        while (scheduler is not null)
        {
            var next = scheduler._nextWatched;
            lock (scheduler._sync)
            {
                scheduler._nextWatched = null;
                scheduler._isWatched = false;
            }
            scheduler.RunHeldBack();
            scheduler = next;
        }
    }
}
