using System.Buffers;
using WebSocketCore.Protocol;

namespace WebSocketCore.Tests.Protocol;

public class MessageReceiverModeTests
{
    private const string Mixed = "890170 0203010203 8A00 0000 890171 80020405 810161 890172 8200 827E0080:AB*128 8100 880203E8";
    private const string MixedLog =
        "Ping 70 | Pong | Ping 71 | Binary 0102030405 | Text 61 | Ping 72 | Binary | Binary AB*128 | Text | Close 1000";

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void Skip_drops_data_and_takes_control_frames_without_any_memory(WebSocketRole receiver)
    {
        var wire = Wire.ToBytes(Mixed, receiver);
        for (var cut = 0; cut <= wire.Length; cut++)
        {
            var run = new ReceiverRun(receiver);
            run.Feed(wire.AsSpan(0, cut), ReceiveMode.Skip);
            run.Feed(wire.AsSpan(cut), ReceiveMode.Skip);
            run.Log.Should().Be("Ping 70 | Pong | Ping 71 | Ping 72 | Close 1000");
            run.Pool.Rents.Should().Be(0);
        }
    }

    // The cuts fall between the first header and the last byte of the first message.
    [Theory]
    [InlineData(WebSocketRole.Server, nameof(ReceiveMode.Messages), false)]
    [InlineData(WebSocketRole.Client, nameof(ReceiveMode.Messages), false)]
    [InlineData(WebSocketRole.Server, nameof(ReceiveMode.Parts), false)]
    [InlineData(WebSocketRole.Client, nameof(ReceiveMode.Parts), false)]
    [InlineData(WebSocketRole.Server, nameof(ReceiveMode.Messages), true)]
    [InlineData(WebSocketRole.Client, nameof(ReceiveMode.Messages), true)]
    [InlineData(WebSocketRole.Server, nameof(ReceiveMode.Parts), true)]
    [InlineData(WebSocketRole.Client, nameof(ReceiveMode.Parts), true)]
    public void A_message_that_is_skipped_from_its_middle_on_leaves_nothing_behind(WebSocketRole receiver, string modeName, bool bySkipMode)
    {
        var mode = Enum.Parse<ReceiveMode>(modeName);
        const string first = "0103616263 890170 0000 800164";
        var wire = Wire.ToBytes(first + " 890171 8103414243 8100", receiver);
        var end = Wire.ToBytes(first, receiver).Length;
        for (var cut = Wire.ToBytes("0100", receiver).Length; cut < end; cut++)
        {
            var run = new ReceiverRun(receiver);
            run.Feed(wire.AsSpan(0, cut), mode);
            run.Receiver.IsInMessage.Should().BeTrue();
            if (bySkipMode)
            {
                run.Feed(wire.AsSpan(cut, end - cut), ReceiveMode.Skip);
            }
            else
            {
                run.Receiver.SkipMessage();
                run.Receiver.IsInMessage.Should().BeFalse();
                run.Feed([], ReceiveMode.Parts);
                run.Feed(wire.AsSpan(cut, end - cut), mode);
            }

            run.Receiver.IsInMessage.Should().BeFalse();
            run.Feed([], ReceiveMode.Parts);
            run.Feed(wire.AsSpan(end), mode);
            run.Log.Should().Be("Ping 70 | Ping 71 | Text 414243 | Text");
        }
    }

    [Fact]
    public void What_is_skipped_is_not_judged_as_text_nor_is_the_next_message_by_it()
    {
        var run = new ReceiverRun(WebSocketRole.Client);
        run.Feed(Convert.FromHexString("0102F09F"));
        run.Receiver.SkipMessage();
        run.Feed(Convert.FromHexString("8002FFFF" + "8102CEBA"));
        run.Feed(Convert.FromHexString("8101FF"), ReceiveMode.Skip);
        run.Log.Should().Be("Text CEBA");
        run.Feed(Convert.FromHexString("8101FF"));
        run.Log.Should().Be("Text CEBA | InvalidUtf8");
    }

    [Fact]
    public void SkipMessage_between_messages_does_nothing()
    {
        var run = new ReceiverRun(WebSocketRole.Client);
        run.Receiver.SkipMessage();
        run.Feed(Convert.FromHexString("810161"));
        run.Receiver.SkipMessage();
        run.Feed(Convert.FromHexString("810162"));
        run.Log.Should().Be("Text 61 | Text 62");
    }

    [Fact]
    public void A_part_that_was_handed_out_stays_valid_while_the_rest_is_skipped()
    {
        var receiver = new ReceiverRun(WebSocketRole.Client).Receiver;
        receiver.Read(Convert.FromHexString("02050102"), ReceiveMode.Parts, out var consumed).Should().Be(ReceiveEvent.MessageStart);
        receiver.Read(Convert.FromHexString("02050102").AsSpan(consumed), ReceiveMode.Parts, out _).Should().Be(ReceiveEvent.MessagePart);
        var part = receiver.Payload;
        receiver.SkipMessage();
        receiver.Read(Convert.FromHexString("030405" + "8000" + "890170"), ReceiveMode.ControlOnly, out consumed).Should().Be(ReceiveEvent.DataAhead);
        receiver.Read(Convert.FromHexString("030405" + "8000" + "890170").AsSpan(consumed), ReceiveMode.Skip, out _).Should().Be(ReceiveEvent.Ping);
        part.ToArray().Should().Equal(1, 2);
    }

    // In front of the payload of a data frame, whatever was read before.
    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void ControlOnly_stops_in_front_of_data_and_loses_nothing(WebSocketRole receiver)
    {
        var wire = Wire.ToBytes(Mixed, receiver);
        foreach (var goOn in new[] { ReceiveMode.Messages, ReceiveMode.Parts })
        {
            for (var cut = 0; cut <= wire.Length; cut++)
            {
                var run = new ReceiverRun(receiver);
                run.Feed(wire.AsSpan(0, cut), goOn);
                var position = cut + run.Feed(wire.AsSpan(cut), ReceiveMode.ControlOnly);
                run.Feed(wire.AsSpan(position), ReceiveMode.ControlOnly).Should().Be(0, "data waits, or nothing is left");
                run.Feed(wire.AsSpan(position), goOn);
                run.Log.Should().Be(MixedLog);
            }
        }
    }

    [Fact]
    public void ControlOnly_byte_by_byte_takes_the_pings_and_waits_at_the_data()
    {
        var run = new ReceiverRun(WebSocketRole.Client);
        var wire = Convert.FromHexString("890170" + "8A00" + "890171" + "810161");
        for (var i = 0; i < wire.Length - 1; i++) run.Feed(wire.AsSpan(i, 1), ReceiveMode.ControlOnly).Should().Be(1);
        run.Log.Should().Be("Ping 70 | Pong | Ping 71");
        run.Feed(wire.AsSpan(wire.Length - 1), ReceiveMode.ControlOnly).Should().Be(0);
        run.Pool.Rents.Should().Be(0);
        run.Feed(wire.AsSpan(wire.Length - 1)).Should().Be(1);
        run.Log.Should().EndWith("Text 61");
    }

    [Fact]
    public void ControlOnly_still_refuses_a_bad_header()
    {
        var run = new ReceiverRun(WebSocketRole.Client);
        run.Feed(Convert.FromHexString("8A00" + "C100"), ReceiveMode.ControlOnly);
        run.Log.Should().Be("Pong | ReservedBitSet");
    }

    [Fact]
    public void Parts_begin_with_the_header_and_come_as_the_bytes_do()
    {
        var run = new ReceiverRun(WebSocketRole.Client);
        var receiver = run.Receiver;
        receiver.Read(Convert.FromHexString("0104"), ReceiveMode.Parts, out _).Should().Be(ReceiveEvent.MessageStart);
        receiver.Kind.Should().Be(MessageKind.Text);
        receiver.Read([], ReceiveMode.Parts, out _).Should().Be(ReceiveEvent.NeedMore, "there is no payload yet");
        foreach (var piece in new[] { "6162", "CE" })
        {
            receiver.Read(Convert.FromHexString(piece), ReceiveMode.Parts, out _).Should().Be(ReceiveEvent.MessagePart);
            Convert.ToHexString(receiver.Payload.ToArray()).Should().Be(piece);
            receiver.ClearPayload();
        }

        // The end of a fragment and the header of the next say nothing of their own.
        receiver.Read(Convert.FromHexString("BA" + "0000" + "8001"), ReceiveMode.Parts, out _).Should().Be(ReceiveEvent.MessagePart);
        Convert.ToHexString(receiver.Payload.ToArray()).Should().Be("BA");
        receiver.IsInMessage.Should().BeTrue();
        receiver.ClearPayload();
        receiver.Read(Convert.FromHexString("63"), ReceiveMode.Parts, out _).Should().Be(ReceiveEvent.Message);
        Convert.ToHexString(receiver.Payload.ToArray()).Should().Be("63");
        receiver.IsInMessage.Should().BeFalse();
    }

    [Fact]
    public void What_Messages_has_collected_comes_as_the_first_part_without_further_input()
    {
        var receiver = new ReceiverRun(WebSocketRole.Client).Receiver;
        receiver.Read(Convert.FromHexString("020401"), ReceiveMode.Messages, out _).Should().Be(ReceiveEvent.NeedMore);
        receiver.Read(Convert.FromHexString("02"), ReceiveMode.Messages, out _).Should().Be(ReceiveEvent.NeedMore);
        receiver.IsInMessage.Should().BeTrue();
        receiver.Kind.Should().Be(MessageKind.Binary);
        receiver.Read([], ReceiveMode.Parts, out _).Should().Be(ReceiveEvent.MessagePart);
        receiver.Payload.ToArray().Should().Equal(1, 2);
    }

    [Fact]
    public void Streaming_a_large_frame_holds_no_more_than_its_parts()
    {
        var run = new ReceiverRun(WebSocketRole.Client);
        run.Feed(Convert.FromHexString("827F0000000001000000"), ReceiveMode.Parts);
        var piece = new byte[4096];
        for (var i = 0; i < 4096; i++)
        {
            run.Feed(piece, ReceiveMode.Parts);
            if (run.Pool.OutstandingBytes > 2 * piece.Length) Assert.Fail($"{run.Pool.OutstandingBytes} bytes held");
        }

        run.PartCount.Should().Be(4095);
        run.Log.Should().Be("Binary 00*16777216");
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void Changing_the_mode_at_any_time_loses_nothing(WebSocketRole receiver)
    {
        var wire = Wire.ToBytes(Mixed, receiver);
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var run = new ReceiverRun(receiver);
            for (var position = 0; position < wire.Length;)
            {
                var length = Math.Min(random.Next(12), wire.Length - position);
                position += run.Feed(wire.AsSpan(position, length), () => (ReceiveMode)random.Next(3));
            }

            run.Feed([], ReceiveMode.Messages);
            if (run.Log != MixedLog) Assert.Fail($"Seed {seed}: {run.Log}");
        }
    }
}
