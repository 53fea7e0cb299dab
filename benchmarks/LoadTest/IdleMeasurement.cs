using LoadTest.Linux;
using LoadTest.Traffic;

namespace LoadTest;

/// <summary>What silent connections cost.</summary>
/// <param name="FreshBytes">The growth of the server's resident memory by each connection that was opened.</param>
/// <param name="UsedBytes">The same, after one message on each and its echo.</param>
internal sealed record IdleMeasurement(double FreshBytes, double UsedBytes)
{
    /// <summary>Opens the connections of a workload, and measures before, after, and when each has been used once.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="port">The server's port.</param>
    /// <param name="server">The server's process. It should not have had any connections yet: what those left behind would be used again.</param>
    /// <param name="settling">How long to wait before each look.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static IdleMeasurement Take(Workload workload, int port, int server, TimeSpan settling, CancellationToken cancellation)
    {
        using var traffic = new IdleTraffic(workload, port, cancellation);
        cancellation.WaitHandle.WaitOne(settling);
        long before = ProcessUsage.ResidentBytes(server);
        traffic.Open();
        traffic.Run(settling);
        long fresh = ProcessUsage.ResidentBytes(server);
        traffic.SendOneEach();
        traffic.Run(settling);
        long used = ProcessUsage.ResidentBytes(server);
        return new IdleMeasurement((double)(fresh - before) / workload.Connections, (double)(used - before) / workload.Connections);
    }
}
