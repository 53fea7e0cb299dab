using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A cancelled send ends its caller's waiting. What was written is sent whole, and the memory is the caller's again.</summary>
public class SendCancellationTests
{
    [Theory]
    [InlineData(WebSocketRole.Server, 1024 * 1024)]
    [InlineData(WebSocketRole.Client, 1024 * 1024)]
    [InlineData(WebSocketRole.Server, 65_537)]
    [InlineData(WebSocketRole.Client, 100)]
    public async Task A_message_cancelled_on_its_way_arrives_whole_though_its_memory_is_overwritten(WebSocketRole role, int size)
    {
        var (connection, peer) = RawPeer.Connect(role, toPeer: RawPeer.Tiny);
        var payload = Wire.Bytes(size);
        var memory = payload.ToArray();
        using var cancel = new CancellationTokenSource();
        var sending = connection.SendAsync(MessageKind.Binary, memory, cancel.Token).AsTask();
        sending.IsCompleted.Should().BeFalse("nobody reads");
        cancel.Cancel();
        await ShouldBeCancelledAsync(sending, cancel.Token);
        Array.Fill(memory, (byte)0xee);

        var next = connection.SendTextAsync("next").AsTask();
        (await peer.ReceiveFrameAsync())!.Payload.AsSpan().SequenceEqual(payload).Should().BeTrue();
        (await peer.ReceiveAsync()).Should().Be("8104 6e657874");
        await next.Within();
        await peer.SendAsync("81 01 61");
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("a", "the connection stays usable");
    }

    [Fact]
    public async Task Cancelled_at_any_chunk_a_message_arrives_whole()
    {
        var payload = Wire.Bytes(5 * 64 * 1024 + 1);
        for (var read = 0; read < payload.Length; read += 40_000)
        {
            var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, toPeer: RawPeer.Tiny);
            var memory = payload.ToArray();
            using var cancel = new CancellationTokenSource();
            var sending = connection.SendAsync(MessageKind.Binary, memory, cancel.Token).AsTask();
            var header = await peer.ReadExactlyAsync(14).Within();
            var begin = await peer.ReadExactlyAsync(read).Within();
            cancel.Cancel();
            await ShouldBeCancelledAsync(sending, cancel.Token);
            Array.Clear(memory);
            var received = begin.Concat(await peer.ReadExactlyAsync(payload.Length - read).Within()).ToArray();
            for (var i = 0; i < received.Length; i++) received[i] ^= header[10 + i % 4];
            received.AsSpan().SequenceEqual(payload).Should().BeTrue();
            var next = connection.SendTextAsync("x").AsTask();
            (await peer.ReceiveAsync()).Should().Be("8101 78");
            await next.Within();
        }
    }

    [Fact]
    public async Task Small_frames_that_wait_for_a_flush_are_sent_though_cancelled_and_a_large_one_before_its_turn_is_not()
    {
        var pool = new PoisoningPool();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { BufferPool = pool }, RawPeer.Tiny);
        using var cancel = new CancellationTokenSource();
        var memory = "b"u8.ToArray();
        Task[] sends =
        [
            connection.SendTextAsync("a", cancel.Token).AsTask(),
            connection.SendAsync(MessageKind.Text, memory, cancel.Token).AsTask(),
            connection.SendTextAsync("c", cancel.Token).AsTask(),
            connection.SendPingAsync("d"u8.ToArray(), cancel.Token).AsTask(),
            connection.SendAsync(MessageKind.Binary, new byte[70_000], cancel.Token).AsTask(),
        ];
        sends.Should().OnlyContain(task => !task.IsCompleted);
        cancel.Cancel();
        foreach (var sending in sends) await ShouldBeCancelledAsync(sending, cancel.Token);
        memory[0] = (byte)'x';
        var last = connection.SendTextAsync("e").AsTask();
        foreach (var frame in new[] { "8101 61", "8101 62", "8101 63", "8901 64" }) (await peer.ReceiveAsync()).Should().Be(frame);
        (await peer.ReceiveAsync()).Should().Be("8101 65");
        await last.Within();
        connection.Abort();
        await connection.DisposeAsync().Within();
        pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Cancelled_before_it_begins_nothing_is_sent()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var cancelled = new CancellationToken(canceled: true);
        Func<Task>[] sends =
        [
            () => connection.SendTextAsync("x", cancelled).Within(),
            () => connection.SendAsync(MessageKind.Binary, new byte[70_000], cancelled).Within(),
            () => connection.SendPingAsync(default, cancelled).Within(),
            () => connection.SendPongAsync(default, cancelled).Within(),
            () => connection.PingAsync(cancelled).Within(),
            () => connection.StartMessageAsync(MessageKind.Text, cancelled).Within(),
        ];
        foreach (var send in sends) await send.Should().ThrowAsync<OperationCanceledException>();
        await connection.SendTextAsync("a").Within();
        (await peer.ReceiveAsync()).Should().Be("8101 61");
        peer.HasOutput().Should().BeFalse();
    }

    [Fact]
    public async Task Cancelled_while_it_waits_for_a_fragmented_message_nothing_is_sent()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        using var cancel = new CancellationTokenSource();
        var sending = connection.SendTextAsync("x", cancel.Token).AsTask();
        var starting = connection.StartMessageAsync(MessageKind.Text, cancel.Token).AsTask();
        cancel.Cancel();
        await ShouldBeCancelledAsync(sending, cancel.Token);
        await ShouldBeCancelledAsync(starting, cancel.Token);
        await writer.WriteAsync(new byte[] { 1 }).Within();
        await writer.CompleteAsync().Within();
        await connection.SendTextAsync("y").Within();
        foreach (var frame in new[] { "0201 01", "8000", "8101 79" }) (await peer.ReceiveAsync()).Should().Be(frame);
    }

    [Fact]
    public async Task A_cancelled_fragment_and_a_cancelled_completion_are_sent_all_the_same()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        using var cancel = new CancellationTokenSource();
        var memory = Wire.Bytes(200_000);
        var writing = writer.WriteAsync(memory, cancel.Token).AsTask();
        var completing = writer.CompleteAsync(cancel.Token).AsTask();
        cancel.Cancel();
        await ShouldBeCancelledAsync(writing, cancel.Token);
        await ShouldBeCancelledAsync(completing, cancel.Token);
        Array.Clear(memory);
        var fragment = await peer.ReceiveFrameAsync();
        fragment!.First.Should().Be(0x02);
        fragment.Payload.AsSpan().SequenceEqual(Wire.Bytes(200_000)).Should().BeTrue();
        (await peer.ReceiveAsync()).Should().Be("8000");
        await writer.DisposeAsync();
        connection.State.Should().Be(ConnectionState.Open);
    }

    [Fact]
    public async Task A_cancelled_ping_stops_waiting_and_the_next_one_is_answered()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        using var cancel = new CancellationTokenSource();
        var ping = connection.PingAsync(cancel.Token).AsTask();
        var first = await peer.ReceiveFrameAsync();
        cancel.Cancel();
        await ShouldBeCancelledAsync(ping, cancel.Token);
        var next = connection.PingAsync().AsTask();
        var second = await peer.ReceiveFrameAsync();
        await peer.SendFrameAsync(0x8a, first!.Payload);
        await peer.SendAsync("89 01 70");
        (await peer.ReceiveAsync()).Should().Be("8a01 70");
        next.IsCompleted.Should().BeFalse("the first pong answers the first ping alone");
        await peer.SendFrameAsync(0x8a, second!.Payload);
        await next.Within();
    }

    [Fact]
    public async Task A_cancelled_close_goes_on_closing()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        using var cancel = new CancellationTokenSource();
        var closing = connection.CloseAsync(CloseCode.GoingAway, "", cancel.Token).AsTask();
        cancel.Cancel();
        await ShouldBeCancelledAsync(closing, cancel.Token);
        connection.State.Should().Be(ConnectionState.CloseSent);
        (await peer.ReceiveAsync()).Should().Be("8802 03e9");
        await peer.SendAsync("88 02 03e9");
        (await connection.Closed.Within()).IsClean.Should().BeTrue();
        await connection.CloseAsync().Within();
    }

    private static async Task ShouldBeCancelledAsync(Task task, CancellationToken token) =>
        (await task.Awaiting(t => t.Within()).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(token);
}
