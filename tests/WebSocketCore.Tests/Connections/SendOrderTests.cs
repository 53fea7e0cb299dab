using System.Text;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Messages that must wait leave in the order in which they were sent.</summary>
public class SendOrderTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Messages_that_wait_for_a_fragmented_one_leave_in_the_order_of_the_calls(bool peerReadsSlowly)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: peerReadsSlowly ? RawPeer.Tiny : null);
        var writer = await connection.StartMessageAsync(MessageKind.Text).Within();
        var fragment = writer.WriteAsync("-"u8.ToArray()).AsTask();
        var sends = Enumerable.Range(0, 25).Select(i => connection.SendTextAsync($"{i}").AsTask()).ToArray();
        sends.Should().OnlyContain(task => !task.IsCompleted);
        var completing = writer.CompleteAsync().AsTask();
        var late = Enumerable.Range(25, 5).Select(i => connection.SendTextAsync($"{i}").AsTask()).ToArray();

        (await peer.ReceiveAsync()).Should().Be("0101 2d");
        (await peer.ReceiveAsync()).Should().Be("8000");
        for (var i = 0; i < 30; i++) (await ReceiveTextAsync(peer)).Should().Be($"{i}");
        await Task.WhenAll([fragment, completing, .. sends, .. late]).Within();
    }

    [Fact]
    public async Task A_message_stays_behind_the_last_fragment_of_the_one_before_it()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        var fragments = Task.WhenAll(writer.WriteAsync(new byte[70_000]).AsTask(), writer.WriteAsync(new byte[70_000]).AsTask());
        var completing = writer.CompleteAsync().AsTask();
        var next = connection.SendTextAsync("next").AsTask();

        (await peer.ReceiveAsync()).Should().StartWith("027f");
        (await peer.ReceiveAsync()).Should().StartWith("007f");
        (await peer.ReceiveAsync()).Should().Be("8000");
        (await ReceiveTextAsync(peer)).Should().Be("next");
        await Task.WhenAll(fragments, completing, next).Within();
    }

    [Fact]
    public async Task A_fragmented_message_waits_its_turn_among_the_others()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var first = await connection.StartMessageAsync(MessageKind.Text).Within();
        var before = connection.SendTextAsync("before").AsTask();
        var starting = connection.StartMessageAsync(MessageKind.Text).AsTask();
        var after = connection.SendTextAsync("after").AsTask();
        var startingLast = connection.StartMessageAsync(MessageKind.Binary).AsTask();
        await first.CompleteAsync().Within();
        (await peer.ReceiveAsync()).Should().Be("8100");
        (await ReceiveTextAsync(peer)).Should().Be("before");
        await before.Within();

        var second = await starting.Within();
        await second.WriteAsync("s"u8.ToArray()).Within();
        (await peer.ReceiveAsync()).Should().Be("0101 73");
        after.IsCompleted.Should().BeFalse();
        startingLast.IsCompleted.Should().BeFalse();
        peer.HasOutput().Should().BeFalse();
        await second.CompleteAsync().Within();
        (await peer.ReceiveAsync()).Should().Be("8000");
        (await ReceiveTextAsync(peer)).Should().Be("after");
        await after.Within();
        await (await startingLast.Within()).CompleteAsync().Within();
        (await peer.ReceiveAsync()).Should().Be("8200");
    }

    [Fact]
    public async Task Large_and_small_messages_keep_their_order_behind_a_stuck_flush()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        var sizes = Enumerable.Range(0, 24).Select(i => (i % 3) switch { 0 => 1 + i, 1 => 70_000 + i, _ => 60_000 + i }).ToArray();
        var sends = sizes.Select(size => connection.SendAsync(MessageKind.Binary, new byte[size]).AsTask()).ToArray();
        foreach (var size in sizes) (await peer.ReceiveFrameAsync())!.Payload.Length.Should().Be(size);
        await Task.WhenAll(sends).Within();
    }

    [Fact]
    public async Task A_message_that_is_cancelled_while_it_waits_is_not_sent_and_the_others_go_on()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Text).Within();
        using var cancel = new CancellationTokenSource();
        var sends = Enumerable.Range(0, 9).Select(i => connection.SendTextAsync($"{i}", i % 2 == 0 ? cancel.Token : default).AsTask()).ToArray();
        var starting = connection.StartMessageAsync(MessageKind.Text, cancel.Token).AsTask();
        var last = connection.SendTextAsync("last").AsTask();
        cancel.Cancel();
        for (var i = 0; i < sends.Length; i += 2) await sends[i].Awaiting(s => s.Within()).Should().ThrowAsync<OperationCanceledException>();
        await starting.Awaiting(s => s.Within()).Should().ThrowAsync<OperationCanceledException>();
        await writer.CompleteAsync().Within();

        (await peer.ReceiveAsync()).Should().Be("8100");
        for (var i = 1; i < 9; i += 2)
        {
            (await ReceiveTextAsync(peer)).Should().Be($"{i}");
            await sends[i].Within();
        }
        (await ReceiveTextAsync(peer)).Should().Be("last");
        await last.Within();
        peer.HasOutput().Should().BeFalse();
    }

    [Fact]
    public async Task Who_waits_behind_a_fragmented_message_that_waits_and_is_cancelled_goes_on_at_once()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        using var cancel = new CancellationTokenSource();
        var stuck = connection.SendTextAsync("a").AsTask();
        var large = connection.SendAsync(MessageKind.Binary, new byte[70_000], cancel.Token).AsTask();
        var starting = connection.StartMessageAsync(MessageKind.Text).AsTask();
        starting.IsCompleted.Should().BeFalse("a message waits before it");
        cancel.Cancel();
        var writer = await starting.Within();
        await large.Awaiting(s => s.Within()).Should().ThrowAsync<OperationCanceledException>();
        var completing = writer.CompleteAsync().AsTask();
        (await peer.ReceiveAsync()).Should().Be("8101 61");
        (await peer.ReceiveAsync()).Should().Be("8100");
        await stuck.Within();
        await completing.Within();
    }

    private static async Task<string> ReceiveTextAsync(RawPeer peer)
    {
        var frame = (await peer.ReceiveFrameAsync())!;
        frame.First.Should().Be(0x81);
        return Encoding.UTF8.GetString(frame.Payload);
    }
}
