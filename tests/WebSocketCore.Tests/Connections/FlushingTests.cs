using System.IO.Pipelines;
using WebSocketCore.Connections;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>When what was written leaves: frames share flushes, and none is forgotten.</summary>
public class FlushingTests
{
    [Fact]
    public async Task Frames_that_come_during_a_flush_share_the_next_one()
    {
        var (connection, peer, pipe) = Connect(RawPeer.Tiny);
        var first = connection.SendTextAsync("a").AsTask();
        var others = Enumerable.Range(0, 50).Select(_ => connection.SendTextAsync("b").AsTask()).ToArray();
        pipe.Flushes.Should().Be(1);
        others.Should().OnlyContain(task => !task.IsCompleted, "the transport has not taken them");
        for (var i = 0; i < 51; i++) await peer.ReceiveAsync();
        await first.Within();
        await Task.WhenAll(others).Within();
        pipe.Flushes.Should().Be(2);
    }

    [Fact]
    public async Task Replies_to_a_batch_share_flushes()
    {
        const int count = 2000;
        ObservedPipe? pipe = null;
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, wrap: inner => new HeldTransport(pipe = new ObservedPipe(inner)));
        await peer.SendAsync(Enumerable.Repeat("81 01 61", count).ToArray());
        for (var i = 0; i < count; i++) await connection.SendAsync((await connection.ReceiveAsync())!.Value);
        var receiving = connection.ReceiveAsync().AsTask();
        for (var i = 0; i < count; i++) (await peer.ReceiveAsync()).Should().Be("8101 61");

        // What sees to it that none waits for long does not get to run here.
        pipe!.Flushes.Should().BeLessThanOrEqualTo(2);
        receiving.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task The_reply_to_the_last_message_of_a_batch_leaves_at_once()
    {
        var (connection, peer, pipe) = Connect();
        await peer.SendAsync("81 01 61");
        var message = (await connection.ReceiveAsync().Within())!.Value;
        await connection.SendAsync(message).Within();
        pipe.Flushes.Should().Be(1);
        (await peer.ReceiveAsync()).Should().Be("8101 61");
    }

    [Theory]
    [InlineData("82 01 62")]
    [InlineData("82 05 62")]
    [InlineData("89 00")]
    public async Task A_reply_leaves_also_when_the_application_never_receives_again(string rest)
    {
        var (connection, peer, _) = Connect();
        await peer.SendAsync("81 01 61", rest);
        var message = (await connection.ReceiveAsync().Within())!.Value;
        await connection.SendAsync(message).Within();
        (await peer.ReceiveAsync()).Should().Be("8101 61");
    }

    [Fact]
    public async Task A_pong_leaves_also_when_the_application_never_receives_again()
    {
        var (connection, peer, _) = Connect();
        await peer.SendAsync("89 01 70", "81 01 61", "81 01 62");
        await connection.ReceiveAsync().Within();
        (await peer.ReceiveAsync()).Should().Be("8a01 70");
    }

    [Fact]
    public async Task Replies_to_a_batch_that_are_much_are_not_held_back()
    {
        var (connection, peer, _) = Connect(new PipeOptions(pauseWriterThreshold: 200_000, resumeWriterThreshold: 100_000));
        await peer.SendAsync("81 01 61", "81 01 62");
        await connection.ReceiveAsync().Within();
        var sends = Enumerable.Range(0, 20).Select(_ => connection.SendAsync(MessageKind.Binary, new byte[60_000]).AsTask()).ToArray();
        sends.Should().Contain(task => !task.IsCompleted, "back-pressure holds the sender");
        for (var i = 0; i < 20; i++) (await peer.ReceiveFrameAsync())!.Payload.Should().HaveCount(60_000);
        await Task.WhenAll(sends).Within();
    }

    [Fact]
    public async Task A_send_without_received_messages_waiting_is_flushed_when_it_completes()
    {
        var (connection, _, pipe) = Connect();
        for (var i = 1; i <= 5; i++)
        {
            await connection.SendTextAsync("a").Within();
            pipe.Flushes.Should().Be(i);
        }
    }

    [Fact]
    public async Task A_Close_frame_and_a_pong_leave_behind_what_waits()
    {
        var (connection, peer, _) = Connect(RawPeer.Tiny);
        var a = connection.SendTextAsync("a").AsTask();
        var b = connection.SendTextAsync("b").AsTask();
        connection.StartClose(CloseCode.GoingAway);
        foreach (var frame in new[] { "8101 61", "8101 62", "8802 03e9" }) (await peer.ReceiveAsync()).Should().Be(frame);
        await a.Within();
        await b.Within();
    }

    [Fact]
    public async Task The_application_runs_outside_the_lock_when_an_abort_cancels_its_send()
    {
        // A pipe may run its writer where the flush is cancelled.
        var (connection, _) = RawPeer.Connect(WebSocketRole.Server, toPeer: new PipeOptions(
            pauseWriterThreshold: 1, resumeWriterThreshold: 1, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        var sending = SendAsync();
        await Task.Run(connection.Abort).Within();
        (await sending.Within()).Should().Be(ConnectionState.Failed);

        async Task<ConnectionState> SendAsync()
        {
            try
            {
                await connection.SendTextAsync("x").ConfigureAwait(false);
                return ConnectionState.Open;
            }
            catch (WebSocketClosedException)
            {
                // Blocks on purpose: under the connection's lock, nobody else could read the state.
                return Task.Run(() => connection.State).WaitAsync(TimeSpan.FromSeconds(10)).GetAwaiter().GetResult();
            }
        }
    }

    private static (WebSocketConnection Connection, RawPeer Peer, ObservedPipe Pipe) Connect(PipeOptions? toPeer = null)
    {
        ObservedPipe? observed = null;
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: toPeer, wrap: pipe => observed = new ObservedPipe(pipe));
        return (connection, peer, observed!);
    }

    /// <summary>A transport on which nothing that is scheduled runs.</summary>
    private sealed class HeldTransport(IDuplexPipe inner) : IScheduledTransport
    {
        public PipeReader Input => inner.Input;

        public PipeWriter Output => inner.Output;

        public PipeScheduler Scheduler { get; } = new Never();

        private sealed class Never : PipeScheduler
        {
            public override void Schedule(Action<object?> action, object? state)
            {
            }
        }
    }
}
