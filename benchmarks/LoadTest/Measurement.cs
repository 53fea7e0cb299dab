using System.Diagnostics;
using LoadTest.Linux;
using LoadTest.Traffic;

namespace LoadTest;

/// <summary>What a run of traffic has cost.</summary>
/// <param name="Operations">How many messages or handshakes were completed.</param>
/// <param name="Elapsed">In what time.</param>
/// <param name="ServerCpu">The CPU time of the server, as user and in the kernel; null when its process is not known.</param>
/// <param name="ClientBusy">How long the generator had something to do.</param>
/// <param name="OtherCpu">What others on the machine have used or the hypervisor has stolen, more or less some ticks of 10 ms.</param>
internal sealed record Measurement(long Operations, TimeSpan Elapsed, TimeSpan? ServerCpu, TimeSpan ClientBusy, TimeSpan OtherCpu)
{
    /// <summary>The server's CPU time for one message or handshake, in microseconds; NaN when it is not known.</summary>
    public double ServerMicroseconds => ServerCpu?.TotalMicroseconds / Operations ?? double.NaN;

    public double OperationsPerSecond => Operations / Elapsed.TotalSeconds;

    /// <summary>Which part of a core the server has used; NaN when it is not known.</summary>
    public double ServerLoad => ServerCpu / Elapsed ?? double.NaN;

    /// <summary>Which part of the time the generator had something to do. Near 1, it and not the server sets the pace.</summary>
    public double ClientLoad => ClientBusy / Elapsed;

    /// <summary>How much of a core others have used.</summary>
    public double Disturbance => OtherCpu / Elapsed;

    /// <summary>Runs open traffic and measures.</summary>
    /// <param name="traffic">The traffic.</param>
    /// <param name="server">The server's process; null when it is not known.</param>
    /// <param name="duration">How long.</param>
    /// <param name="operations">How many messages or handshakes are enough before that.</param>
    public static Measurement Take(TrafficLoop traffic, int? server, TimeSpan duration, long operations = long.MaxValue)
    {
        var serverBefore = server is { } id ? ProcessUsage.CpuTime(id) : TimeSpan.Zero;
        TimeSpan clientBefore = ProcessUsage.CpuTime(Environment.ProcessId), busyBefore = Machine.BusyTime(), idleBefore = traffic.IdleTime;
        long operationsBefore = traffic.Operations, start = Stopwatch.GetTimestamp();

        traffic.Run(duration, operations);

        var elapsed = Stopwatch.GetElapsedTime(start);
        TimeSpan? serverCpu = server is { } same ? ProcessUsage.CpuTime(same) - serverBefore : null;
        TimeSpan clientCpu = ProcessUsage.CpuTime(Environment.ProcessId) - clientBefore, busy = Machine.BusyTime() - busyBefore;
        var other = server is null ? TimeSpan.Zero : busy - serverCpu!.Value - clientCpu;
        return new Measurement(traffic.Operations - operationsBefore, elapsed, serverCpu, elapsed - (traffic.IdleTime - idleBefore), other);
    }
}
