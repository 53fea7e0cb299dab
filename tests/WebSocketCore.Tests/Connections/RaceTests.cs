using System.IO.Pipelines;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Everything at once, in many orders: whatever races, everybody gets a documented answer and the connection ends.</summary>
public class RaceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Every_operation_completes(int batch)
    {
        for (var seed = batch * 100; seed < (batch + 1) * 100; seed++) await RunAsync(seed);
    }

    private static async Task RunAsync(int seed)
    {
        var random = new Random(seed);
        var pool = new PoisoningPool();
        var options = new WebSocketServerOptions
        {
            BufferPool = pool,
            CloseTimeout = Timeout.InfiniteTimeSpan,
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
            MaxMessageSize = random.Next(4) == 0 ? 150_000 : 1 << 20,
        };
        var pair = new DuplexPair(new PipeOptions(pauseWriterThreshold: 1 << random.Next(4, 18), resumeWriterThreshold: 1, useSynchronizationContext: false));
        WebSocketConnection[] ends =
        [
            WebSocketConnection.FromUpgraded(pair.Server, WebSocketRole.Server, options),
            WebSocketConnection.FromUpgraded(pair.Client, WebSocketRole.Client, options),
        ];

        var operations = new List<Func<Task>>();
        foreach (var end in ends)
        {
            var way = random.Next(3);
            operations.Add(() => ReceiveAsync(end, way));
            for (var i = random.Next(2, 8); i > 0; i--) operations.Add(Operation(end, random));
        }

        // One operation in any case that ends the connection, perhaps together with others.
        var last = ends[random.Next(2)];
        var how = random.Next(3);
        operations.Add(how switch
        {
            0 => () => Task.Run(last.Abort),
            1 => () => last.CloseAsync(CloseCode.GoingAway, "last").AsTask(),
            _ => () => last.DisposeAsync().AsTask(),
        });
        var order = operations.ToArray();
        random.Shuffle(order);
        await Task.WhenAll(order.Select(operation => Task.Run(() => TryAsync(operation)))).WaitAsync(TimeSpan.FromSeconds(60));

        foreach (var end in ends) await end.DisposeAsync().Within();
        foreach (var end in ends) (await end.Closed.Within()).Should().Be(end.Closure);
        pool.ShouldBeBalanced();
    }

    private static Func<Task> Operation(WebSocketConnection end, Random random)
    {
        var size = random.Next(2) == 0 ? random.Next(100) : random.Next(200_000);
        var payload = Wire.Bytes(size, size);
        return random.Next(9) switch
        {
            0 => () => end.SendAsync(MessageKind.Binary, payload).AsTask(),
            1 => () => end.SendTextAsync(new string('é', size / 2)).AsTask(),
            2 => () => end.PingAsync().AsTask(),
            3 => () => WriteAsync(end, payload, completes: true),
            4 => () => WriteAsync(end, payload, completes: size % 4 != 0),
            5 => () => CancelAsync(token => end.SendAsync(MessageKind.Binary, payload, token).AsTask()),
            6 => () => CancelAsync(token => end.CloseAsync(CloseCode.NormalClosure, "cancelled", token).AsTask()),
            7 => () => CancelAsync(token => end.PingAsync(token).AsTask()),
            _ => () => end.SendPongAsync(payload.AsMemory(0, Math.Min(size, 125))).AsTask(),
        };
    }

    // Received content is checked: it must be what some sender sent, whole.
    private static async Task ReceiveAsync(WebSocketConnection end, int way)
    {
        while (true)
        {
            using var cancel = new CancellationTokenSource();
            try
            {
                if (way == 1) _ = Task.Run(cancel.Cancel);
                if (way == 2)
                {
                    using var reader = await end.ReceiveStreamingAsync(cancel.Token);
                    if (reader is null) return;
                    using var copy = new MemoryStream();
                    await reader.CopyToAsync(copy, cancel.Token);
                    Check(reader.Kind, copy.ToArray());
                }
                else
                {
                    if (await end.ReceiveAsync(cancel.Token) is not { } message) return;
                    Check(message.Kind, message.ToArray());
                }
            }
            catch (OperationCanceledException)
            {
                way = 0;
            }
        }
    }

    private static void Check(MessageKind kind, byte[] payload)
    {
        var sound = kind == MessageKind.Text
            ? payload.AsSpan().SequenceEqual(System.Text.Encoding.UTF8.GetBytes(new string('é', payload.Length / 2)))
            : payload.AsSpan().SequenceEqual(Wire.Bytes(payload.Length, payload.Length));
        if (!sound) throw new InvalidDataException($"A {kind} message of {payload.Length} bytes is not what was sent.");
    }

    private static async Task WriteAsync(WebSocketConnection end, byte[] payload, bool completes)
    {
        await using var writer = await end.StartMessageAsync(MessageKind.Binary);
        await writer.WriteAsync(payload.AsMemory(0, payload.Length / 3));
        await writer.WriteAsync(payload.AsMemory(payload.Length / 3));
        if (completes) await writer.CompleteAsync();
    }

    private static async Task CancelAsync(Func<CancellationToken, Task> operation)
    {
        using var cancel = new CancellationTokenSource();
        var running = operation(cancel.Token);
        await Task.Yield();
        cancel.Cancel();
        await running;
    }

    private static async Task TryAsync(Func<Task> operation)
    {
        try
        {
            await operation();
        }
        catch (Exception exception) when (exception is WebSocketClosedException or WebSocketProtocolException or OperationCanceledException)
        {
            // The documented answers of a connection that ends, of a limit, and of a token.
        }
    }
}
