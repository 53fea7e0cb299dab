using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A transport that fails at its 1st, 2nd ... nth step of a scripted conversation: every operation ends in a documented way.</summary>
public class FailingTransportTests
{
    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task At_every_read(WebSocketRole role)
    {
        var steps = (await RunAsync(role, _ => { })).Reads;
        steps.Should().BeGreaterThan(4);
        for (var n = 1; n <= steps + 1; n++)
            await RunAsync(role, pipe => pipe.FailRead = number => number == n ? new InjectedException($"read {n}") : null);
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task At_every_flush(WebSocketRole role)
    {
        var steps = (await RunAsync(role, _ => { })).Flushes;
        steps.Should().BeGreaterThan(4);
        for (var n = 1; n <= steps + 1; n++)
            await RunAsync(role, pipe => pipe.FailFlush = number => number == n ? new InjectedException($"flush {n}") : null);
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task At_every_step_and_then_for_good(WebSocketRole role)
    {
        for (var n = 1; n <= 12; n++)
        {
            await RunAsync(role, pipe =>
            {
                pipe.FailRead = number => number >= n ? new InjectedException($"read {number}") : null;
                pipe.FailFlush = number => number >= n ? new InjectedException($"flush {number}") : null;
                pipe.InputCompletionError = new InjectedException("completing the input");
                pipe.OutputCompletionError = new InjectedException("completing the output");
            });
        }
    }

    [Fact]
    public async Task Nobody_misses_an_exception()
    {
        var missed = new List<Exception>();
        void OnMissed(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            if (!e.Exception.Flatten().InnerExceptions.Any(IsOurs)) return;
            lock (missed) missed.Add(e.Exception);
        }
        TaskScheduler.UnobservedTaskException += OnMissed;
        try
        {
            for (var n = 1; n <= 12; n++)
            {
                await RunAsync(WebSocketRole.Server, pipe => pipe.FailFlush = number => number == n ? new InjectedException($"flush {n}") : null);
                await RunAsync(WebSocketRole.Server, pipe => pipe.FailRead = number => number == n ? new InjectedException($"read {n}") : null);
            }
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            lock (missed) missed.Should().BeEmpty();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= OnMissed;
        }

        static bool IsOurs(Exception? exception) => exception is not null && (exception is InjectedException || IsOurs(exception.InnerException));
    }

    // Our connection on the failing transport talks with our connection on a sound one.
    private static async Task<ObservedPipe> RunAsync(WebSocketRole failingRole, Action<ObservedPipe> fail)
    {
        var time = new FakeTimeProvider();
        var pool = new PoisoningPool();
        var options = new WebSocketServerOptions { TimeProvider = time, BufferPool = pool };
        var pair = new DuplexPair(RawPeer.Unbounded);
        var observed = new ObservedPipe(pair.Server);
        fail(observed);
        var failing = WebSocketConnection.FromUpgraded(observed, failingRole, options);
        var sound = WebSocketConnection.FromUpgraded(
            pair.Client, failingRole == WebSocketRole.Server ? WebSocketRole.Client : WebSocketRole.Server, options);

        var all = Task.WhenAll(ReceiveAllAsync(failing), ReceiveAllAsync(sound), TalkAsync(failing, sound), failing.Closed, sound.Closed);

        // Who waits for a peer that is gone is answered by a deadline, and there is always one: time goes by when the failure has happened.
        var failedOrDone = await Task.WhenAny(all, observed.Failed).Within();
        var ended = all.Within();
        while (failedOrDone != all && !ended.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(ended, Task.Run(Thread.Yield));
        }
        await ended;
        await failing.DisposeAsync().Within();
        await sound.DisposeAsync().Within();
        observed.InputCompleted.Should().BeTrue();
        observed.OutputCompleted.Should().BeTrue();
        pool.ShouldBeBalanced();
        return observed;
    }

    private static async Task TalkAsync(WebSocketConnection failing, WebSocketConnection sound)
    {
        for (var i = 0; i < 4; i++)
        {
            await TryAsync(() => failing.SendTextAsync("one"));
            await TryAsync(async () => await failing.PingAsync());
            await TryAsync(() => sound.SendAsync(MessageKind.Binary, new byte[100_000]));
            await TryAsync(async () => await sound.PingAsync());
            await TryAsync(() => failing.SendAsync(MessageKind.Binary, new byte[200_000]));
            await TryAsync(async () =>
            {
                await using var writer = await failing.StartMessageAsync(MessageKind.Text);
                await writer.WriteAsync("ab"u8.ToArray());
                await writer.WriteAsync("cd"u8.ToArray());
                await writer.CompleteAsync();
            });
        }
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => TryAsync(() => failing.SendTextAsync("together"))));
        await TryAsync(() =>
        {
            failing.StartClose();
            return default;
        });
    }

    private static async Task TryAsync(Func<ValueTask> operation)
    {
        try
        {
            await operation().Within();
        }
        catch (WebSocketClosedException)
        {
            // The one documented way in which sending fails.
        }
    }

    private static async Task ReceiveAllAsync(WebSocketConnection connection)
    {
        await foreach (var message in connection.ReadAllAsync()) message.Length.Should().BePositive();
    }

    private sealed class InjectedException(string message) : IOException(message);
}
