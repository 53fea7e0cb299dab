using System.Globalization;
using System.IO.Compression;
using WebSocketCore.Benchmarks.InMemory;
using WebSocketCore.Benchmarks.Quick;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>
/// Two ways to keep to a window of 2^N bytes: a compressor that has one, and a compressor with the largest one, as the base library's DeflateStream is,
/// that starts anew after every 2^N bytes.
/// <code>dotnet run -c Release --project benchmarks/WebSocketCore.Benchmarks -- windows</code>
/// </summary>
internal static class WindowComparison
{
    private const int Size = 16 * 1024;
    private const int Count = 200;
    private const int Rounds = 5;
    private const int LargestWindowBits = 15;

    public static async Task RunAsync()
    {
        Console.WriteLine($"{Count} messages of {Size} bytes of JSON-like text, each compressed by itself: compressed size in percent, microseconds of CPU time per message");
        Console.WriteLine($"(medians of {Rounds} rounds), native memory of a compressor in KiB.");
        Console.WriteLine();
        Console.WriteLine("| window | window % | window us | window KiB | restarts % | restarts us | restarts KiB |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        var messages = JsonText.Create(Size, Count);
        for (var bits = 9; bits <= LargestWindowBits; bits++)
        {
            var restart = 1 << bits;
            var (windowSize, windowTime) = await MeasureAsync(() => CompressAsync(messages, bits));
            var (restartSize, restartTime) = await MeasureAsync(() => Task.FromResult(messages.Sum(message => Restarting(message, restart))));
            var windowMemory = await WindowMemoryAsync(messages[0], bits);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {1 << bits} | {windowSize:F1} | {windowTime:F0} | {windowMemory:F0} | {restartSize:F1} | {restartTime:F0} | {RestartMemory(messages[0]):F0} |"));
        }
    }

    private static async Task<long> CompressAsync(byte[][] messages, int bits)
    {
        var output = new WireOutput();
        await using var connection = Connect(output, bits, takeover: false);
        foreach (var message in messages) await connection.SendAsync(MessageKind.Text, message.AsMemory());
        connection.Abort();
        return output.Bytes;
    }

    private static WebSocketConnection Connect(WireOutput output, int bits, bool takeover) => WebSocketConnection.FromUpgraded(
        new WirePipe(new WireInput([0]), output), WebSocketRole.Server, new WebSocketServerOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan },
        extensions: [new PermessageDeflate { ServerMaxWindowBits = bits, ServerNoContextTakeover = !takeover }.Accept(ExtensionParameters.None)!]);

    private static long Restarting(byte[] message, int every)
    {
        using var output = new MemoryStream();
        for (var start = 0; start < message.Length; start += every)
        {
            using var deflate = new DeflateStream(output, CompressionLevel.Optimal, leaveOpen: true);
            deflate.Write(message, start, Math.Min(every, message.Length - start));
        }
        return output.Length;
    }

    private static async Task<(double Percent, double Microseconds)> MeasureAsync(Func<Task<long>> compress)
    {
        var size = await compress();
        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var cpu = Environment.CpuUsage.TotalTime;
            await compress();
            times.Add((Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Count);
        }
        return (100.0 * size / ((long)Count * Size), Sample.Median(times));
    }

    private static async Task<double> WindowMemoryAsync(byte[] message, int bits)
    {
        const int compressors = 50;
        var connections = new List<WebSocketConnection>();
        var before = NativeMemoryUse.Bytes();
        for (var i = 0; i < compressors; i++)
        {
            connections.Add(Connect(new WireOutput(), bits, takeover: true));
            await connections[i].SendAsync(MessageKind.Text, message.AsMemory());
        }
        var used = NativeMemoryUse.Bytes() - before;
        foreach (var connection in connections) connection.Abort();
        return used / 1024.0 / compressors;
    }

    private static double RestartMemory(byte[] message)
    {
        const int compressors = 50;
        var streams = new List<DeflateStream>();
        var before = NativeMemoryUse.Bytes();
        for (var i = 0; i < compressors; i++)
        {
            streams.Add(new DeflateStream(Stream.Null, CompressionLevel.Optimal));
            streams[i].Write(message);
            streams[i].Flush();
        }
        var used = NativeMemoryUse.Bytes() - before;
        foreach (var stream in streams) stream.Dispose();
        return used / 1024.0 / compressors;
    }
}
