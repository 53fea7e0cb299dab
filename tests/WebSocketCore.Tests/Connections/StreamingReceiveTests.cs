using System.Buffers;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class StreamingReceiveTests
{
    [Fact]
    public async Task Parts_come_as_they_arrive_whatever_the_frames()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var starting = connection.ReceiveStreamingAsync().AsTask();
        starting.IsCompleted.Should().BeFalse();
        await peer.SendAsync("01 03 616263");
        using var reader = (await starting.Within())!;
        reader.Kind.Should().Be(MessageKind.Text);
        (await NextAsync(reader)).Should().Be("616263");
        var reading = reader.ReadAsync().AsTask();
        await peer.SendAsync("00 01 64", "89 01 70", "00 00", "00 01 65");
        (await reading.Within())!.Value.ToArray().Should().Equal(0x64, 0x65);
        await peer.SendAsync("80 01 66", "81 01 67");
        (await NextAsync(reader)).Should().Be("66");
        (await NextAsync(reader)).Should().Be("end");
        (await NextAsync(reader)).Should().Be("end");
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("g");
        (await peer.ReceiveAsync()).Should().Be("8a01 70");
    }

    [Theory]
    [InlineData("82 00", "")]
    [InlineData("02 00" + "80 00", "")]
    [InlineData("82 03 010203", "010203")]
    [InlineData("02 02 0102" + "80 00", "0102")]
    [InlineData("02 02 0102" + "00 00" + "80 02 0304", "01020304")]
    public async Task The_parts_make_the_message(string frames, string payload)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var bytes = peer.OnWire(frames, "81 01 78");
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            await peer.SendBytesAsync(bytes.AsMemory(0, cut));
            var receiving = Task.Run(async () =>
            {
                using var copy = new MemoryStream();
                using var reader = (await connection.ReceiveStreamingAsync())!;
                await reader.CopyToAsync(copy);
                return Convert.ToHexStringLower(copy.ToArray());
            });
            await peer.SendBytesAsync(bytes.AsMemory(cut));
            (await receiving.Within()).Should().Be(payload);
            (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("x");
        }
    }

    [Fact]
    public async Task A_message_may_be_larger_than_MaxMessageSize_and_MaxFragments()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { MaxMessageSize = 1000, MaxFragments = 2 });
        var payload = Wire.Bytes(300_000);
        for (var at = 0; at < payload.Length; at += 100_000)
            await peer.SendFrameAsync((byte)(at == 0 ? 0x02 : at == 200_000 ? 0x80 : 0x00), payload[at..(at + 100_000)]);
        using var reader = (await connection.ReceiveStreamingAsync().Within())!;
        using var copy = new MemoryStream();
        await reader.CopyToAsync(copy).Within();
        copy.ToArray().AsSpan().SequenceEqual(payload).Should().BeTrue();
    }

    [Fact]
    public async Task The_rules_still_hold()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("01 02 61c3");
        using var reader = (await connection.ReceiveStreamingAsync().Within())!;
        (await NextAsync(reader)).Should().Be("61c3", "a part may end within a character");
        await peer.SendAsync("80 01 28");
        (await reader.Awaiting(r => r.ReadAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>())
            .Which.Error.Should().Be(ProtocolError.InvalidUtf8);
        (await peer.ReceiveAsync()).Should().StartWith("88").And.Contain("03ef");
        reader.Dispose();
        await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
    }

    [Fact]
    public async Task Another_receive_before_the_end_of_the_message_is_misuse()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("02 01 61", "80 01 62", "81 01 63");
        var reader = (await connection.ReceiveStreamingAsync().Within())!;
        await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<InvalidOperationException>();
        await connection.Awaiting(c => c.ReceiveStreamingAsync().Within()).Should().ThrowAsync<InvalidOperationException>();
        (await NextAsync(reader)).Should().Be("6162", "the misuse has lost nothing");
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("c");
    }

    [Theory]
    [InlineData("02 01 61", "00 01 62" + "80 01 ff")]
    [InlineData("82 05 61", "62636465")]
    [InlineData("01 01 c3", "80 01 28")]
    [InlineData("82 01 61", "")]
    public async Task Disposing_skips_the_rest_also_what_has_not_come_yet(string begin, string rest)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, new WebSocketClientOptions { MaxMessageSize = 1 });
        await peer.SendAsync(begin);
        var reader = (await connection.ReceiveStreamingAsync().Within())!;
        reader.Dispose();
        reader.Dispose();
        (await NextAsync(reader)).Should().Be("end");
        var receiving = connection.ReceiveAsync().AsTask();
        await peer.SendAsync(rest, "89 01 70", "81 01 78");
        (await receiving.Within())!.Value.GetText().Should().Be("x");
        (await peer.ReceiveAsync()).Should().Be("8a01 70");
    }

    [Fact]
    public async Task Disposing_after_a_part_leaves_the_part_as_it_is_and_skips_the_rest()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("02 02 6162");
        var reader = (await connection.ReceiveStreamingAsync().Within())!;
        var part = (await reader.ReadAsync().Within())!.Value;
        reader.Dispose();
        await peer.SendAsync("00 02 6364", "80 02 6566", "81 01 78");
        part.ToArray().Should().Equal(0x61, 0x62);
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("x");
    }

    [Fact]
    public async Task A_connection_lost_in_mid_message_throws_and_disposing_leads_on_to_the_end()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("02 01 61", "00 05 62");
        var reader = (await connection.ReceiveStreamingAsync().Within())!;
        (await NextAsync(reader)).Should().Be("6162", "what has come is delivered");
        peer.End();
        (await reader.Awaiting(r => r.ReadAsync().Within()).Should().ThrowAsync<WebSocketClosedException>())
            .Which.Closure.Cause.Should().Be(ClosureCause.TransportEnded);
        reader.Dispose();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        (await connection.ReceiveStreamingAsync().Within()).Should().BeNull();
    }

    [Fact]
    public async Task A_close_in_mid_message_ends_it_too()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("02 01 61", "88 02 03e9");
        var reader = (await connection.ReceiveStreamingAsync().Within())!;
        var copying = async () => await reader.CopyToAsync(new MemoryStream()).Within();
        (await copying.Should().ThrowAsync<WebSocketClosedException>()).Which.Closure.Code.Should().Be(CloseCode.GoingAway);
        (await peer.ReceiveAllAsync()).Should().Equal("8802 03e9");
    }

    [Fact]
    public async Task A_message_that_a_cancelled_receive_began_can_be_streamed()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("02 02 6162", "00 02 63");
        using var cancel = new CancellationTokenSource();
        var receiving = connection.ReceiveAsync(cancel.Token).AsTask();
        cancel.Cancel();
        await receiving.Awaiting(task => task.Within()).Should().ThrowAsync<OperationCanceledException>();
        using var reader = (await connection.ReceiveStreamingAsync().Within())!;
        reader.Kind.Should().Be(MessageKind.Binary);
        (await NextAsync(reader)).Should().Be("616263");
        await peer.SendBytesAsync(peer.OnWire("00 02 6364").AsMemory(^1..));
        await peer.SendAsync("80 00");
        (await NextAsync(reader)).Should().Be("64");
        (await NextAsync(reader)).Should().Be("end");
    }

    [Fact]
    public async Task Cancelling_at_every_byte_loses_nothing()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var received = new List<byte>();
        MessageReader? reader = null;
        foreach (var b in peer.OnWire("02 03 616263", "89 00", "00 00", "00 02 6465", "80 01 66"))
        {
            using var cancel = new CancellationTokenSource();
            var reading = ReadUntilCancelledAsync(cancel.Token);
            await peer.SendBytesAsync(new[] { b });
            cancel.Cancel();
            await reading.Within();
        }
        while (await reader!.ReadAsync().Within() is { } part) received.AddRange(part.ToArray());
        received.Should().Equal("abcdef"u8.ToArray());

        async Task ReadUntilCancelledAsync(CancellationToken cancellationToken)
        {
            try
            {
                reader ??= await connection.ReceiveStreamingAsync(cancellationToken);
                while (await reader!.ReadAsync(cancellationToken) is { } part) received.AddRange(part.ToArray());
            }
            catch (OperationCanceledException)
            {
                // As asked for.
            }
        }
    }

    [Fact]
    public async Task Closing_lets_a_reader_read_on_and_its_disposal_drops_the_rest()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("02 01 61");
        var reader = (await connection.ReceiveStreamingAsync().Within())!;
        var closing = connection.CloseAsync().AsTask();
        (await peer.ReceiveAsync()).Should().Be("8802 03e8");
        await peer.SendAsync("00 01 62");
        await connection.BackgroundReading().Within();
        (await NextAsync(reader)).Should().Be("61");
        (await NextAsync(reader)).Should().Be("62");
        await peer.SendAsync("00 01 63");
        await connection.BackgroundReading().Within();
        reader.Dispose();
        await peer.SendAsync("00 01 64", "80 01 65", "81 01 66", "88 02 03e8");
        await closing.Within();
        connection.Closure!.IsClean.Should().BeTrue();
    }

    [Fact]
    public async Task Closing_goes_on_when_a_reader_has_read_to_the_end()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("02 01 61", "80 01 62", "81 01 63", "88 02 03e8");
        var reader = (await connection.ReceiveStreamingAsync().Within())!;
        var closing = connection.CloseAsync().AsTask();
        (await NextAsync(reader)).Should().Be("6162");
        await closing.Within();
        connection.Closure!.IsClean.Should().BeTrue();
    }

    private static async Task<string> NextAsync(MessageReader reader) =>
        await reader.ReadAsync().Within() is { } part ? Convert.ToHexStringLower(part.ToArray()) : "end";
}
