using System.Text;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class MessageWriterTests
{
    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task A_message_leaves_in_fragments_with_control_frames_between_them(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        await using (var writer = await connection.StartMessageAsync(MessageKind.Text).Within())
        {
            writer.Kind.Should().Be(MessageKind.Text);
            await writer.WriteAsync("ab"u8.ToArray()).Within();
            await writer.WriteAsync(default).Within();
            await connection.SendPingAsync("p"u8.ToArray()).Within();
            await writer.WriteAsync("c"u8.ToArray()).Within();
            await writer.CompleteAsync().Within();
            await writer.CompleteAsync().Within();
        }
        await connection.SendTextAsync("x").Within();
        foreach (var frame in new[] { "0102 6162", "8901 70", "0001 63", "8000", "8101 78" }) (await peer.ReceiveAsync()).Should().Be(frame);
    }

    [Fact]
    public async Task An_empty_message_is_one_frame()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await (await connection.StartMessageAsync(MessageKind.Binary).Within()).CompleteAsync().Within();
        (await peer.ReceiveAsync()).Should().Be("8200");
    }

    [Fact]
    public async Task Text_may_be_cut_within_a_character_but_must_end_whole()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Text).Within();
        foreach (var b in Encoding.UTF8.GetBytes("é€😀"))
            await writer.WriteAsync(new[] { b }).Within();
        await writer.CompleteAsync().Within();
        (await peer.ReceiveAsync()).Should().Be("0101 c3");
        for (var i = 0; i < 8; i++) (await peer.ReceiveAsync()).Should().StartWith("0001");
        (await peer.ReceiveAsync()).Should().Be("8000");

        writer = await connection.StartMessageAsync(MessageKind.Text).Within();
        await writer.WriteAsync(new byte[] { 0xc3 }).Within();
        await writer.Awaiting(w => w.CompleteAsync().Within()).Should().ThrowAsync<InvalidOperationException>();
        await writer.WriteAsync(new byte[] { 0xa9 }).Within();
        await writer.CompleteAsync().Within();
        foreach (var frame in new[] { "0101 c3", "0001 a9", "8000" }) (await peer.ReceiveAsync()).Should().Be(frame);
    }

    [Fact]
    public async Task A_fragment_that_is_not_UTF8_is_not_sent_and_the_message_can_only_be_abandoned()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await using (var writer = await connection.StartMessageAsync(MessageKind.Text).Within())
        {
            await writer.WriteAsync("a"u8.ToArray()).Within();
            await writer.Awaiting(w => w.WriteAsync(new byte[] { 0xff }).Within()).Should().ThrowAsync<ArgumentException>();
            await writer.Awaiting(w => w.WriteAsync("b"u8.ToArray()).Within()).Should().ThrowAsync<ArgumentException>();
            await writer.Awaiting(w => w.CompleteAsync().Within()).Should().ThrowAsync<InvalidOperationException>();
        }
        (await peer.ReceiveAsync()).Should().Be("0101 61");
        (await peer.ReceiveAsync()).Should().Be("8819 03f361206d65737361676520776173206162616e646f6e6564");
    }

    [Fact]
    public async Task An_abandoned_message_closes_the_connection_and_frees_who_waits()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        var sending = connection.SendTextAsync("x").AsTask();
        var starting = connection.StartMessageAsync(MessageKind.Binary).AsTask();
        sending.IsCompleted.Should().BeFalse();
        await writer.DisposeAsync();
        await writer.DisposeAsync();
        await sending.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketClosedException>();
        await starting.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketClosedException>();
        var close = await peer.ReceiveFrameAsync();
        close!.First.Should().Be(0x88);
        close.Payload[..2].Should().Equal(0x03, 0xf3);
        await peer.SendAsync("88 02 03f3");
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        connection.Closure!.ToString().Should().Be("clean, closed by this end; sent 1011 \"a message was abandoned\"; received 1011");
        await writer.Awaiting(w => w.WriteAsync(new byte[1]).Within()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task Misuse_of_a_complete_message_is_told()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        await writer.CompleteAsync().Within();
        await writer.Awaiting(w => w.WriteAsync(new byte[1]).Within()).Should().ThrowAsync<InvalidOperationException>();
        await writer.DisposeAsync();
        connection.State.Should().Be(ConnectionState.Open);
        (await peer.ReceiveAsync()).Should().Be("8200");
        peer.HasOutput().Should().BeFalse();
    }

    [Fact]
    public async Task On_a_connection_that_ended_writing_throws()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        await writer.WriteAsync(new byte[1]).Within();
        connection.Abort();
        await connection.Closed.Within();
        await writer.Awaiting(w => w.WriteAsync(new byte[1]).Within()).Should().ThrowAsync<WebSocketClosedException>();
        await writer.Awaiting(w => w.CompleteAsync().Within()).Should().ThrowAsync<WebSocketClosedException>();
        await writer.DisposeAsync();
        peer.End();
    }

    [Fact]
    public async Task Messages_wait_their_turn_and_large_fragments_stay_whole()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, toPeer: RawPeer.Tiny);
        var payload = Wire.Bytes(150_000);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        var writing = writer.WriteAsync(payload).AsTask();
        var second = connection.StartMessageAsync(MessageKind.Binary).AsTask();
        var large = connection.SendAsync(MessageKind.Binary, payload).AsTask();
        (await peer.ReceiveFrameAsync())!.Payload.AsSpan().SequenceEqual(payload).Should().BeTrue();
        await writing.Within();
        large.IsCompleted.Should().BeFalse();
        peer.HasOutput().Should().BeFalse();
        var completing = writer.CompleteAsync().AsTask();
        (await peer.ReceiveAsync()).Should().Be("8000");
        await completing.Within();

        // Which of the two comes first is not said, but neither is forgotten.
        var completingSecond = CompleteAsync();
        var frames = new List<RawFrame>();
        for (var i = 0; i < 2; i++) frames.Add((await peer.ReceiveFrameAsync())!);
        frames.Select(frame => frame.Payload.Length).Should().BeEquivalentTo([0, 150_000]);
        await completingSecond.Within();
        await large.Within();

        async Task CompleteAsync() => await (await second).CompleteAsync();
    }
}
