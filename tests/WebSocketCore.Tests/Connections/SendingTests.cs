using System.Buffers;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class SendingTests
{
    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Every_kind_of_payload_leaves_as_one_frame(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        await connection.SendTextAsync("é").Within();
        (await peer.ReceiveAsync()).Should().Be("8102 c3a9");
        await connection.SendTextAsync("xay".AsSpan(1, 1)).Within();
        (await peer.ReceiveAsync()).Should().Be("8101 61");
        await connection.SendTextAsync("").Within();
        (await peer.ReceiveAsync()).Should().Be("8100");
        await connection.SendAsync(MessageKind.Text, "a😀"u8.ToArray()).Within();
        (await peer.ReceiveAsync()).Should().Be("8105 61f09f9880");
        await connection.SendAsync(MessageKind.Binary, new byte[] { 0xff }).Within();
        (await peer.ReceiveAsync()).Should().Be("8201 ff");
        await connection.SendAsync(MessageKind.Binary, default(ReadOnlyMemory<byte>)).Within();
        (await peer.ReceiveAsync()).Should().Be("8200");
        await connection.SendAsync(MessageKind.Text, Sequence([0x61, 0xc3], [], [0xa9], [0x62])).Within();
        (await peer.ReceiveAsync()).Should().Be("8104 61c3a962");
        await connection.SendAsync(MessageKind.Binary, Sequence([1], [2, 3, 4, 5, 6])).Within();
        (await peer.ReceiveAsync()).Should().Be("8206 010203040506");
    }

    [Fact]
    public async Task A_composed_message_can_be_sent_again_and_changed()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client);
        using var message = new MessageBuffer(MessageKind.Text);
        message.Write("ab"u8);
        await connection.SendAsync(message).Within();
        await connection.SendAsync(message).Within();
        message.Write("c"u8);
        await connection.SendAsync(message).Within();
        message.Clear();
        await connection.SendAsync(message).Within();
        foreach (var frame in new[] { "8102 6162", "8102 6162", "8103 616263", "8100" }) (await peer.ReceiveAsync()).Should().Be(frame);
    }

    [Theory]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(1_000_000)]
    public async Task A_message_of_any_size_leaves_whole(int size)
    {
        foreach (var role in Enum.GetValues<WebSocketRole>())
        {
            var (connection, peer) = RawPeer.Connect(role, toPeer: RawPeer.Tiny);
            var payload = Wire.Bytes(size);
            var sending = connection.SendAsync(MessageKind.Binary, payload).AsTask();
            var inPieces = connection.SendAsync(MessageKind.Binary, Sequence(payload[..7], payload[7..(size / 2)], payload[(size / 2)..])).AsTask();
            for (var i = 0; i < 2; i++)
            {
                var frame = await peer.ReceiveFrameAsync();
                frame!.First.Should().Be(0x82);
                frame.Payload.AsSpan().SequenceEqual(payload).Should().BeTrue();
            }
            await sending.Within();
            await inPieces.Within();
        }
    }

    [Theory]
    [InlineData("ff")]
    [InlineData("61c3")]
    [InlineData("c080")]
    [InlineData("eda080")]
    [InlineData("f4908080")]
    public async Task Text_that_is_not_UTF8_is_refused_and_nothing_is_sent(string hex)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var bytes = Convert.FromHexString(hex);
        using var buffer = new MessageBuffer(MessageKind.Text);
        buffer.Write(bytes);
        await connection.Awaiting(c => c.SendAsync(MessageKind.Text, bytes).Within()).Should().ThrowAsync<ArgumentException>();
        await connection.Awaiting(c => c.SendAsync(buffer).Within()).Should().ThrowAsync<ArgumentException>();
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var pieces = Sequence(bytes[..cut], bytes[cut..]);
            await connection.Awaiting(c => c.SendAsync(MessageKind.Text, pieces).Within()).Should().ThrowAsync<ArgumentException>();
        }
        await connection.SendTextAsync("x").Within();
        (await peer.ReceiveAsync()).Should().Be("8101 78", "what was refused has left no trace");
    }

    [Theory]
    [InlineData(new[] { 'a', 0xd800 })]
    [InlineData(new[] { 0xdc00, 'a' })]
    [InlineData(new[] { 0xd800, 0xd800, 0xdc00 })]
    public async Task A_lone_surrogate_is_refused_and_nothing_is_sent(int[] characters)
    {
        var text = string.Concat(characters.Select(character => (char)character));
        var pool = new PoisoningPool();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { BufferPool = pool });
        await connection.Awaiting(c => c.SendTextAsync(text).Within()).Should().ThrowAsync<ArgumentException>();
        pool.ShouldBeBalanced();
        await connection.SendTextAsync("x").Within();
        (await peer.ReceiveAsync()).Should().Be("8101 78");
    }

    [Fact]
    public async Task Misuse_is_told_before_anything_is_sent()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await connection.Awaiting(c => c.SendAsync((MessageKind)0, new byte[1]).Within()).Should().ThrowAsync<ArgumentException>();
        await connection.Awaiting(c => c.SendAsync((MessageKind)8, Sequence([1])).Within()).Should().ThrowAsync<ArgumentException>();
        await connection.Awaiting(c => c.SendAsync(default(WebSocketMessage)).Within()).Should().ThrowAsync<ArgumentException>();
        await connection.Awaiting(c => c.StartMessageAsync((MessageKind)3).Within()).Should().ThrowAsync<ArgumentException>();
        await connection.Awaiting(c => c.SendAsync((MessageBuffer)null!).Within()).Should().ThrowAsync<ArgumentNullException>();
        await connection.Awaiting(c => c.SendTextAsync((string)null!).Within()).Should().ThrowAsync<ArgumentNullException>();
        await connection.Awaiting(c => c.SendPingAsync(new byte[126]).Within()).Should().ThrowAsync<ArgumentException>();
        await connection.Awaiting(c => c.SendPongAsync(new byte[126]).Within()).Should().ThrowAsync<ArgumentException>();
        await connection.SendPingAsync(new byte[125]).Within();
        (await peer.ReceiveFrameAsync())!.First.Should().Be(0x89);
        peer.HasOutput().Should().BeFalse();
    }

    [Fact]
    public async Task After_the_end_sending_throws_and_tells_how_it_ended()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("88 05 0fa0 627965");
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        await connection.Closed.Within();
        Func<Task>[] sends =
        [
            () => connection.SendTextAsync("x").Within(),
            () => connection.SendAsync(MessageKind.Binary, new byte[100_000]).Within(),
            () => connection.SendPingAsync(default).Within(),
            () => connection.SendPongAsync(default).Within(),
            () => connection.PingAsync().Within(),
            () => connection.StartMessageAsync(MessageKind.Text).Within(),
        ];
        foreach (var send in sends)
        {
            var thrown = (await send.Should().ThrowAsync<WebSocketClosedException>()).Which;
            thrown.Closure.Should().Be(connection.Closure);
            thrown.Message.Should().Be("The connection is closed (clean, closed by the peer; sent 4000 \"bye\"; received 4000 \"bye\").");
        }
    }

    [Fact]
    public async Task Each_frame_of_a_client_has_a_mask_of_its_own()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client);
        var keys = new HashSet<uint>();
        for (var i = 0; i < 300; i++)
        {
            await connection.SendTextAsync("").Within();
            var frame = await peer.ReadExactlyAsync(6).Within();
            frame[1].Should().Be(0x80);
            keys.Add(BitConverter.ToUInt32(frame, 2)).Should().BeTrue("a key is used once");
        }
    }

    internal static ReadOnlySequence<byte> Sequence(params byte[][] pieces)
    {
        var first = new Piece(pieces[0], null);
        var last = pieces.Skip(1).Aggregate(first, (before, piece) => new Piece(piece, before));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(byte[] bytes, Piece? before)
        {
            Memory = bytes;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
