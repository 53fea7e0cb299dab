using System.CommandLine;
using LoadTest.Linux;
using LoadTest.Traffic;

namespace LoadTest;

/// <summary>The generator alone, against a server that runs already.</summary>
internal static class LoadCommand
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "The server's TCP port on 127.0.0.1.", Required = true };
        var pid = new Option<int?>("--pid") { Description = "The server's process, to measure its CPU time and memory." };
        var workloads = Settings.Workloads();
        var seconds = Settings.Seconds("--seconds", "How long to measure a workload.", 3);
        var warmUp = Settings.Seconds("--warm-up", "How long to warm the server before.", 2);
        var messages = Settings.Number("--messages", "How many messages or handshakes are enough before the time is over; 0 for any.", 0L, 0, long.MaxValue);
        var core = Settings.Number("--client-core", "The core for the generator; -1 for any.", 1, -1, 1023);
        var command = new Command("load", "Puts load on a server that runs already.") { port, pid, workloads, seconds, warmUp, messages, core };
        command.SetAction(arguments => Interruption.Run(cancellation =>
        {
            if (arguments.GetValue(core) >= 0) Machine.StayOnCore(arguments.GetValue(core));
            foreach (var workload in arguments.GetRequiredValue(workloads))
            {
                Console.WriteLine(workload.Kind == TrafficKind.Idle
                    ? Idle(workload, arguments.GetValue(port), arguments.GetValue(pid), cancellation)
                    : Traffic(workload, arguments.GetValue(port), arguments.GetValue(pid), arguments.GetValue(warmUp), arguments.GetValue(seconds), arguments.GetValue(messages), cancellation));
            }
        }));
        return command;
    }

    private static string Traffic(Workload workload, int port, int? pid, double warmUp, double seconds, long messages, CancellationToken cancellation)
    {
        using var traffic = TrafficLoop.Create(workload, port, cancellation);
        traffic.Open();
        traffic.Run(TimeSpan.FromSeconds(warmUp));
        var measured = Measurement.Take(traffic, pid, TimeSpan.FromSeconds(seconds), messages > 0 ? messages : long.MaxValue);
        traffic.Close();
        string unit = workload.Kind == TrafficKind.Handshakes ? "handshakes" : "messages";
        string line = $"{workload.Name,-7} {measured.Operations} {unit}, {measured.OperationsPerSecond:F0} a second, client {measured.ClientLoad:P0}";
        if (pid is null) return line;
        return line + $", server {measured.ServerLoad:P0}, others {measured.Disturbance:P0}: server {measured.ServerMicroseconds:F3} us each";
    }

    private static string Idle(Workload workload, int port, int? pid, CancellationToken cancellation)
    {
        if (pid is null) return $"{workload.Name,-7} needs --pid.";
        var measured = IdleMeasurement.Take(workload, port, pid.Value, Settling, cancellation);
        return $"{workload.Name,-7} {workload.Connections} connections: server {measured.FreshBytes:F0} bytes each, {measured.UsedBytes:F0} after a message on each";
    }
}
