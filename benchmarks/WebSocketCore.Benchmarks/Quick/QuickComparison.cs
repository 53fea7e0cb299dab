using System.Diagnostics;
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

    public static IReadOnlyList<Scenario> Scenarios { get; } = [.. AllScenarios()];

    public static async Task RunAsync(string[] arguments)
    {
        var wall = arguments.Contains("--wall");
        var roundsAt = Array.IndexOf(arguments, "--rounds") + 1;
        var rounds = roundsAt == 0 ? DefaultRounds : int.Parse(arguments[roundsAt], CultureInfo.InvariantCulture);
        var pattern = arguments.Where((argument, i) => i != roundsAt || i == 0).FirstOrDefault(argument => !argument.StartsWith('-')) ?? "";
        var chosen = Scenarios.Where(scenario => Regex.IsMatch(scenario.Name, pattern, RegexOptions.IgnoreCase)).ToArray();

        Console.WriteLine($"Nanoseconds of {(wall ? "time" : "CPU time")} per message, median of {rounds} interleaved rounds, ratio to System.Net.WebSockets.");
        Console.WriteLine($"* CPU time is over {SeveralThreads} times the wall time: several threads work. Bytes and sends per message in the order of the columns.");
        Console.WriteLine(
            $"{"",-24}{"System",11}{"stream",10}{"ratio",7}{"pipe",10}{"ratio",7}{"direct",10}{"ratio",7}   {"bytes allocated",-24}sends");
        var variants = Enum.GetValues<Variant>();
        var workers = variants.Select(Worker.Start).ToArray();
        foreach (var scenario in chosen)
        {
            foreach (var worker in workers) await worker.AskAsync(scenario.Name);
            var samples = variants.Select(_ => new List<Sample>()).ToArray();
            for (var round = 0; round < rounds; round++)
            {
                for (var i = 0; i < workers.Length; i++) samples[i].Add(Sample.Parse(await workers[i].AskAsync("measure")));
            }
            Print(scenario, [.. samples.Select(Median)], wall);
        }
        foreach (var worker in workers) worker.Dispose();
    }

    private static IEnumerable<Scenario> AllScenarios()
    {
        foreach (var (work, role) in new[]
        {
            (Work.Receive, WebSocketRole.Server), (Work.Send, WebSocketRole.Server), (Work.Send, WebSocketRole.Client),
        })
        {
            foreach (var content in Enum.GetValues<Content>())
            {
                // Masking is the same for all.
                if (role == WebSocketRole.Client && content != Content.Binary) continue;
                foreach (var size in Scenario.Sizes) yield return new Scenario(work, content, size, Scenario.DefaultBatch(size), role);
            }
        }
        foreach (var (content, size, batch) in new[]
        {
            (Content.Ascii, 32, 1), (Content.Ascii, 32, 16), (Content.Ascii, 32, 64), (Content.Binary, 125, 16), (Content.Binary, 125, 64),
            (Content.Binary, 1024, 4), (Content.Binary, 16 * 1024, 4), (Content.Chinese, 16 * 1024, 4), (Content.Binary, 1024 * 1024, 1),
        })
        {
            yield return new Scenario(Work.Echo, content, size, batch, WebSocketRole.Server);
        }
    }

    private static Sample Median(List<Sample> samples) => new(
        Median(samples, sample => sample.Cpu), Median(samples, sample => sample.Wall),
        Median(samples, sample => sample.Allocated), Median(samples, sample => sample.Sends));

    private static double Median(List<Sample> samples, Func<Sample, double> figure)
    {
        var sorted = samples.Select(figure).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static void Print(Scenario scenario, Sample[] medians, bool wall)
    {
        double Time(Sample sample) => wall ? sample.Wall : sample.Cpu;
        string Shown(Sample sample) => Time(sample).ToString(Time(sample) < 1000 ? "F1" : "N0", CultureInfo.InvariantCulture)
            + (sample.Cpu > SeveralThreads * sample.Wall ? "*" : " ");
        var ratios = medians[1..].Select(sample => string.Create(
            CultureInfo.InvariantCulture, $"{Shown(sample),10}{Time(sample) / Time(medians[0]),7:F2}"));
        var allocated = medians.Select(sample => sample.Allocated.ToString(sample.Allocated < 10 ? "0.#" : "F0", CultureInfo.InvariantCulture));
        var sends = medians.Select(sample => sample.Sends.ToString("0.##", CultureInfo.InvariantCulture));
        Console.WriteLine(
            $"{scenario.Name,-24}{Shown(medians[0]),11}{string.Concat(ratios)}   {string.Join(" / ", allocated),-24}{string.Join(" / ", sends)}");
    }

    private sealed class Worker(Process process) : IDisposable
    {
        public static Worker Start(Variant variant)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };

            // Started by the dotnet host, the program is its first argument.
            if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(Program).Assembly.Location);
            start.ArgumentList.Add("quick-worker");
            start.ArgumentList.Add(variant.ToString());
            return new Worker(Process.Start(start)!);
        }

        public async Task<string> AskAsync(string line)
        {
            await process.StandardInput.WriteLineAsync(line);
            await process.StandardInput.FlushAsync();
            return await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("A worker has ended.");
        }

        public void Dispose()
        {
            process.StandardInput.Close();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
