using System.Globalization;
using System.Text.RegularExpressions;
using WebSocketCore.Benchmarks.InMemory;

namespace WebSocketCore.Benchmarks.Quick;

/// <summary>
/// A comparison with System.Net.WebSockets in a minute or two, for tuning: a process for each variant, samples that take turns, medians.
/// <code>dotnet run -c Release --project benchmarks/WebSocketCore.Benchmarks -- quick [pattern] [--wall] [--rounds N]</code>
/// </summary>
internal static class QuickComparison
{
    private const int DefaultRounds = 5;

    // CPU time over wall time from which a sample is marked as work of several threads.
    private const double SeveralThreads = 1.15;

    public static TimeSpan SampleTime { get; } = TimeSpan.FromMilliseconds(40);

    public static async Task RunAsync(string[] arguments)
    {
        var wall = arguments.Contains("--wall");
        var roundsAt = Array.IndexOf(arguments, "--rounds") + 1;
        var rounds = roundsAt == 0 ? DefaultRounds : int.Parse(arguments[roundsAt], CultureInfo.InvariantCulture);
        var pattern = arguments.Where((argument, i) => i != roundsAt || i == 0).FirstOrDefault(argument => !argument.StartsWith('-')) ?? "";
        var chosen = Scenario.All.Where(scenario => Regex.IsMatch(scenario.Name, pattern, RegexOptions.IgnoreCase)).ToArray();
        if (chosen.Length == 0)
        {
            Console.WriteLine("Nothing matches. There are:");
            foreach (var scenario in Scenario.All) Console.WriteLine(scenario);
            return;
        }

        Console.WriteLine($"Nanoseconds of {(wall ? "time" : "CPU time")} per message, median of {rounds} interleaved rounds, ratio to System.Net.WebSockets;");
        Console.WriteLine($"* several threads worked: the CPU time is over {SeveralThreads} times the time. Bytes allocated and sends to the transport are per");
        Console.WriteLine("message, in the order of the columns; below a byte is the measuring itself.");
        Console.WriteLine();
        PrintRow("scenario", ["System", "stream", "ratio", "pipe", "ratio", "direct", "ratio"], "bytes allocated", "sends");
        PrintRow("---", ["---:", "---:", "---:", "---:", "---:", "---:", "---:"], "---", "---");
        var variants = Enum.GetValues<Variant>();
        var workers = variants.Select(variant => Worker.Start("quick-worker", variant.ToString())).ToArray();
        foreach (var scenario in chosen)
        {
            foreach (var worker in workers) await worker.AskAsync(scenario.Name);
            var samples = variants.Select(_ => new List<Sample>()).ToArray();
            for (var round = 0; round < rounds; round++)
            {
                for (var i = 0; i < workers.Length; i++) samples[i].Add(Sample.Parse(await workers[i].AskAsync("measure")));
            }
            Print(scenario, [.. samples.Select(Sample.Median)], wall);
        }
        foreach (var worker in workers) worker.Dispose();
    }

    private static void Print(Scenario scenario, Sample[] medians, bool wall)
    {
        double Time(Sample sample) => wall ? sample.Wall : sample.Cpu;
        string Shown(Sample sample) => Format(Time(sample), Time(sample) < 1000 ? "F1" : "N0") + (sample.Cpu > SeveralThreads * sample.Wall ? "*" : "");
        string[] times =
        [
            Shown(medians[0]),
            .. medians[1..].SelectMany(sample => new[] { Shown(sample), Format(Time(sample) / Time(medians[0]), "F2") }),
        ];
        PrintRow(
            scenario.Name, times,
            string.Join(" / ", medians.Select(sample => Format(sample.Allocated, sample.Allocated < 10 ? "0.#" : "F0"))),
            string.Join(" / ", medians.Select(sample => Format(sample.Sends, "0.##"))));
    }

    /// <summary>A row of a Markdown table, aligned for the eye.</summary>
    private static void PrintRow(string scenario, string[] times, string allocated, string sends) => Console.WriteLine(
        $"| {scenario,-24} | {string.Join(" | ", times.Select((time, i) => time.PadLeft(i == 0 || i % 2 == 1 ? 8 : 5)))} | {allocated,-22} | {sends,-22} |");

    private static string Format(double figure, string format) => figure.ToString(format, CultureInfo.InvariantCulture);
}
