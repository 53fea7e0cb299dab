using System.Globalization;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets.EventLoops;

/// <summary>The threads of a listener's event loops, as the system sees them.</summary>
[Collection(AloneCollection.Name)]
public sealed class LoopThreadTests : ListenerTest
{
    // Of a name the system keeps 15 bytes.
    private const string Name = "WebSocketCore e";

    protected override SocketTransport Transport => SocketTransport.EventLoop;

    protected override int EventLoops => 3;

    [Theory]
    [InlineData(0, false)]
    [InlineData(7, false)]
    [InlineData(7, true)]
    public async Task They_end_when_the_listener_has_stopped(int connections, bool isAborted)
    {
        var before = LoopThreads();
        await using var listener = StartEcho();
        var clients = new List<WebSocketConnection>();
        for (var i = 0; i < connections; i++) clients.Add(await listener.ConnectAsync());
        foreach (var client in clients) await client.ShouldEchoAsync();

        // A thread that was just started may not have its name yet.
        await Loopback.UntilAsync(() => LoopThreads().Except(before).Count() == EventLoops + 1);
        var threads = LoopThreads().Except(before).ToArray();

        if (isAborted) await listener.StopAsync(new CancellationToken(canceled: true)).Within();
        else await Task.WhenAll([listener.StopAsync(), .. clients.Select(client => client.ReceiveToEndAsync())]).Within();
        await Loopback.UntilAsync(() => !LoopThreads().Intersect(threads).Any());
        foreach (var client in clients) await client.DisposeAsync();
    }

    private static int[] LoopThreads()
    {
        var threads = new List<int>();
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(thread, "comm")).TrimEnd() == Name) threads.Add(int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // It has ended.
            }
        }
        return [.. threads];
    }
}
