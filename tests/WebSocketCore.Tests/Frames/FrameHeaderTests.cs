using System.Runtime.CompilerServices;
using WebSocketCore.Frames;

namespace WebSocketCore.Tests.Frames;

public class FrameHeaderTests
{
    [Fact]
    public void A_header_is_a_whole_unmasked_frame_unless_told_otherwise()
    {
        var header = new FrameHeader(Opcode.Text, 5);

        header.Fin.Should().BeTrue();
        header.ReservedBits.Should().Be(ReservedBits.None);
        header.Opcode.Should().Be(Opcode.Text);
        header.PayloadLength.Should().Be(5);
        header.Masked.Should().BeFalse();
        header.MaskingKey.Should().Be(0);
        header.IsMinimalLength.Should().BeTrue();
    }

    [Fact]
    public void A_key_of_zero_masks_all_the_same() =>
        new FrameHeader(Opcode.Text, 5, maskingKey: 0).Masked.Should().BeTrue();

    [Fact]
    public void Fields_of_the_first_byte_change_one_by_one()
    {
        var header = new FrameHeader(Opcode.Continuation, 1, fin: false);
        foreach (bool fin in new[] { true, false })
        {
            for (int rsv = 0; rsv <= 0x70; rsv += 0x10)
            {
                for (int opcode = 0; opcode <= 0x0F; opcode++)
                {
                    header = header with { ReservedBits = (ReservedBits)rsv };
                    header = header with { Opcode = (Opcode)opcode };
                    header = header with { Fin = fin };

                    header.Fin.Should().Be(fin);
                    header.ReservedBits.Should().Be((ReservedBits)rsv);
                    header.Opcode.Should().Be((Opcode)opcode);
                    header.PayloadLength.Should().Be(1);
                }
            }
        }
    }

    [Fact]
    public void Headers_with_the_same_fields_are_equal()
    {
        var header = new FrameHeader(Opcode.Binary, 70_000, fin: false, ReservedBits.Rsv1, maskingKey: 0x3D21FA37);

        header.Should().Be(new FrameHeader
        {
            Opcode = Opcode.Binary,
            PayloadLength = 70_000,
            ReservedBits = ReservedBits.Rsv1,
            Masked = true,
            MaskingKey = 0x3D21FA37,
        });
        header.Should().NotBe(header with { Fin = true });
        header.Should().NotBe(header with { MaskingKey = 1 });
        header.Should().NotBe(header with { IsMinimalLength = false });
    }

    [Fact]
    public void Values_that_do_not_fit_their_field_are_refused()
    {
        FluentActions.Invoking(() => new FrameHeader(Opcode.Text, -1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new FrameHeader((Opcode)16, 0)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new FrameHeader(Opcode.Text, 0, reservedBits: (ReservedBits)0x80))
            .Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new FrameHeader(Opcode.Text, 0, reservedBits: (ReservedBits)0x08))
            .Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void A_header_takes_sixteen_bytes() => Unsafe.SizeOf<FrameHeader>().Should().Be(16);
}
