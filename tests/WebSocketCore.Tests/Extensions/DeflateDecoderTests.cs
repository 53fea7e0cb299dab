using System.Buffers;
using System.IO.Compression;
using System.Text;
using WebSocketCore.Extensions;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;
using WebSocketCore.Tests.Protocol;
using WebSocketCore.Tests.TestSupport;
using Wire = WebSocketCore.Tests.TestSupport.Wire;

namespace WebSocketCore.Tests.Extensions;

public class DeflateDecoderTests
{
    // Of each row the messages, one after the other; "invalid" ends it.
    [Theory]

    // RFC 7692, section 7.2.3.
    [InlineData("f248cdc9c90700 | f248cdc9c90700", "Hello | Hello", true)]
    [InlineData("f248cdc9c90700 | f200110000", "Hello | Hello", true)]
    [InlineData("f248cdc9c90700 | f200110000", "Hello | invalid", false)]
    [InlineData("000500faff48656c6c6f00 | 000500faff48656c6c6f00", "Hello | Hello", true)]
    [InlineData("f248050000 00ffffcac9c90700", "Hello", true)]
    [InlineData("f348cdc9c9070000 | f248cdc9c90700", "Hello | Hello", true)]

    // Empty: as it should be, as some make it, and of several blocks.
    [InlineData("00 | 00 | f248cdc9c90700", " |  | Hello", true)]
    [InlineData("- | f248cdc9c90700 | - | f200110000", " | Hello |  | Hello", true)]
    [InlineData("000000ffff00 | 000000ffff000000ffff00", " | ", true)]
    [InlineData("0200", "", true)]

    // A final block at the end, without what the RFC puts behind it, and in the middle; then another stream follows.
    [InlineData("f348cdc9c90700 | f248cdc9c90700", "Hello | Hello", true)]
    [InlineData("f348cdc9c90700f248cdc9c90700", "HelloHello", true)]
    [InlineData("f348cdc9c90700f348cdc9c9070000", "HelloHello", true)]
    [InlineData("010000ffff010000ffff010000ffff", "", true)]

    // What the context was ends with it.
    [InlineData("f348cdc9c9070000 | f200110000", "Hello | invalid", true)]

    // Behind a final block stands no block: a reserved type, a length that is not confirmed, half a block.
    [InlineData("f348cdc9c9070006", "invalid", true)]
    [InlineData("f348cdc9c90700 0001020304", "invalid", true)]
    [InlineData("f348cdc9c90700 000500faff48", "invalid", true)]

    // No DEFLATE, or cut off.
    [InlineData("06", "invalid", true)]
    [InlineData("ffffffff", "invalid", true)]
    [InlineData("000500fafe48656c6c6f00", "invalid", true)]
    [InlineData("000500faff48656c6c6f", "invalid", true)]
    [InlineData("000500faff48656c", "invalid", true)]
    [InlineData("f248cdc9c907", "invalid", true)]
    [InlineData("f248cdc9c9", "invalid", true)]
    [InlineData("f248", "invalid", true)]
    [InlineData("f248cdc9c9070000", "invalid", true)]
    public void Messages_are_what_they_are_in_pieces_of_any_size(string payloads, string messages, bool keepsContext)
    {
        foreach (var keeps in keepsContext && !messages.Contains("invalid", StringComparison.Ordinal) && !payloads.Contains("f20011", StringComparison.Ordinal) ? new[] { true, false } : [keepsContext])
        {
            for (var piece = 1; piece <= 15; piece++)
            {
                for (var room = 1; room <= 8; room++)
                {
                    using var decoder = new DeflateDecoder(15, keeps);
                    var decoded = new List<string>();
                    foreach (var payload in payloads.Split(" | "))
                    {
                        var message = Decode(decoder, payload == "-" ? [] : Wire.Hex(payload), piece, room);
                        decoded.Add(message is null ? "invalid" : Encoding.ASCII.GetString(message));
                        if (message is null) break;
                    }
                    string.Join(" | ", decoded).Should().Be(messages, "pieces have {0} bytes and rooms {1}, the context is kept: {2}", piece, room, keeps);
                }
            }
        }
    }

    [Fact]
    public void A_message_without_the_bit_is_not_decoded()
    {
        using var decoder = new DeflateDecoder(15, keepsContext: true);
        decoder.Begin(MessageKind.Text, ReservedBits.None).Should().BeFalse();
        decoder.Begin(MessageKind.Text, ReservedBits.Rsv1).Should().BeTrue();
    }

    // Without takeover no cut goes unnoticed. With it, one within the description of a block's codes may: then the next message cannot be decoded.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_that_is_cut_short_is_found_out(bool keepsContext)
    {
        var text = Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 300).Select(i => i * i)));
        foreach (var level in new[] { CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.Optimal })
        {
            using var output = new MemoryStream();
            using var stream = new DeflateStream(output, level);
            stream.Write(text);
            stream.Flush();
            var payload = output.ToArray()[..^4];
            using (var whole = new DeflateDecoder(15, keepsContext)) Decode(whole, payload, payload.Length, 5000).Should().Equal(text);
            for (var cut = 1; cut < payload.Length; cut++)
            {
                using var decoder = new DeflateDecoder(15, keepsContext);
                var decoded = Decode(decoder, payload[..cut], cut, 5000);
                if (IsWhole(payload.AsSpan(0, cut)))
                {
                    decoded.Should().NotBeNull("what is left is a whole message");
                    continue;
                }
                if (decoded is null) continue;
                keepsContext.Should().BeTrue("it was cut at {0} of {1}", cut, payload.Length);
                Decode(decoder, payload, payload.Length, 5000).Should().BeNull();
            }
        }
    }

    // Never an exception, never an end that does not come, never more than there is room for.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Random_bytes_are_decoded_or_refused(bool keepsContext)
    {
        var random = new Random(keepsContext ? 1 : 2);
        using var encoder = new DeflateEncoder(new DeflateSettings(15, 6, 0), keepsContext: false);
        var refused = 0;
        for (var i = 0; i < 3000; i++)
        {
            using var decoder = new DeflateDecoder(random.Next(8, 16), keepsContext);
            var payload = new byte[random.Next(1, 300)];
            if (i % 2 == 0)
            {
                random.NextBytes(payload);
            }
            else
            {
                // A good message with some bits wrong.
                encoder.Begin(MessageKind.Binary, null, MessageOptions.None, out _);
                encoder.Encode(Encoding.ASCII.GetBytes(string.Join(',', Enumerable.Range(i, 100))), payload = new byte[1000], EncodingEnd.Message, out _, out var length);
                payload = payload[..length];
                for (var flips = random.Next(1, 4); flips > 0; flips--) payload[random.Next(length)] ^= (byte)(1 << random.Next(8));
            }
            if (Decode(decoder, payload, random.Next(1, 400), random.Next(1, 2000)) is null) refused++;
        }
        refused.Should().BeGreaterThan(1500);
    }

    // 1 GiB of zeros in 1 MiB.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_bomb_is_stopped_at_the_limit_and_costs_no_more_memory_than_that(bool keepsContext)
    {
        const int limit = 1024 * 1024;
        var extension = new PermessageDeflate { ClientNoContextTakeover = !keepsContext }.Accept(ExtensionParameters.None)!;
        var bomb = Bomb(1L << 30);
        bomb.Length.Should().BeLessThan(limit + (limit / 8), "the limit on what comes over the wire would stop it, too");

        var run = new ReceiverRun(WebSocketRole.Server, new MessageLimits(limit, 10, 10), extension);
        run.Feed(Wire.Mask(Wire.Frame(0xC2, bomb)));
        run.Log.Should().Be("MessageTooBig");
        run.Pool.OutstandingBytes.Should().BeLessThanOrEqualTo(2 * limit);

        // In parts it may be as long as it likes.
        var parts = new ReceiverRun(WebSocketRole.Server, new MessageLimits(limit, 10, 10), extension);
        var small = Bomb(100L << 20);
        var length = 0L;
        var wire = Wire.Mask(Wire.Frame(0xC2, small)).AsSpan();
        while (true)
        {
            var happened = parts.Receiver.Read(wire, ReceiveMode.Parts, out var consumed);
            wire = wire[consumed..];
            parts.Pool.OutstandingBytes.Should().BeLessThan(512 * 1024);
            length += parts.Receiver.Payload.Length;
            parts.Receiver.ClearPayload();
            if (happened == ReceiveEvent.Message) break;
            happened.Should().BeOneOf(ReceiveEvent.MessageStart, ReceiveEvent.MessagePart);
        }
        length.Should().Be(100L << 20);

        // Skipped, it leaves nothing.
        var skipping = new ReceiverRun(WebSocketRole.Server, new MessageLimits(limit, 10, 10), extension);
        skipping.Feed(Wire.Mask([.. Wire.Frame(0xC2, small), .. Wire.Frame(0x89, [])]), ReceiveMode.Skip);
        skipping.Log.Should().Be("Ping");
        skipping.Pool.OutstandingBytes.Should().Be(0);
    }

    private static bool IsWhole(ReadOnlySpan<byte> payload)
    {
        try
        {
            new StrictInflater(15, keepsContext: false).Inflate(payload);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static byte[] Bomb(long length)
    {
        var zeros = new byte[1024 * 1024];
        using var output = new MemoryStream();
        using (var stream = new DeflateStream(output, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (; length > 0; length -= zeros.Length) stream.Write(zeros);
        }
        output.WriteByte(0);
        return output.ToArray();
    }

    /// <returns>Null where it is invalid.</returns>
    private static byte[]? Decode(DeflateDecoder decoder, byte[] payload, int piece, int room)
    {
        decoder.Begin(MessageKind.Binary, ReservedBits.Rsv1).Should().BeTrue();
        var decoded = new List<byte>();
        var destination = new byte[room];
        var start = 0;
        do
        {
            var length = Math.Min(piece, payload.Length - start);
            var source = payload.AsSpan(start, length);
            start += length;
            while (true)
            {
                var status = decoder.Decode(source, destination, start == payload.Length, out var consumed, out var written);
                decoded.AddRange(destination[..written]);
                source = source[consumed..];
                if (status == OperationStatus.InvalidData) return null;
                if (status == OperationStatus.Done)
                {
                    source.IsEmpty.Should().BeTrue();
                    break;
                }
                status.Should().Be(OperationStatus.DestinationTooSmall);
                (consumed + written).Should().BePositive("there is no end without progress");
            }
        }
        while (start < payload.Length);
        return [.. decoded];
    }
}
