using System.Text;
using System.Text.RegularExpressions;
using LoadTest.Linux;
using LoadTest.Traffic;

namespace LoadTest.Comparison;

/// <summary>A comparison as Markdown: ratios first, then all figures.</summary>
internal sealed partial class Report(Plan plan, IReadOnlyList<Result> results, Server? baseline)
{
    private const string None = "-";

    private readonly StringBuilder _text = new();

    /// <summary>The folder in benchmarks/results for machines like this one: the processor's name in small letters.</summary>
    public static string MachineFolder(string processor)
    {
        string name = Noise().Replace(processor.ToLowerInvariant(), " ");
        return NoLetters().Replace(name, "-").Trim('-');
    }

    /// <summary>Writes the whole of it.</summary>
    /// <param name="command">The arguments that this program was given.</param>
    /// <param name="date">The day.</param>
    /// <param name="missing">Servers that could not take part, and why.</param>
    public string Write(string command, DateOnly date, IReadOnlyList<(Server Server, string Reason)> missing)
    {
        Line("# Echo servers beside each other");
        Line();
        Line($"    dotnet run -c Release --project benchmarks/LoadTest -- {command}");
        Line();
        Line($"{date:yyyy-MM-dd}, {Machine.Processor}, {Machine.Cores} cores, Linux {Machine.Kernel}. Servers on core {plan.ServerCore}, the load generator on core {plan.ClientCore}, no compression.");
        Line($"{plan.Rounds} rounds of {plan.Duration.TotalSeconds} s in which the servers take turns; figures are medians of the rounds, and a ratio is one median by another.");
        WriteServers(missing);
        WriteRatios();
        WriteMemory();
        foreach (var workload in plan.Workloads.Where(workload => workload.Kind != TrafficKind.Idle)) WriteFigures(workload);
        return _text.ToString();
    }

    private void WriteServers(IReadOnlyList<(Server Server, string Reason)> missing)
    {
        Line();
        Line("| server | what it is | version |");
        Line("|---|---|---|");
        foreach (var server in plan.Servers) Line($"| {server.Name} | {server.Description} | {server.Version()} |");
        foreach (var (server, reason) in missing) Line($"| {server.Name} | {server.Description} | did not take part: {Cell(reason)} |");

        Line();
        Line("| workload | what the clients do | connections |");
        Line("|---|---|---|");
        foreach (var workload in plan.Workloads) Line($"| {workload.Name} | {workload.Description} | {workload.Connections} |");
    }

    private void WriteRatios()
    {
        Workload[] workloads = [.. plan.Workloads.Where(workload => workload.Kind != TrafficKind.Idle)];
        if (workloads.Length == 0) return;
        Line();
        Line("## CPU time of the server for a message");
        Line();
        Line("All threads, as user and in the kernel; for hs, for a connection from its opening to its end.");
        Line(baseline is null ? "In microseconds." : $"{baseline.Name} in microseconds, the others as ratios to it: less is better.");
        Line();
        Line($"| | {string.Join(" | ", workloads.Select(workload => workload.Name))} |");
        Line($"|---|{string.Concat(workloads.Select(_ => "---|"))}");
        if (baseline is not null) Line($"| {baseline.Name}, us | {string.Join(" | ", workloads.Select(workload => Microseconds(Find(baseline, workload))))} |");
        foreach (var server in plan.Servers.Where(server => server != baseline))
        {
            var cells = workloads.Select(workload => baseline is null ? Microseconds(Find(server, workload)) : Ratio(Find(server, workload), Find(baseline, workload), result => result.Main));
            Line($"| {server.Name} | {string.Join(" | ", cells)} |");
        }
    }

    private void WriteMemory()
    {
        foreach (var workload in plan.Workloads.Where(workload => workload.Kind == TrafficKind.Idle))
        {
            Line();
            Line("## Memory of the server for an idle connection");
            Line();
            Line($"Growth of its resident memory by {workload.Connections} connections, in bytes for each: fresh ones, and after each has exchanged one message.");
            Line("A server begins without having had any connection, so what it loads and compiles for its first ones is included.");
            Line();
            Line("| | fresh | min to max | ratio | after a message | min to max | ratio |");
            Line("|---|---|---|---|---|---|---|");
            foreach (var server in plan.Servers)
            {
                var result = Find(server, workload);
                var reference = baseline is null ? null : Find(baseline, workload);
                string cells = result.HasFigures
                    ? $"{Bytes(result.Main)} | {Ratio(result, reference, it => it.Main)} | {Bytes(result.Used)} | {Ratio(result, reference, it => it.Used)}"
                    : $"{Cell(result.Failure ?? None)} | | | | | ";
                Line($"| {server.Name} | {cells} |");
            }
        }
    }

    private void WriteFigures(Workload workload)
    {
        Line();
        Line($"## {workload.Name}: {workload.Description}, {workload.Connections} connection{(workload.Connections == 1 ? "" : "s")}");
        Line();
        Line("| | us | min to max | ratio | a second | server busy | client busy | thrown away |");
        Line("|---|---|---|---|---|---|---|---|");
        foreach (var server in plan.Servers)
        {
            var result = Find(server, workload);
            if (!result.HasFigures)
            {
                Line($"| {server.Name} | {Cell(result.Failure ?? None)} | | | | | | |");
                continue;
            }
            string kept = result.Disturbed == 0 ? "" : $", {result.Disturbed} kept though disturbed";
            Line($"| {server.Name} | {Microseconds(result)} | {Number(result.Main.Min)} to {Number(result.Main.Max)} | {Ratio(result, baseline is null ? null : Find(baseline, workload), it => it.Main)} "
                + $"| {result.Rate.Median:F0} | {100 * result.ServerLoad.Median:F0} % | {100 * result.ClientLoad.Median:F0} % | {result.Discarded}{kept} |");
        }
    }

    private Result Find(Server server, Workload workload) => results.Single(result => result.Server == server && result.Workload == workload);

    private static string Microseconds(Result result) => result.HasFigures ? Number(result.Main.Median) : None;

    private static string Ratio(Result result, Result? reference, Func<Result, Samples> quantity) =>
        result.HasFigures && reference is { HasFigures: true } ? $"{quantity(result).Median / quantity(reference).Median:F2}" : None;

    private static string Bytes(Samples bytes) => $"{bytes.Median:F0} | {bytes.Min:F0} to {bytes.Max:F0}";

    /// <summary>Three digits that matter.</summary>
    private static string Number(double value) => value switch
    {
        >= 100 => $"{value:F0}",
        >= 10 => $"{value:F1}",
        >= 1 => $"{value:F2}",
        _ => $"{value:F3}",
    };

    private static string Cell(string text) => text.Replace('|', '/').Replace('\n', ' ').Trim();

    private void Line() => _text.Append('\n');

    private void Line(string text) => _text.Append(text).Append('\n');

    // What does not tell one processor from another, and the clock rate, which the name of a model implies.
    [GeneratedRegex(@"\((r|tm)\)|@.*|\b(processor|cpu)\b")]
    private static partial Regex Noise();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoLetters();
}
