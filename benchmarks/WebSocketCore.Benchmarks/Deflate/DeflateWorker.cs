using System.Diagnostics;
using System.Globalization;
using WebSocketCore.Benchmarks.Quick;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>The process that measures one library: the name of a scenario, then "measure" any number of times; or "memory" for a scenario's native memory.</summary>
internal static class DeflateWorker
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan SampleTime = TimeSpan.FromMilliseconds(150);

    public static async Task RunAsync(Library library)
    {
        DeflateEndpoint? endpoint = null;
        DeflateScenario scenario = DeflateScenario.All[0];
        var messages = 0;
        while (Console.ReadLine() is { } line)
        {
            switch (line)
            {
                case "measure":
                    Console.WriteLine((await MeasureAsync(endpoint!, messages)).Format());
                    break;

                case "memory":
                    Console.WriteLine((await MeasureMemoryAsync(library, scenario)).ToString(CultureInfo.InvariantCulture));
                    break;

                default:
                    if (endpoint is not null) await endpoint.DisposeAsync();
                    scenario = DeflateScenario.All.First(scenario => scenario.Name == line);
                    endpoint = DeflateEndpoint.Create(library, scenario);
                    messages = await WarmUpAsync(endpoint, scenario);
                    Console.WriteLine("ready");
                    break;
            }
        }
    }

    /// <returns>How many messages take the time of one sample: whole rounds, so that every sample has the same ones.</returns>
    private static async Task<int> WarmUpAsync(DeflateEndpoint endpoint, DeflateScenario scenario)
    {
        var began = Stopwatch.GetTimestamp();
        var messages = 0;
        do
        {
            await endpoint.RunAsync(scenario.Count);
            messages += scenario.Count;
        }
        while (Stopwatch.GetElapsedTime(began) < WarmUp);
        var rounds = SampleTime / Stopwatch.GetElapsedTime(began) * messages / scenario.Count;
        return Math.Max((int)rounds, 1) * scenario.Count;
    }

    private static async Task<Sample> MeasureAsync(DeflateEndpoint endpoint, int messages)
    {
        var bytes = endpoint.Output.Bytes;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var began = Stopwatch.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        await endpoint.RunAsync(messages);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        var wall = Stopwatch.GetElapsedTime(began);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        return new Sample(
            cpu.TotalNanoseconds / messages, wall.TotalNanoseconds / messages,
            (double)allocated / messages, (double)(endpoint.Output.Bytes - bytes) / messages);
    }

    /// <summary>Native bytes in use for each connection that has done its work twice and is open.</summary>
    private static async Task<double> MeasureMemoryAsync(Library library, DeflateScenario scenario)
    {
        const int connections = 100;
        var endpoints = new List<DeflateEndpoint>();
        var before = NativeMemoryUse.Bytes();
        for (var i = 0; i < connections; i++)
        {
            endpoints.Add(DeflateEndpoint.Create(library, scenario));
            await endpoints[i].RunAsync(2);
        }
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var used = NativeMemoryUse.Bytes() - before;
        foreach (var endpoint in endpoints) await endpoint.DisposeAsync();
        return (double)used / connections;
    }
}
