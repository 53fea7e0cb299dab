using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class ReceiveCancellationTests
{
    // Header forms of every length, fragments, control frames between them, text cut in a character.
    private static readonly string Conversation =
        "81 05 48656c6c6f" + "01 01 c3" + "89 02 7069" + "80 01 a9" + "82 00" + "8a 00" + "02 7e 0080" + new string('a', 256) + "00 00" + "80 01 01";

    private static readonly string[] Messages = ["Text:48656c6c6f", "Text:c3a9", "Binary:", "Binary:" + new string('a', 256) + "01"];

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task A_receive_cancelled_at_any_offset_loses_nothing(WebSocketRole role)
    {
        for (var cut = 0; cut <= Wire.Hex(Conversation).Length; cut++)
        {
            var (connection, peer) = RawPeer.Connect(role);
            var bytes = peer.OnWire(Conversation);
            var received = new List<string>();
            await peer.SendBytesAsync(bytes.AsMemory(0, cut));
            await ReceiveUntilCancelledAsync(connection, received);
            await peer.SendBytesAsync(bytes.AsMemory(cut));
            peer.End();
            received.AddRange(await ReceivingTests.ReadAllAsync(connection).Within());
            received.Should().Equal(Messages, "a cancellation at {0} changes nothing", cut);
            connection.Closure!.Cause.Should().Be(ClosureCause.TransportEnded);
        }
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task A_receive_cancelled_at_every_offset_loses_nothing(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var received = new List<string>();
        foreach (var b in peer.OnWire(Conversation))
        {
            await ReceiveUntilCancelledAsync(connection, received);
            await peer.SendBytesAsync(new[] { b });
        }
        await ReceiveUntilCancelledAsync(connection, received);
        received.Should().Equal(Messages);
        (await peer.ReceiveAsync()).Should().Be("8a02 7069");
        connection.State.Should().Be(ConnectionState.Open);
        connection.Closure.Should().BeNull();
    }

    [Fact]
    public async Task A_receive_cancelled_before_it_begins_takes_nothing()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("81 01 61");
        var cancelled = new CancellationToken(canceled: true);
        await connection.Awaiting(c => c.ReceiveAsync(cancelled).Within()).Should().ThrowAsync<OperationCanceledException>();
        await connection.Awaiting(c => c.ReceiveStreamingAsync(cancelled).Within()).Should().ThrowAsync<OperationCanceledException>();
        await connection.Awaiting(c => ReceivingTests.ReadAllAsync(c, cancelled).Within()).Should().ThrowAsync<OperationCanceledException>();
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("a");
    }

    [Fact]
    public async Task The_exception_carries_the_callers_token()
    {
        var (connection, _) = RawPeer.Connect(WebSocketRole.Server);
        using var cancel = new CancellationTokenSource();
        var receiving = connection.ReceiveAsync(cancel.Token).AsTask();
        cancel.Cancel();
        (await receiving.Awaiting(task => task.Within()).Should().ThrowAsync<OperationCanceledException>())
            .Which.CancellationToken.Should().Be(cancel.Token);
    }

    [Fact]
    public async Task A_payload_stays_valid_beside_a_cancelled_receive_only_until_that_began()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("82 02 0102");
        var message = (await connection.ReceiveAsync().Within())!.Value;
        await connection.Awaiting(c => c.ReceiveAsync(new CancellationToken(canceled: true)).Within()).Should().ThrowAsync<OperationCanceledException>();
        message.ToArray().Should().Equal(1, 2);
    }

    [Fact]
    public async Task A_receive_that_waits_for_the_background_reader_can_be_cancelled_and_the_ping_is_still_answered()
    {
        // The pipe leaves the background reader where it is when it is asked to make way.
        StubbornReader? stubborn = null;
        var (connection, peer) = RawPeer.Connect(
            WebSocketRole.Server, new WebSocketServerOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan }, wrap: pipe =>
            {
                stubborn = new StubbornReader(pipe.Input);
                return new PipePair(stubborn, pipe.Output);
            });
        var ping = connection.PingAsync().AsTask();
        var payload = (await peer.ReceiveFrameAsync())!.Payload;
        await stubborn!.Reading.Within();
        using var cancel = new CancellationTokenSource();
        var receiving = connection.ReceiveAsync(cancel.Token).AsTask();
        cancel.Cancel();
        await receiving.Awaiting(task => task.Within()).Should().ThrowAsync<OperationCanceledException>();
        await peer.SendFrameAsync(0x8a, payload);
        (await ping.Within()).Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
    }

    [Fact]
    public async Task However_a_cancelled_receive_meets_the_background_reader_somebody_reads_for_a_ping()
    {
        for (var i = 0; i < 500; i++)
        {
            var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
            var ping = connection.PingAsync().AsTask();
            using var cancel = new CancellationTokenSource();
            var receiving = Task.Run(() => connection.ReceiveAsync(cancel.Token).AsTask());
            if (i % 3 == 0) await Task.Yield();
            var cancelling = Task.Run(cancel.Cancel);
            await receiving.Awaiting(task => task.Within()).Should().ThrowAsync<OperationCanceledException>();
            await cancelling;
            await peer.SendFrameAsync(0x8a, (await peer.ReceiveFrameAsync())!.Payload);
            await ping.Within();
        }
    }

    private static async Task ReceiveUntilCancelledAsync(WebSocketConnection connection, List<string> received)
    {
        using var cancel = new CancellationTokenSource();
        while (true)
        {
            var receiving = connection.ReceiveAsync(cancel.Token).AsTask();
            if (!receiving.IsCompleted) cancel.Cancel();
            try
            {
                received.Add(ReceivingTests.Describe((await receiving.Within())!.Value));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
