using LoadTest.Linux;
using LoadTest.Traffic;

namespace LoadTest.Comparison;

// A runtime that compiles while it runs does so on threads of its own. On the one core that it has here, under a load that takes all it can get, that may go on for
// a quarter of a minute, and is half of the CPU time that is used. So the load pauses again and again until the server has nothing left to do.

/// <summary>Brings a server to where it would be after running for long.</summary>
internal static class WarmUp
{
    private const int MaxCycles = 30;
    private const int QuietCycles = 3;
    private const int MaxLooks = 20;

    /// <summary>How much of a core a server may use that has nothing left to do.</summary>
    private const double Quiet = 0.03;

    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(0.2);

    /// <summary>Warms a server with a workload.</summary>
    /// <param name="process">The server.</param>
    /// <param name="workload">The workload.</param>
    /// <param name="atLeast">How long the load has to last altogether; the pauses are not counted.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>Whether the server came to rest.</returns>
    public static bool Run(ServerProcess process, Workload workload, TimeSpan atLeast, CancellationToken cancellation)
    {
        int quiet = 0;
        for (int cycle = 1; cycle <= MaxCycles; cycle++)
        {
            using (var traffic = TrafficLoop.Create(workload, process.Port, cancellation))
            {
                traffic.Open();
                traffic.Run(Burst);
                traffic.Close();
            }
            quiet = IsAtRest(process, cancellation) ? quiet + 1 : 0;
            if (quiet >= QuietCycles && cycle * Burst >= atLeast) return true;
        }
        return false;
    }

    /// <summary>Waits until the server rests.</summary>
    /// <returns>Whether it did so at once.</returns>
    private static bool IsAtRest(ServerProcess process, CancellationToken cancellation)
    {
        // .NET begins to count calls, and then to compile, when it has met no new method for 100 ms.
        cancellation.WaitHandle.WaitOne(Look);
        for (int look = 0; look < MaxLooks; look++)
        {
            var before = ProcessUsage.CpuTime(process.Id);
            cancellation.WaitHandle.WaitOne(Look);
            cancellation.ThrowIfCancellationRequested();
            if ((ProcessUsage.CpuTime(process.Id) - before) / Look < Quiet) return look == 0;
        }
        return false;
    }
}
