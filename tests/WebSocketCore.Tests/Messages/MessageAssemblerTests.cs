using System.Buffers;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Messages;

public class MessageAssemblerTests
{
    private readonly CountingPool _pool = new();

    /// <summary>Frames as [s]length, s for streamed, a dot for FIN; within limits of 10 bytes, 3 frames and 1 empty one.</summary>
    [Theory]
    [InlineData("10.", ProtocolError.None)]
    [InlineData("11.", ProtocolError.MessageTooBig)]
    [InlineData("4 6.", ProtocolError.None)]
    [InlineData("4 7.", ProtocolError.MessageTooBig)]
    [InlineData("10 0.", ProtocolError.None)]
    [InlineData("10 1.", ProtocolError.MessageTooBig)]
    [InlineData("1 9223372036854775807.", ProtocolError.MessageTooBig)]
    [InlineData("1 18446744073709551615.", ProtocolError.MessageTooBig)]
    [InlineData("1 1 1.", ProtocolError.None)]
    [InlineData("1 1 1 1.", ProtocolError.TooManyFragments)]
    [InlineData("1 1 1 0.", ProtocolError.TooManyFragments)]
    [InlineData("0.", ProtocolError.None)]
    [InlineData("0 0.", ProtocolError.None)]
    [InlineData("0 1 0", ProtocolError.TooManyEmptyFragments)]
    [InlineData("s100.", ProtocolError.None)]
    [InlineData("s1 s1 s1 s1 s1.", ProtocolError.None)]
    [InlineData("s0 s0", ProtocolError.TooManyEmptyFragments)]
    [InlineData("s6 4.", ProtocolError.None)]
    [InlineData("s6 5.", ProtocolError.MessageTooBig)]
    [InlineData("s20 1.", ProtocolError.MessageTooBig)]
    [InlineData("s20 0.", ProtocolError.None)]
    public void Limits_count_over_the_whole_message_and_anew_for_the_next(string frames, ProtocolError expected)
    {
        var assembler = new MessageAssembler(new MessageLimits(10, 3, 1), _pool);
        for (var round = 0; round < 2; round++)
        {
            assembler.Begin(MessageKind.Binary);
            var error = ProtocolError.None;
            foreach (var frame in frames.Split(' '))
            {
                error.Should().Be(ProtocolError.None, "only the last frame breaks the limit");
                var header = new FrameHeader(Opcode.Continuation, 0, fin: frame.EndsWith('.'))
                {
                    PayloadLength = ulong.Parse(frame.Trim('s', '.'), System.Globalization.CultureInfo.InvariantCulture),
                };
                error = assembler.AddFrame(header, streamed: frame.StartsWith('s'), encoded: false);
                if (error == ProtocolError.None) assembler.Append(new byte[header.PayloadLength], 0, 0);
            }

            error.Should().Be(expected);
        }
    }

    [Fact]
    public void Payload_is_unmasked_frame_by_frame_and_piece_by_piece()
    {
        var assembler = Begin(MessageKind.Text);
        // RFC 6455 5.7: "Hello", masked by 37 FA 21 3D; here in two pieces, followed by a frame that is not masked.
        assembler.Append(Convert.FromHexString("7F9F4D"), 0x3D21FA37, 0).Should().Be(ProtocolError.None);
        assembler.Append(Convert.FromHexString("5158"), 0x3D21FA37, 3).Should().Be(ProtocolError.None);
        assembler.Append("!"u8, 0, 0).Should().Be(ProtocolError.None);
        assembler.End().Should().Be(ProtocolError.None);
        assembler.Kind.Should().Be(MessageKind.Text);
        assembler.Payload.ToArray().Should().Equal("Hello!"u8.ToArray());
    }

    [Theory]
    [InlineData(MessageKind.Text, "CE BA", ProtocolError.None)]
    [InlineData(MessageKind.Text, "CE", ProtocolError.InvalidUtf8)]
    [InlineData(MessageKind.Text, "61 F09F98", ProtocolError.InvalidUtf8)]
    [InlineData(MessageKind.Binary, "CE", ProtocolError.None)]
    [InlineData(MessageKind.Binary, "FF C0 80", ProtocolError.None)]
    public void Text_must_not_end_within_a_character(MessageKind kind, string pieces, ProtocolError expected)
    {
        var assembler = Begin(kind);
        foreach (var piece in pieces.Split(' ')) assembler.Append(Convert.FromHexString(piece), 0, 0).Should().Be(ProtocolError.None);
        assembler.End().Should().Be(expected);
        // The next message begins with a clean slate.
        assembler.Begin(MessageKind.Text);
        assembler.Append("a"u8, 0, 0).Should().Be(ProtocolError.None);
        assembler.End().Should().Be(ProtocolError.None);
    }

    [Fact]
    public void Invalid_text_fails_with_its_piece_also_behind_a_large_valid_one()
    {
        var assembler = Begin(MessageKind.Text);
        var text = new byte[100_000];
        text.AsSpan().Fill((byte)'a');
        assembler.Append(text, 0, 0).Should().Be(ProtocolError.None);
        text[^1] = 0xC0;
        assembler.Append(text, 0, 0).Should().Be(ProtocolError.InvalidUtf8);
    }

    [Fact]
    public void Begin_drops_what_was_left_and_memory_goes_back()
    {
        var assembler = Begin(MessageKind.Binary);
        assembler.HasPayload.Should().BeFalse();
        assembler.Append(new byte[200_000], 0, 0);
        assembler.HasPayload.Should().BeTrue();
        assembler.Begin(MessageKind.Text);
        assembler.HasPayload.Should().BeFalse();
        _pool.Outstanding.Should().Be(0);
        assembler.Append("a"u8, 0, 0);
        assembler.Payload.ToArray().Should().Equal("a"u8.ToArray());
        assembler.ClearPayload();
        assembler.HasPayload.Should().BeFalse();
        assembler.ReleasePayload();
        _pool.Outstanding.Should().Be(0);
    }

    private MessageAssembler Begin(MessageKind kind)
    {
        var assembler = new MessageAssembler(new MessageLimits(long.MaxValue, int.MaxValue, int.MaxValue), _pool);
        assembler.Begin(kind);
        return assembler;
    }
}
