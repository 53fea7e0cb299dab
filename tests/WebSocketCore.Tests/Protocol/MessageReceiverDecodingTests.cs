using System.Buffers;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Protocol;

/// <summary>Messages that an extension decodes; here every byte stands twice, and RSV2 says so.</summary>
public class MessageReceiverDecodingTests
{
    private static readonly NegotiatedExtension Doubling = new DoublingExtension().Agree();

    public static TheoryData<string, string, long> Rows => new()
    {
        { "A104:61616262", "Text 6162", 99 },
        { "8104:61616262", "Text 61616262", 99 },
        { "A204:61616262 8202:6161 A100 A202:6363", "Binary 6162 | Binary 6161 | Text | Binary 63", 99 },

        // Fragments, cut anywhere, with control frames in between; the bit stands on the first one alone.
        { "2101:61 890170 0000 8003:616262", "Ping 70 | Text 6162", 99 },
        { "2100 8004:61616262", "Text 6162", 99 },
        { "2104:61616262 8A00 8000", "Pong | Text 6162", 99 },
        { "2102:6161 A002:6262", "ReservedBitSet", 99 },
        { "A900", "ReservedBitSet", 99 },
        { "C104:61616262", "ReservedBitSet", 99 },
        { "B104:61616262", "ReservedBitSet", 99 },

        { "A103:616162", "UndecodableMessage", 99 },
        { "A102:6162", "UndecodableMessage", 99 },
        { "2103:616162 8001:63", "UndecodableMessage", 99 },

        // What was decoded is checked, at once.
        { "A104:C3C3A9A9 A102:C3C3", "Text C3A9 | InvalidUtf8", 99 },
        { "2104:C3C32828 8000", "InvalidUtf8", 99 },

        // The limit is that of what was decoded.
        { "A206:010102020303 A206:010102020303", "Binary 010203 | Binary 010203", 3 },
        { "A208:0101020203030404", "MessageTooBig", 3 },
        { "2204:01010202 8004:03030404", "MessageTooBig", 3 },
        { "A200 A202:0101", "Binary | MessageTooBig", 0 },
        { "8204:01020304", "MessageTooBig", 3 },

        // No honest encoding makes more than this of a message within the limit: from the header.
        { "A27E0420", "", 31 },
        { "A27E0427", "MessageTooBig", 31 },
        { "2202:0101 807E0425", "MessageTooBig", 31 },
        { "A27F7FFFFFFFFFFFFFFF", "", long.MaxValue },
        { "A27F7FFFFFFFFFFFFFFF", "MessageTooBig", 31 },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Messages_are_decoded_however_they_come(string frames, string log, long maxSize)
    {
        var limits = new MessageLimits(maxSize, 99, 99);
        foreach (var role in new[] { WebSocketRole.Server, WebSocketRole.Client })
        {
            foreach (var mode in maxSize == 99 ? new[] { ReceiveMode.Messages, ReceiveMode.Parts } : [ReceiveMode.Messages])
            {
                var wire = Wire.ToBytes(frames, role);
                for (var cut = 0; cut <= wire.Length; cut++)
                {
                    var run = new ReceiverRun(role, limits, Doubling);
                    run.Feed(wire.AsSpan(0, cut), mode);
                    run.Feed(wire.AsSpan(cut), mode);
                    run.Log.Should().Be(log, "it was cut at {0}", cut);
                    run.Receiver.End();
                    run.Pool.Outstanding.Should().Be(0);
                }

                var byByte = new ReceiverRun(role, limits, Doubling);
                foreach (var b in wire) byByte.Feed([b], mode);
                byByte.Log.Should().Be(log);
            }
        }
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void What_is_skipped_is_decoded_all_the_same_and_left_behind(WebSocketRole role)
    {
        var extension = new DoublingExtension();
        foreach (var (frames, log) in new[] { ("A104:61616262 890170 A202:6363", "Ping 70"), ("2103:616162 A900", "ReservedBitSet"), ("A102:6162", "UndecodableMessage") })
        {
            var wire = Wire.ToBytes(frames, role);
            var run = new ReceiverRun(role, extension: extension.Agree());
            run.Feed(wire, ReceiveMode.Skip);
            run.Log.Should().Be(log);
            run.Pool.Rents.Should().Be(0);
        }

        var half = new ReceiverRun(role, extension: extension.Agree());
        half.Feed(Wire.ToBytes("2105:6161626263", role), ReceiveMode.Messages);
        half.Receiver.SkipMessage();
        half.Feed(Wire.ToBytes("8001:63 A202:6464", role), ReceiveMode.Messages);
        half.Log.Should().Be("Binary 64");
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void A_part_of_a_streamed_message_is_bounded_whatever_comes_of_few_bytes(WebSocketRole role)
    {
        const int length = 1_000_000;
        var run = new ReceiverRun(role, new MessageLimits(10, 1, 1), new Repeating(length).Negotiated);
        var wire = Wire.ToBytes("A201:61 A201:62", role);
        run.Feed(wire.AsSpan(0, wire.Length / 2), ReceiveMode.Parts);
        run.Log.Should().Be($"Binary 61*{length}");
        run.PartCount.Should().BeGreaterThanOrEqualTo(length / (64 * 1024));
        run.Pool.LargestRequest.Should().BeLessThanOrEqualTo(64 * 1024);

        // Somebody else reads on: control frames only, then the end.
        run.Feed(wire.AsSpan(wire.Length / 2), ReceiveMode.ControlOnly).Should().BeLessThan(wire.Length / 2);
    }

    [Fact]
    public void What_makes_much_of_few_bytes_is_stopped_at_the_limit()
    {
        var run = new ReceiverRun(WebSocketRole.Server, new MessageLimits(100_000, 1, 1), new Repeating(long.MaxValue).Negotiated);
        run.Feed(Wire.ToBytes("A201:61", WebSocketRole.Server));
        run.Log.Should().Be("MessageTooBig");
        run.Pool.OutstandingBytes.Should().BeLessThan(400_000);
    }

    [Fact]
    public void A_decoder_that_makes_no_progress_ends_the_connection()
    {
        var run = new ReceiverRun(WebSocketRole.Server, extension: new Repeating(-1).Negotiated);
        run.Feed(Wire.ToBytes("A201:61", WebSocketRole.Server));
        run.Log.Should().Be("UndecodableMessage");
    }

    /// <summary>Repeats each byte; -1: asks for room for ever.</summary>
    private sealed class Repeating(long times) : MessageDecoder
    {
        private long _left;

        public NegotiatedExtension Negotiated => new Agreement(this);

        public override bool Begin(MessageKind kind, ReservedBits reservedBits)
        {
            _left = times;
            return true;
        }

        public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written)
        {
            consumed = written = 0;
            if (source.IsEmpty) return OperationStatus.Done;
            if (_left < 0) return OperationStatus.DestinationTooSmall;
            written = (int)Math.Min(destination.Length, _left);
            destination[..written].Fill(source[0]);
            _left -= written;
            if (_left != 0) return OperationStatus.DestinationTooSmall;
            consumed = source.Length;
            return OperationStatus.Done;
        }

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Agreement(MessageDecoder decoder) : NegotiatedExtension(new DoublingExtension(), ExtensionParameters.None)
        {
            public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) => throw new NotSupportedException();

            public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => decoder;
        }
    }
}
