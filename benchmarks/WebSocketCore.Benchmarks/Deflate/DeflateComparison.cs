using System.Globalization;
using System.Text.RegularExpressions;
using WebSocketCore.Benchmarks.InMemory;
using WebSocketCore.Benchmarks.Quick;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>
/// permessage-deflate beside System.Net.WebSockets: a process for each library, samples that take turns, medians.
/// <code>dotnet run -c Release --project benchmarks/WebSocketCore.Benchmarks -- deflate [pattern] [--rounds N]</code>
/// </summary>
internal static class DeflateComparison
{
    private const int DefaultRounds = 7;

    public static async Task RunAsync(string[] arguments)
    {
        var roundsAt = Array.IndexOf(arguments, "--rounds") + 1;
        var rounds = roundsAt == 0 ? DefaultRounds : int.Parse(arguments[roundsAt], CultureInfo.InvariantCulture);
        var pattern = arguments.Where((argument, i) => i != roundsAt || i == 0).FirstOrDefault(argument => !argument.StartsWith('-')) ?? "";

        Console.WriteLine($"A server's work on JSON-like text: microseconds of CPU time per message, median of {rounds} interleaved rounds; the compressed size in");
        Console.WriteLine("percent, with the frame's header; bytes allocated per message; native memory of a connection that has done this work, in KiB.");
        Console.WriteLine();
        Console.WriteLine("| work | context | bytes | System us | us | ratio | System % | % | System B | B | System KiB | KiB |");
        Console.WriteLine("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        using var system = Worker.Start("deflate-worker", nameof(Library.System));
        using var core = Worker.Start("deflate-worker", nameof(Library.Core));
        Worker[] workers = [system, core];
        foreach (var scenario in DeflateScenario.All.Where(scenario => Regex.IsMatch(scenario.Name, pattern, RegexOptions.IgnoreCase)))
        {
            foreach (var worker in workers) await worker.AskAsync(scenario.Name);
            List<Sample>[] samples = [[], []];
            for (var round = 0; round < rounds; round++)
            {
                for (var i = 0; i < workers.Length; i++) samples[i].Add(Sample.Parse(await workers[i].AskAsync("measure")));
            }
            var memory = new double[workers.Length];
            for (var i = 0; i < workers.Length; i++) memory[i] = double.Parse(await workers[i].AskAsync("memory"), CultureInfo.InvariantCulture);
            Print(scenario, Sample.Median(samples[0]), Sample.Median(samples[1]), memory);
        }
    }

    private static void Print(DeflateScenario scenario, Sample system, Sample core, double[] memory)
    {
        string Percent(Sample sample) => scenario.Work == Work.Send ? Format(100 * sample.Sends / scenario.Size, "F1") : "";
        string[] cells =
        [
            scenario.Work.ToString().ToLowerInvariant(), scenario.Takeover ? "kept" : "none", scenario.Size.ToString(CultureInfo.InvariantCulture),
            Format(system.Cpu / 1000, "F2"), Format(core.Cpu / 1000, "F2"), Format(core.Cpu / system.Cpu, "F2"),
            Percent(system), Percent(core),
            Format(system.Allocated, "F0"), Format(core.Allocated, "F0"),
            Format(memory[0] / 1024, "F0"), Format(memory[1] / 1024, "F0"),
        ];
        Console.WriteLine($"| {string.Join(" | ", cells)} |");
    }

    private static string Format(double figure, string format) => figure.ToString(format, CultureInfo.InvariantCulture);
}
