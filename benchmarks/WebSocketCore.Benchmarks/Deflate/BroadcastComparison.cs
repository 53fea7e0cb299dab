using System.Globalization;
using WebSocketCore.Benchmarks.InMemory;
using WebSocketCore.Benchmarks.Quick;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>
/// One message to many connections, sent to each, and prepared once.
/// <code>dotnet run -c Release --project benchmarks/WebSocketCore.Benchmarks -- broadcast [CONNECTIONS]</code>
/// </summary>
internal static class BroadcastComparison
{
    private const int DefaultConnections = 10_000;
    private const int Size = 1024;
    private const int Rounds = 7;

    public static async Task RunAsync(string[] arguments)
    {
        var count = arguments.Length == 0 ? DefaultConnections : int.Parse(arguments[0], CultureInfo.InvariantCulture);
        Console.WriteLine($"{Size} bytes of JSON-like text to {count:N0} connections in memory: nanoseconds of CPU time and bytes allocated per connection, medians of {Rounds}");
        Console.WriteLine("interleaved rounds; a prepared message is made and disposed of for each round.");
        Console.WriteLine();
        Console.WriteLine("| connections | each ns | prepared ns | each / prepared | each B | prepared B |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        await CompareAsync("plain", count, []);
        await CompareAsync("compressed, no context", count, [CoreDeflateEndpoint.Agree(takeover: false)]);

        // A compressor for each takes its memory.
        await CompareAsync($"compressed, contexts kept ({count / 10:N0} of them)", count / 10, [CoreDeflateEndpoint.Agree(takeover: true)]);
    }

    private static async Task CompareAsync(string name, int count, NegotiatedExtension[] extensions)
    {
        var options = new WebSocketServerOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan };
        var connections = new WebSocketConnection[count];
        for (var i = 0; i < count; i++)
        {
            connections[i] = WebSocketConnection.FromUpgraded(
                new WirePipe(new WireInput([0]), new WireOutput()), WebSocketRole.Server, options, extensions: extensions);
        }

        // Different ones, lest a context makes the next one of each next to nothing.
        var messages = JsonText.Create(Size, 2 * (Rounds + 2));
        var next = 0;
        List<(double Cpu, double Allocated)> each = [], prepared = [];
        for (var round = 0; round < Rounds + 2; round++)
        {
            var ofEach = await MeasureAsync(count, () => SendToEachAsync(connections, messages[next++]));
            var ofPrepared = await MeasureAsync(count, () => SendPreparedAsync(connections, messages[next++]));
            if (round < 2) continue; // The JIT is at work.
            each.Add(ofEach);
            prepared.Add(ofPrepared);
        }
        foreach (var connection in connections) connection.Abort();

        var (eachCpu, preparedCpu) = (Sample.Median(each.Select(sample => sample.Cpu)), Sample.Median(prepared.Select(sample => sample.Cpu)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {eachCpu:F0} | {preparedCpu:F0} | {eachCpu / preparedCpu:F1} | {Sample.Median(each.Select(sample => sample.Allocated)):F1} | {Sample.Median(prepared.Select(sample => sample.Allocated)):F1} |"));
    }

    private static async Task SendToEachAsync(WebSocketConnection[] connections, byte[] message)
    {
        foreach (var connection in connections) await connection.SendAsync(MessageKind.Text, message.AsMemory());
    }

    private static async Task SendPreparedAsync(WebSocketConnection[] connections, byte[] message)
    {
        using var prepared = PreparedMessage.Create(MessageKind.Text, message.AsMemory());
        foreach (var connection in connections) await connection.SendAsync(prepared);
    }

    private static async Task<(double Cpu, double Allocated)> MeasureAsync(int count, Func<Task> send)
    {
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Environment.CpuUsage.TotalTime;
        await send();
        cpu = Environment.CpuUsage.TotalTime - cpu;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        return (cpu.TotalNanoseconds / count, (double)allocated / count);
    }
}
