using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Tests.Frames;

public class FrameHeaderParserTests
{
    /// <summary>The frames of RFC 6455, section 5.7, and the extreme values of every form of the length.</summary>
    public static TheoryData<string, FrameHeader, int> Headers => new()
    {
        // RFC 6455 5.7, with their payload.
        { "810548656C6C6F", new FrameHeader(Opcode.Text, 5), 2 },
        { "818537FA213D7F9F4D5158", new FrameHeader(Opcode.Text, 5, maskingKey: 0x3D21FA37), 6 },
        { "010348656C", new FrameHeader(Opcode.Text, 3, fin: false), 2 },
        { "80026C6F", new FrameHeader(Opcode.Continuation, 2), 2 },
        { "890548656C6C6F", new FrameHeader(Opcode.Ping, 5), 2 },
        { "8A8537FA213D7F9F4D5158", new FrameHeader(Opcode.Pong, 5, maskingKey: 0x3D21FA37), 6 },
        { "827E0100", new FrameHeader(Opcode.Binary, 256), 4 },
        { "827F0000000000010000", new FrameHeader(Opcode.Binary, 65536), 10 },

        { "8100", new FrameHeader(Opcode.Text, 0), 2 },
        { "817D", new FrameHeader(Opcode.Text, 125), 2 },
        { "81FD01020304", new FrameHeader(Opcode.Text, 125, maskingKey: 0x04030201), 6 },
        { "817E007E", new FrameHeader(Opcode.Text, 126), 4 },
        { "81FEFFFF01020304", new FrameHeader(Opcode.Text, 65535, maskingKey: 0x04030201), 8 },
        { "81FF0000000080000000FFFEFDFC", new FrameHeader(Opcode.Text, 1L << 31, maskingKey: 0xFCFDFEFF), 14 },
        { "827F7FFFFFFFFFFFFFFF", new FrameHeader(Opcode.Binary, long.MaxValue), 10 },
        { "828000000000", new FrameHeader(Opcode.Binary, 0, maskingKey: 0), 6 },

        // What breaks a rule is read like everything else.
        { "827F8000000000000000", new FrameHeader { Fin = true, Opcode = Opcode.Binary, PayloadLength = 1UL << 63 }, 10 },
        { "827FFFFFFFFFFFFFFFFF", new FrameHeader { Fin = true, Opcode = Opcode.Binary, PayloadLength = ulong.MaxValue }, 10 },
        { "817E0000", new FrameHeader(Opcode.Text, 0) { IsMinimalLength = false }, 4 },
        { "817E007D", new FrameHeader(Opcode.Text, 125) { IsMinimalLength = false }, 4 },
        { "817F0000000000000000", new FrameHeader(Opcode.Text, 0) { IsMinimalLength = false }, 10 },
        { "817F000000000000FFFF", new FrameHeader(Opcode.Text, 65535) { IsMinimalLength = false }, 10 },
        { "7F7F0000000000010000", new FrameHeader((Opcode)15, 65536, fin: false, (ReservedBits)0x70), 10 },
        { "C100", new FrameHeader(Opcode.Text, 0, reservedBits: ReservedBits.Rsv1), 2 },
        { "A100", new FrameHeader(Opcode.Text, 0, reservedBits: ReservedBits.Rsv2), 2 },
        { "9100", new FrameHeader(Opcode.Text, 0, reservedBits: ReservedBits.Rsv3), 2 },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void Reads_a_header(string wire, FrameHeader expected, int expectedLength)
    {
        byte[] bytes = Convert.FromHexString(wire);

        FrameHeaderParser.TryParse(bytes, out FrameHeader header, out int length).Should().BeTrue();

        header.Should().Be(expected);
        length.Should().Be(expectedLength);
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void Asks_for_more_until_the_last_byte_of_the_header(string wire, FrameHeader expected, int expectedLength)
    {
        byte[] bytes = Convert.FromHexString(wire);
        for (int count = 0; count < expectedLength; count++)
        {
            FrameHeaderParser.TryParse(bytes.AsSpan(0, count), out FrameHeader header, out int length).Should().BeFalse();
            header.Should().Be(default(FrameHeader));
            length.Should().Be(0);

            FrameHeaderParser.TryParse(new ReadOnlySequence<byte>(bytes, 0, count), out _, out length).Should().BeFalse();
            length.Should().Be(0);
        }

        FrameHeaderParser.TryParse(bytes.AsSpan(0, expectedLength), out FrameHeader whole, out _).Should().BeTrue();
        whole.Should().Be(expected);
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void Reads_a_header_that_is_cut_anywhere(string wire, FrameHeader expected, int expectedLength)
    {
        byte[] bytes = Convert.FromHexString(wire);
        for (int first = 0; first <= bytes.Length; first++)
        {
            for (int second = first; second <= bytes.Length; second++)
            {
                ReadOnlySequence<byte> source = Segments.Of(
                    bytes.AsMemory(0, first), bytes.AsMemory(first, second - first), bytes.AsMemory(second));

                FrameHeaderParser.TryParse(source, out FrameHeader header, out int length).Should().BeTrue();
                header.Should().Be(expected);
                length.Should().Be(expectedLength);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void Asks_for_more_in_a_sequence_of_single_bytes(string wire, FrameHeader expected, int expectedLength)
    {
        byte[] bytes = Convert.FromHexString(wire);
        ReadOnlySequence<byte> source = Segments.OnePerByte(bytes);
        for (int count = 0; count < expectedLength; count++)
            FrameHeaderParser.TryParse(source.Slice(0, count), out _, out _).Should().BeFalse();

        for (int count = expectedLength; count <= bytes.Length; count++)
        {
            FrameHeaderParser.TryParse(source.Slice(0, count), out FrameHeader header, out int length).Should().BeTrue();
            header.Should().Be(expected);
            length.Should().Be(expectedLength);
        }
    }

    [Fact]
    public void The_first_two_bytes_alone_decide_how_many_bytes_the_header_has()
    {
        byte[] bytes = Convert.FromHexString("0000FFFFFFFFFFFFFFFFFFFFFFFF");
        int wrong = 0;
        for (int start = 0; start <= ushort.MaxValue; start++)
        {
            (bytes[0], bytes[1]) = ((byte)(start >> 8), (byte)start);
            int needed = 2 + (bytes[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 } + (bytes[1] >> 7) * 4;
            for (int count = 0; count <= FrameHeaderParser.MaxLength; count++)
            {
                bool parsed = FrameHeaderParser.TryParse(bytes.AsSpan(0, count), out _, out int length);
                if (parsed != (count >= needed) || length != (parsed ? needed : 0)) wrong++;
            }
        }

        wrong.Should().Be(0);
    }
}
