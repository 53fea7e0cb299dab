using System.Diagnostics;
using LoadTest.Linux;
using LoadTest.Traffic;

namespace LoadTest.Comparison;

// A runtime that compiles while it runs does so on a thread of its own. On the one core that it has here, under a load that takes all it can get, that is half of the CPU time,
// for a quarter of a minute and longer. .NET moreover waits until it has met no new method for a second, where it has one core. So the servers get the load by turns, in bursts,
// until none of them has anything left to do in the time between two of its bursts.

/// <summary>Brings a server to where it would be after running for long.</summary>
internal sealed class WarmUp(ServerProcess process, Workload workload, CancellationToken cancellation)
{
    /// <summary>How much of a core a server may use between bursts that has nothing left to do.</summary>
    private const double Quiet = 0.03;

    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan MinGap = TimeSpan.FromSeconds(1.5);

    private long _gapStart;
    private TimeSpan _cpuAtGapStart;

    /// <summary>How long the server has been under load.</summary>
    public TimeSpan Load { get; private set; }

    /// <summary>After how many bursts in a row the server has rested.</summary>
    public int QuietGaps { get; private set; }

    /// <summary>Puts load on the server for a moment.</summary>
    /// <exception cref="LoadException">The server fails.</exception>
    public void Run()
    {
        if (_gapStart != 0) EndGap();
        using (var traffic = TrafficLoop.Create(workload, process.Port, cancellation))
        {
            traffic.Open();
            traffic.Run(Burst);
            traffic.Close();
        }
        Load += Burst;
        _gapStart = Stopwatch.GetTimestamp();
        _cpuAtGapStart = ProcessUsage.CpuTime(process.Id);
    }

    private void EndGap()
    {
        var missing = MinGap - Stopwatch.GetElapsedTime(_gapStart);
        if (missing > TimeSpan.Zero) cancellation.WaitHandle.WaitOne(missing);
        cancellation.ThrowIfCancellationRequested();
        double load = (ProcessUsage.CpuTime(process.Id) - _cpuAtGapStart) / Stopwatch.GetElapsedTime(_gapStart);
        QuietGaps = load < Quiet ? QuietGaps + 1 : 0;
    }
}
