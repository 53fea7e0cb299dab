using WebSocketCore.Frames;

namespace WebSocketCore.Tests.Frames;

public class FrameHeaderWriterTests
{
    public static TheoryData<FrameHeader, string> Headers => new()
    {
        { new FrameHeader(Opcode.Text, 5), "8105" },
        { new FrameHeader(Opcode.Text, 5, maskingKey: 0x3D21FA37), "818537FA213D" },
        { new FrameHeader(Opcode.Text, 3, fin: false), "0103" },
        { new FrameHeader(Opcode.Continuation, 2), "8002" },
        { new FrameHeader(Opcode.Pong, 5, maskingKey: 0), "8A8500000000" },
        { new FrameHeader(Opcode.Close, 0), "8800" },
        { new FrameHeader(Opcode.Text, 125, reservedBits: ReservedBits.Rsv1), "C17D" },
        { new FrameHeader(Opcode.Text, 126, reservedBits: ReservedBits.Rsv2 | ReservedBits.Rsv3), "B17E007E" },
        { new FrameHeader(Opcode.Binary, 256), "827E0100" },
        { new FrameHeader(Opcode.Binary, 65535, maskingKey: 0x04030201), "82FEFFFF01020304" },
        { new FrameHeader(Opcode.Binary, 65536), "827F0000000000010000" },
        { new FrameHeader(Opcode.Binary, long.MaxValue, maskingKey: 0x04030201), "82FF7FFFFFFFFFFFFFFF01020304" },

        // What a parser found is not copied where it breaks the rules of writing.
        { new FrameHeader(Opcode.Binary, 5) { IsMinimalLength = false }, "8205" },
        { new FrameHeader(Opcode.Binary, 5) { MaskingKey = 0x04030201 }, "8205" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void Writes_a_header(FrameHeader header, string wire)
    {
        byte[] destination = new byte[20];
        destination.AsSpan().Fill(0xEE);

        int length = FrameHeaderWriter.Write(destination, header);

        Convert.ToHexString(destination, 0, length).Should().Be(wire);
        destination.Skip(length).Should().OnlyContain(b => b == 0xEE);
        FrameHeaderWriter.GetLength(header).Should().Be(length);
        FrameHeaderWriter.Write(destination.AsSpan(0, length), header).Should().Be(length);
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void Refuses_a_destination_that_is_too_short_and_leaves_it_alone(FrameHeader header, string wire)
    {
        for (int length = 0; length < wire.Length / 2; length++)
        {
            byte[] destination = new byte[length];
            FluentActions.Invoking(() => FrameHeaderWriter.Write(destination, header))
                .Should().Throw<ArgumentException>().WithParameterName("destination");
            destination.Should().NotContain(b => b != 0);
        }
    }

    [Theory]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    public void Refuses_a_length_with_the_top_bit(ulong payloadLength)
    {
        var header = new FrameHeader { Opcode = Opcode.Binary, PayloadLength = payloadLength };

        FluentActions.Invoking(() => FrameHeaderWriter.Write(new byte[20], header))
            .Should().Throw<ArgumentOutOfRangeException>().WithParameterName("header");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(1L << 31)]
    [InlineData(1L << 32)]
    [InlineData(long.MaxValue)]
    public void The_parser_reads_what_was_written(long payloadLength)
    {
        byte[] wire = new byte[FrameHeaderParser.MaxLength];
        for (int firstByte = 0; firstByte <= byte.MaxValue; firstByte++)
        {
            foreach (uint? key in new uint?[] { null, 0, 1, 0x3D21FA37, uint.MaxValue })
            {
                var header = new FrameHeader(
                    (Opcode)(firstByte & 0x0F), payloadLength, (firstByte & 0x80) != 0, (ReservedBits)(firstByte & 0x70), key);

                int length = FrameHeaderWriter.Write(wire, header);

                wire[0].Should().Be((byte)firstByte);
                FrameHeaderParser.TryParse(wire.AsSpan(0, length), out FrameHeader parsed, out int parsedLength).Should().BeTrue();
                parsed.Should().Be(header);
                parsedLength.Should().Be(length);
            }
        }
    }
}
