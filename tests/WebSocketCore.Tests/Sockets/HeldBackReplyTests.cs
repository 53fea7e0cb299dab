namespace WebSocketCore.Tests.Sockets;

/// <summary>A reply that is held back, because more received messages wait, leaves whatever the handler does next.</summary>
public class HeldBackReplyTests : ListenerTest
{
    // Two text messages, "a" and "b", masked with a key of zero.
    private const string Batch = "8181 00000000 61 8181 00000000 62";

    [Fact]
    public async Task While_the_handler_waits_for_something_else()
    {
        var replied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await ShouldReplyAsync(_ => replied.Task, replied.SetResult);
    }

    [Fact]
    public async Task While_the_handler_blocks_its_thread()
    {
        using var replied = new ManualResetEventSlim();
        await ShouldReplyAsync(_ =>
        {
            replied.Wait();
            return Task.CompletedTask;
        }, replied.Set);
    }

    [Fact]
    public async Task Also_when_the_handler_went_on_elsewhere_before()
    {
        var replied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await ShouldReplyAsync(_ => replied.Task, replied.SetResult, first: async () => await Task.Run(Thread.Yield));
    }

    private async Task ShouldReplyAsync(Func<WebSocketConnection, Task> wait, Action onReplied, Func<Task>? first = null)
    {
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await foreach (var message in connection.ReadAllAsync(token))
            {
                var isFirst = message.GetText() == "a";
                if (isFirst && first is not null) await first();
                await connection.SendTextAsync(message.GetText(), token);
                if (isFirst) await wait(connection);
            }
        });
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        for (var i = 0; i < 3; i++)
        {
            await peer.SendHexAsync(i == 0 ? Batch : "8181 00000000 62 8181 00000000 62");
            (await peer.ReadFrameAsync()).Should().Be(i == 0 ? "8101 61" : "8101 62");
            if (i == 0) onReplied();
            (await peer.ReadFrameAsync()).Should().Be("8101 62");
        }
    }
}
