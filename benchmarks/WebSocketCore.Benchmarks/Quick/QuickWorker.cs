using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using WebSocketCore.Benchmarks.InMemory;

namespace WebSocketCore.Benchmarks.Quick;

/// <summary>
/// The process that measures one variant: lines in, lines out. A process of its own, because the JIT specialises code for what it has seen, and
/// an application sees one library and one transport.
/// <code>(echo echo16/ascii/32b; yes measure | head -n 100) | bin/Release/net10.0/WebSocketCore.Benchmarks quick-worker Direct</code>
/// gives a profiler that one scenario alone.
/// </summary>
internal static class QuickWorker
{
    // Over twice the time for which the JIT waits before it goes on to a higher tier.
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ShortRun = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan MaxWarmUp = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(Variant variant)
    {
        Endpoint? endpoint = null;
        var scenario = Scenario.All[0];
        var messages = 0;
        while (Console.ReadLine() is { } line)
        {
            if (line == "measure")
            {
                Console.WriteLine((await MeasureAsync(endpoint!, messages)).Format());
                continue;
            }
            if (endpoint is not null) await endpoint.DisposeAsync();
            scenario = Scenario.All.First(scenario => scenario.Name == line);
            endpoint = Endpoint.Create(variant, scenario);
            await endpoint.VerifyAsync();
            messages = await WarmUpAsync(endpoint, scenario);
            Console.WriteLine("ready");
        }
        if (endpoint is not null) await endpoint.DisposeAsync();
    }

    /// <summary>Runs until the JIT has nothing more to do: many short runs, because it counts calls.</summary>
    /// <returns>How many messages take the time of one sample.</returns>
    private static async Task<int> WarmUpAsync(Endpoint endpoint, Scenario scenario)
    {
        var messages = scenario.Batch;
        var began = Stopwatch.GetTimestamp();
        var compiled = JitInfo.GetCompiledMethodCount();
        var compiledAt = began;
        var perMessage = 0.0;
        while (Stopwatch.GetElapsedTime(began) < MaxWarmUp && Stopwatch.GetElapsedTime(compiledAt) < Settled)
        {
            var runBegan = Stopwatch.GetTimestamp();
            endpoint.Check(messages, await endpoint.RunAsync(messages));
            perMessage = Stopwatch.GetElapsedTime(runBegan).TotalNanoseconds / messages;
            messages = Batches(Math.Min(ShortRun.TotalNanoseconds / perMessage, 2.0 * messages));
            if (JitInfo.GetCompiledMethodCount() == compiled) continue;
            compiled = JitInfo.GetCompiledMethodCount();
            compiledAt = Stopwatch.GetTimestamp();
        }
        return Batches(QuickComparison.SampleTime.TotalNanoseconds / perMessage);

        int Batches(double messages) => Math.Max((int)messages / scenario.Batch, 1) * scenario.Batch;
    }

    private static async Task<Sample> MeasureAsync(Endpoint endpoint, int messages)
    {
        var sends = endpoint.Output.Sends;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Environment.CpuUsage.TotalTime;
        var began = Stopwatch.GetTimestamp();
        var bytes = await endpoint.RunAsync(messages);
        var wall = Stopwatch.GetElapsedTime(began);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        endpoint.Check(messages, bytes);
        return new Sample(
            cpu.TotalNanoseconds / messages, wall.TotalNanoseconds / messages,
            (double)allocated / messages, (double)(endpoint.Output.Sends - sends) / messages);
    }
}

/// <summary>One measurement, each figure per message.</summary>
/// <param name="Cpu">Nanoseconds of CPU time, of all threads.</param>
/// <param name="Wall">Nanoseconds.</param>
/// <param name="Allocated">Bytes, of all threads.</param>
/// <param name="Sends">How often something was given to the transport.</param>
internal sealed record Sample(double Cpu, double Wall, double Allocated, double Sends)
{
    public string Format() => string.Create(CultureInfo.InvariantCulture, $"{Cpu} {Wall} {Allocated} {Sends}");

    public static Sample Parse(string line)
    {
        var figures = line.Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture)).ToArray();
        return new Sample(figures[0], figures[1], figures[2], figures[3]);
    }

    /// <summary>The median of each figure.</summary>
    public static Sample Median(List<Sample> samples) => new(
        Median(samples.Select(sample => sample.Cpu)), Median(samples.Select(sample => sample.Wall)),
        Median(samples.Select(sample => sample.Allocated)), Median(samples.Select(sample => sample.Sends)));

    public static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
