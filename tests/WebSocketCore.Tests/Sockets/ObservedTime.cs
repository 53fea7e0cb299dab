using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>A clock that the test moves, and that tells when the code under test has begun to wait for it.</summary>
internal sealed class ObservedTime : FakeTimeProvider
{
    private readonly Lock _sync = new();
    private readonly Dictionary<TimeSpan, TaskCompletionSource> _set = [];

    /// <summary>Waits until a timer has been set to go off after exactly this time.</summary>
    public Task TimerAsync(TimeSpan due) => Of(due).Task.Within();

    /// <summary>Waits until such a timer has been set, and then lets the time pass.</summary>
    public async Task ElapseAsync(TimeSpan due)
    {
        await TimerAsync(due);
        Advance(due);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        Of(dueTime).TrySetResult();
        return new ObservedTimer(this, timer);
    }

    private TaskCompletionSource Of(TimeSpan due)
    {
        lock (_sync)
        {
            if (!_set.TryGetValue(due, out var set)) _set[due] = set = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return set;
        }
    }

    private sealed class ObservedTimer(ObservedTime time, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = timer.Change(dueTime, period);
            time.Of(dueTime).TrySetResult();
            return changed;
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
