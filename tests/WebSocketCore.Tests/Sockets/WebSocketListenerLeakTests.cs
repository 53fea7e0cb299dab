using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>That nothing is left of connections that have ended.</summary>
[Collection(AloneCollection.Name)]
public class WebSocketListenerLeakTests : ListenerTest
{
    private const string Descriptors = "/proc/self/fd";

    [Fact]
    public async Task Ten_thousand_connections_leave_nothing_behind()
    {
        const int Waves = 20;
        const int Wave = 500;
        await using var listener = StartEcho();

        // The first wave fills pools and caches, and makes the threads.
        await ConnectAllAsync(listener, Wave);
        var (descriptors, memory) = Measure();
        for (var wave = 0; wave < Waves; wave++) await ConnectAllAsync(listener, Wave);

        var (descriptorsAfter, memoryAfter) = Measure();
        descriptorsAfter.Should().BeLessThanOrEqualTo(descriptors + 10);
        ((memoryAfter - memory) / (Waves * Wave)).Should().BeLessThan(100, "bytes per connection");
    }

    private static async Task ConnectAllAsync(WebSocketListener listener, int count)
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => listener.ConnectAsync()));
        await Task.WhenAll(clients.Select(client => client.ShouldEchoAsync()));
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask())).Within();
        await Loopback.UntilAsync(() => listener.ConnectionCount == 0);
    }

    private static (int Descriptors, long Memory) Measure()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return (Directory.Exists(Descriptors) ? Directory.GetFileSystemEntries(Descriptors).Length : 0, GC.GetTotalMemory(forceFullCollection: true));
    }
}
