using LoadTest.Linux;
using LoadTest.Traffic;

namespace LoadTest.Comparison;

// What a machine gives changes while one measures, above all where it is a virtual one. So the servers take turns, in every round in another order, and only figures of
// the same run are compared; the median leaves out the round that went wrong; and a sample during which others used the machine is taken again.

/// <summary>Measures servers beside each other.</summary>
internal sealed class Comparer(Plan plan, Action<string> report, CancellationToken cancellation)
{
    /// <summary>How often a sample is taken before a disturbed one is kept.</summary>
    private const int MaxTries = 4;

    /// <summary>How often a server that is warmed has to have been found resting, one time after the other.</summary>
    private const int QuietGaps = 3;

    /// <summary>After how many bursts a server is as warm as it gets.</summary>
    private const int MaxBursts = 30;

    /// <summary>What a sample runs ahead: connections are opened, and the caches are the server's again.</summary>
    private static readonly TimeSpan RunUp = TimeSpan.FromSeconds(0.4);

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    /// <summary>Runs the plan.</summary>
    /// <returns>A result for each server in each workload.</returns>
    public IReadOnlyList<Result> Run()
    {
        Machine.AllowOpenFiles(plan.Workloads.Max(workload => workload.Connections) + 1024);
        Machine.StayOnCore(plan.ClientCore);
        var results = new List<Result>();
        foreach (var workload in plan.Workloads)
        {
            Result[] row = [.. plan.Servers.Select(server => new Result(server, workload))];
            if (workload.Kind == TrafficKind.Idle) MeasureIdle(row);
            else MeasureTraffic(row);
            results.AddRange(row);
        }
        return results;
    }

    // Each workload has server processes of its own, so that no server is tuned to the workload before.
    private void MeasureTraffic(Result[] results)
    {
        var processes = new ServerProcess?[results.Length];
        try
        {
            InTurns(results, rounds: 1, index => processes[index] = ServerProcess.Start(results[index].Server, plan.ServerCore, cancellation));
            WarmUp(results, processes);
            InTurns(results, plan.Rounds, index => MeasureTraffic(results[index], processes[index]!));
        }
        finally
        {
            foreach (var process in processes) process?.Dispose();
        }
    }

    private void WarmUp(Result[] results, ServerProcess?[] processes)
    {
        var warmUps = new WarmUp?[results.Length];
        for (int index = 0; index < results.Length; index++)
        {
            if (results[index].Failure is null) warmUps[index] = new WarmUp(processes[index]!, results[index].Workload, cancellation);
        }
        bool IsCold(int index) => results[index].Failure is null && (warmUps[index]!.Load < plan.WarmUp || warmUps[index]!.QuietGaps < QuietGaps);
        for (int turn = 0; turn < MaxBursts && Enumerable.Range(0, results.Length).Any(IsCold); turn++) InTurns(results, rounds: 1, index => warmUps[index]!.Run());
        foreach (int index in Enumerable.Range(0, results.Length).Where(IsCold)) Report(results[index], "does not come to rest between loads");
    }

    private void MeasureTraffic(Result result, ServerProcess process)
    {
        Measurement? best = null;
        for (int number = 1; ; number++)
        {
            var sample = Sample(result.Workload, process);
            if (best is null || sample.Disturbance < best.Disturbance) best = sample;
            if (best.Disturbance <= plan.MaxDisturbance || number == MaxTries) break;
            result.Discarded++;
            Report(result, $"disturbed ({sample.Disturbance:P0} of a core), once more");
        }
        if (best.Disturbance > plan.MaxDisturbance) result.Disturbed++;
        result.Add(best);
        Report(result, $"{best.ServerMicroseconds:F3} us, {best.OperationsPerSecond:F0} a second");
    }

    private Measurement Sample(Workload workload, ServerProcess process)
    {
        using var traffic = TrafficLoop.Create(workload, process.Port, cancellation);
        traffic.Open();
        traffic.Run(RunUp);
        var sample = Measurement.Take(traffic, process.Id, plan.Duration);
        if (sample.Operations == 0) throw new LoadException("it did nothing");
        traffic.Close();
        return sample;
    }

    // Each sample has a new process: memory that earlier connections left behind would be used again.
    private void MeasureIdle(Result[] results) => InTurns(results, plan.Rounds, index =>
    {
        var result = results[index];
        using var process = ServerProcess.Start(result.Server, plan.ServerCore, cancellation);
        var sample = IdleMeasurement.Take(result.Workload, process.Port, process.Id, Settling, cancellation);
        result.Add(sample);
        Report(result, $"{sample.FreshBytes:F0} bytes a connection, {sample.UsedBytes:F0} after a message");
    });

    private void InTurns(Result[] results, int rounds, Action<int> action)
    {
        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < results.Length; turn++)
            {
                int index = (round + turn) % results.Length;
                if (results[index].Failure is null) Attempt(results[index], () => action(index));
            }
        }
    }

    private void Attempt(Result result, Action action)
    {
        try
        {
            action();
        }
        catch (LoadException exception)
        {
            result.Failure = exception.Message;
            Report(result, exception.Message);
        }
    }

    private void Report(Result result, string text) => report($"{result.Workload.Name,-7} {result.Server.Name,-15} {text}");
}
