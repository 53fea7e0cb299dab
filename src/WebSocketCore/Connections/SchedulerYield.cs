using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace WebSocketCore.Connections;

/// <summary>Goes on where a scheduler says.</summary>
internal readonly struct SchedulerYield(PipeScheduler scheduler) : ICriticalNotifyCompletion
{
    public bool IsCompleted => false;

    public SchedulerYield GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => scheduler.Schedule(static continuation => ((Action)continuation!)(), continuation);
}

internal static class PipeSchedulerExtensions
{
    /// <summary>Lets what follows in the calling method run on the scheduler.</summary>
    public static SchedulerYield Yield(this PipeScheduler scheduler) => new(scheduler);
}
