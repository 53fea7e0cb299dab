using System.Buffers;
using System.Text;
using WebSocketCore.Extensions;
using WebSocketCore.Frames;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Extensions;

public class DeflateEncoderTests
{
    public static TheoryData<int, bool, int> Settings
    {
        get
        {
            var rows = new TheoryData<int, bool, int>();
            for (var bits = 8; bits <= 15; bits++)
            {
                foreach (var keeps in new[] { true, false })
                {
                    foreach (var level in new[] { 0, 1, 6, 9 }) rows.Add(bits, keeps, level);
                }
            }
            return rows;
        }
    }

    // The judge enforces the window and the takeover. Messages come in pieces, with and without fragments' ends, into room of any size.
    [Theory]
    [MemberData(nameof(Settings))]
    public void What_was_agreed_on_is_kept_to(int windowBits, bool keepsContext, int level)
    {
        var random = new Random(windowBits * 100 + level);
        using var encoder = new DeflateEncoder(new DeflateSettings(windowBits, level, Threshold: 0), keepsContext);
        var judge = new StrictInflater(windowBits, keepsContext);
        var window = 1 << windowBits;
        foreach (var size in new[] { 0, 1, 2, 3, 10, 63, 64, 65, 1000, 0, window - 300, window - 1, window, window + 1, window + 300, 5, 20_000 })
        {
            var message = Message(random, Math.Max(size, 0), window);
            var payload = Encode(encoder, message, random);
            judge.Inflate(payload).Should().Equal(message, "it has {0} bytes", size);
        }

        // zlib keeps 262 bytes of a window out of reach.
        if (level != 0) judge.LongestDistance.Should().BeGreaterThan(Math.Min(window / 2, 200), "the window is used");
    }

    [Fact]
    public void A_kept_context_makes_equal_messages_short_and_no_other_does()
    {
        var message = Encoding.ASCII.GetBytes(string.Join(',', Enumerable.Range(1000, 100)));
        foreach (var keeps in new[] { true, false })
        {
            using var encoder = new DeflateEncoder(new DeflateSettings(15, 6, 0), keeps);
            var first = Encode(encoder, message);
            var second = Encode(encoder, message);
            if (keeps) second.Length.Should().BeLessThan(20);
            else second.Should().Equal(first);

            encoder.ForgetContext();
            Encode(encoder, message).Should().Equal(first);
            encoder.ReleaseContext();
            Encode(encoder, message).Should().Equal(first);
        }
    }

    // RFC 7692 7.2.3.6.
    [Fact]
    public void An_empty_message_is_one_byte()
    {
        foreach (var keeps in new[] { true, false })
        {
            using var encoder = new DeflateEncoder(new DeflateSettings(15, 6, 0), keeps);
            for (var i = 0; i < 3; i++)
            {
                Encode(encoder, []).Should().Equal(0);
                Encode(encoder, "abc"u8.ToArray()).Should().HaveCountGreaterThan(3);
            }
        }
    }

    [Fact]
    public void At_the_end_of_a_fragment_everything_up_to_there_can_be_read()
    {
        foreach (var keeps in new[] { true, false })
        {
            using var encoder = new DeflateEncoder(new DeflateSettings(15, 6, 0), keeps);
            using var decoder = new DeflateDecoder(15, keeps);
            for (var message = 0; message < 3; message++)
            {
                encoder.Begin(MessageKind.Text, null, MessageOptions.None, out var bits).Should().BeTrue();
                decoder.Begin(MessageKind.Text, bits).Should().BeTrue();
                var wire = new List<byte>();
                foreach (var fragment in new[] { "first", "", "second, second", "x" })
                {
                    var encoded = Encode(encoder, Encoding.ASCII.GetBytes(fragment), EncodingEnd.Fragment);
                    wire.AddRange(encoded);
                    var room = new byte[100];
                    decoder.Decode(encoded, room, endOfMessage: false, out _, out var written).Should().Be(OperationStatus.Done);
                    Encoding.ASCII.GetString(room, 0, written).Should().Be(fragment);
                }
                var end = Encode(encoder, [], EncodingEnd.Message);
                end.Should().Equal(new byte[] { 0 }, "nothing came since the last fragment");
                decoder.Decode(end, new byte[1], endOfMessage: true, out _, out var last).Should().Be(OperationStatus.Done);
                last.Should().Be(0);
                new StrictInflater(15, keepsContext: false).Invoking(judge => judge.Inflate([.. wire, .. end])).Should().NotThrow("message {0}", message);
                if (keeps) break;
            }
        }
    }

    [Fact]
    public void Short_messages_and_those_that_are_not_to_be_compressed_are_left_alone()
    {
        using var encoder = new DeflateEncoder(new DeflateSettings(15, 6, Threshold: 64), keepsContext: true);
        encoder.Begin(MessageKind.Text, 63, MessageOptions.None, out var bits).Should().BeFalse();
        bits.Should().Be(ReservedBits.None);
        encoder.Begin(MessageKind.Text, 1000, MessageOptions.DisableCompression, out bits).Should().BeFalse();
        bits.Should().Be(ReservedBits.None);
        encoder.Begin(MessageKind.Text, 64, MessageOptions.None, out bits).Should().BeTrue();
        bits.Should().Be(ReservedBits.Rsv1);
        Encode(encoder, new byte[64], EncodingEnd.Message);
        encoder.Begin(MessageKind.Text, null, MessageOptions.None, out bits).Should().BeTrue("the length is not known");
    }

    [Fact]
    public void Only_where_no_context_is_kept_a_message_can_be_taken_back()
    {
        using var keeps = new DeflateEncoder(new DeflateSettings(15, 6, 0), keepsContext: true);
        Encode(keeps, Wire.Bytes(100));
        keeps.TryForget().Should().BeFalse();
        using var forgets = new DeflateEncoder(new DeflateSettings(15, 6, 0), keepsContext: false);
        Encode(forgets, Wire.Bytes(100));
        forgets.TryForget().Should().BeTrue();
    }

    // A compressor that was given up in mid-message must not come back with what is left in it.
    [Fact]
    public void What_is_pooled_remembers_nothing()
    {
        var settings = new DeflateSettings(11, 9, 0);
        var message = Wire.Bytes(1500, seed: 3);
        byte[] expected;
        using (var encoder = new DeflateEncoder(settings, keepsContext: true)) expected = Encode(encoder, message);
        for (var i = 0; i < 10; i++)
        {
            using (var abandoned = new DeflateEncoder(settings, keepsContext: i % 2 == 0))
            {
                abandoned.Begin(MessageKind.Binary, null, MessageOptions.None, out _);
                abandoned.Encode(message, new byte[64], i % 3 == 0 ? EncodingEnd.Fragment : EncodingEnd.None, out _, out _);
                abandoned.Dispose();
            }
            using var encoder = new DeflateEncoder(settings, keepsContext: true);
            Encode(encoder, message).Should().Equal(expected);
            Encode(encoder, message).Length.Should().BeLessThan(expected.Length);
        }
    }

    private static byte[] Message(Random random, int size, int window)
    {
        var message = new byte[size];
        for (var i = 0; i < size; i++)
        {
            // Some of it is new, most of it repeats what lies about a window back, or a little more or less.
            var back = random.Next(Math.Max(1, window - 300), window + 100);
            message[i] = (i % 200 < 150) && i >= back ? message[i - back] : (byte)random.Next(97, 123);
        }
        return message;
    }

    private static byte[] Encode(DeflateEncoder encoder, byte[] message)
    {
        encoder.Begin(MessageKind.Binary, message.Length, MessageOptions.None, out _).Should().BeTrue();
        return Encode(encoder, message, EncodingEnd.Message);
    }

    private static byte[] Encode(DeflateEncoder encoder, byte[] message, Random random)
    {
        encoder.Begin(MessageKind.Binary, message.Length, MessageOptions.None, out _).Should().BeTrue();
        var encoded = new List<byte>();
        var start = 0;
        while (random.Next(3) != 0)
        {
            var length = random.Next(message.Length - start + 1);
            encoded.AddRange(Encode(encoder, message.AsSpan(start, length), (EncodingEnd)random.Next(2), random));
            start += length;
        }
        encoded.AddRange(Encode(encoder, message.AsSpan(start), EncodingEnd.Message, random));
        return [.. encoded];
    }

    private static byte[] Encode(DeflateEncoder encoder, ReadOnlySpan<byte> source, EncodingEnd end, Random? random = null)
    {
        var encoded = new List<byte>();
        while (true)
        {
            var room = new byte[random is null ? 4096 : random.Next(64, random.Next(2) == 0 ? 80 : 5000)];
            var status = encoder.Encode(source, room, end, out var consumed, out var written);
            encoded.AddRange(room[..written]);
            source = source[consumed..];
            if (status == OperationStatus.Done)
            {
                source.IsEmpty.Should().BeTrue();
                return [.. encoded];
            }
            status.Should().Be(OperationStatus.DestinationTooSmall);
            (consumed + written).Should().BePositive();
        }
    }
}
