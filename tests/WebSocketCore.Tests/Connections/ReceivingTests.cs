using System.Text;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class ReceivingTests
{
    // "Hello", "He" + ping "p" + "llo", an empty binary message, 01 02 03 in three frames of which one is empty, "é" cut in the character.
    private const string Conversation =
        "81 05 48656c6c6f" + "01 02 4865" + "89 01 70" + "80 03 6c6c6f" + "82 00" + "02 01 01" + "00 00" + "80 02 0203" + "01 01 c3" + "80 01 a9";

    private static readonly string[] Messages = ["Text:48656c6c6f", "Text:48656c6c6f", "Binary:", "Binary:010203", "Text:c3a9"];

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task A_batch_in_one_write_is_received_message_by_message(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        await peer.SendAsync(Conversation);
        (await ReceiveAsync(connection, Messages.Length)).Should().Equal(Messages);
        (await peer.ReceiveAsync()).Should().Be("8a01 70", "the ping inside the fragmented message is answered");
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task One_byte_per_write_gives_the_same_messages(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var receiving = ReceiveAsync(connection, Messages.Length);
        foreach (var b in peer.OnWire(Conversation)) await peer.SendBytesAsync(new[] { b });
        (await receiving).Should().Equal(Messages);
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task A_split_at_any_offset_gives_the_same_messages(WebSocketRole role)
    {
        for (var cut = 0; cut <= Wire.Hex(Conversation).Length; cut++)
        {
            var (connection, peer) = RawPeer.Connect(role);
            var bytes = peer.OnWire(Conversation);
            var receiving = ReceiveAsync(connection, Messages.Length);
            await peer.SendBytesAsync(bytes.AsMemory(0, cut));
            await peer.SendBytesAsync(bytes.AsMemory(cut));
            (await receiving).Should().Equal(Messages, "a cut at {0} changes nothing", cut);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(1024 * 1024)]
    public async Task A_message_of_any_size_up_to_the_limit_arrives_whole(int size)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var payload = Wire.Bytes(size);
        await peer.SendFrameAsync(0x82, payload);
        var message = await connection.ReceiveAsync().Within();
        message!.Value.Kind.Should().Be(MessageKind.Binary);
        message.Value.Length.Should().Be(size);
        message.Value.ToArray().AsSpan().SequenceEqual(payload).Should().BeTrue();
        message.Value.Payload.IsSingleSegment.Should().Be(size <= 64 * 1024);
    }

    [Fact]
    public async Task A_message_in_many_frames_and_many_writes_arrives_whole()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var payload = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("añ€😀", 5000)));
        var receiving = connection.ReceiveAsync().AsTask();
        for (var at = 0; at < payload.Length; at += 777)
        {
            var end = Math.Min(at + 777, payload.Length);
            await peer.SendFrameAsync((byte)((end == payload.Length ? 0x80 : 0) | (at == 0 ? 1 : 0)), payload[at..end]);
        }
        (await receiving.Within())!.Value.ToArray().AsSpan().SequenceEqual(payload).Should().BeTrue();
    }

    [Fact]
    public async Task The_payload_stays_as_it_is_until_the_next_receive()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("82 03 010203", "82 03 040506");
        var first = (await connection.ReceiveAsync().Within())!.Value;
        await connection.SendTextAsync("x").Within();
        var ping = connection.PingAsync().AsTask();
        await connection.BackgroundReading().Within();
        await peer.SendAsync("82 03 070809");
        first.ToArray().Should().Equal(1, 2, 3);
        (await ReceiveAsync(connection, 2)).Should().Equal("Binary:040506", "Binary:070809");
        connection.Abort();
        await ping.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketClosedException>();
    }

    [Fact]
    public async Task ReadAllAsync_yields_messages_until_the_peer_closes()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync(Conversation, "88 02 03e8", "81 01 78");
        (await ReadAllAsync(connection).Within()).Should().Equal(Messages);
        (await connection.ReceiveAsync().Within()).Should().BeNull("nothing counts behind the Close frame");
        (await connection.ReceiveStreamingAsync().Within()).Should().BeNull();
        connection.Closure!.ToString().Should().Be("clean, closed by the peer; sent 1000; received 1000");
    }

    [Fact]
    public async Task A_loop_may_be_left_and_entered_again()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("81 01 61", "81 01 62", "81 01 63");
        peer.End();
        await foreach (var message in connection.ReadAllAsync())
        {
            message.GetText().Should().Be("a");
            break;
        }
        (await ReadAllAsync(connection).Within()).Should().Equal("Text:62", "Text:63");
    }

    [Fact]
    public async Task A_second_receive_at_the_same_time_is_misuse_and_does_no_harm()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var receiving = connection.ReceiveAsync().AsTask();
        await connection.Awaiting(c => c.ReceiveAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
        await connection.Awaiting(c => c.ReceiveStreamingAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
        await peer.SendAsync("81 01 61");
        (await receiving.Within())!.Value.GetText().Should().Be("a");
    }

    [Fact]
    public async Task What_is_received_can_be_sent_back_as_it_is()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client);
        await peer.SendAsync(Conversation);
        foreach (var _ in Messages) await connection.SendAsync((await connection.ReceiveAsync().Within())!.Value).Within();
        connection.StartClose();
        peer.End();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        (await peer.ReceiveAllAsync()).Should().BeEquivalentTo(
            "8105 48656c6c6f", "8a01 70", "8105 48656c6c6f", "8200", "8203 010203", "8102 c3a9", "8802 03e8");
    }

    [Fact]
    public async Task A_connection_can_be_made_where_the_execution_context_does_not_flow()
    {
        Task<WebSocketConnection> connecting;
        using (ExecutionContext.SuppressFlow()) connecting = Task.Run(() => RawPeer.Connect(WebSocketRole.Server).Connection);
        (await connecting).State.Should().Be(ConnectionState.Open);
        WebSocketConnection direct;
        using (ExecutionContext.SuppressFlow()) direct = RawPeer.Connect(WebSocketRole.Server).Connection;
        direct.State.Should().Be(ConnectionState.Open);
    }

    internal static async Task<string[]> ReceiveAsync(WebSocketConnection connection, int count)
    {
        var messages = new string[count];
        for (var i = 0; i < count; i++) messages[i] = Describe((await connection.ReceiveAsync().Within())!.Value);
        return messages;
    }

    internal static async Task<List<string>> ReadAllAsync(WebSocketConnection connection, CancellationToken cancellationToken = default)
    {
        var messages = new List<string>();
        await foreach (var message in connection.ReadAllAsync(cancellationToken)) messages.Add(Describe(message));
        return messages;
    }

    internal static string Describe(WebSocketMessage message) => $"{message.Kind}:{Convert.ToHexStringLower(message.ToArray())}";
}
