using System.Buffers.Binary;
using WebSocketCore.Frames;
using static WebSocketCore.ProtocolError;

namespace WebSocketCore.Tests.Frames;

public class FrameRulesTests
{
    private const string Key = "37FA213D";

    /// <summary>Header without its masking key, claimed bits, whether a message is in progress, and what either role must say.</summary>
    public static TheoryData<string, ReservedBits, bool, ProtocolError> Rows => new()
    {
        // Lawful frames.
        { "8105", 0, false, None },
        { "0205", 0, false, None },
        { "0005", 0, true, None },
        { "8000", 0, true, None },
        { "8802", 0, false, None },
        { "887D", 0, true, None },
        { "8900", 0, false, None },
        { "897D", 0, true, None },
        { "8A7D", 0, true, None },
        { "817E007E", 0, false, None },
        { "817EFFFF", 0, false, None },
        { "817F0000000000010000", 0, false, None },
        { "817F7FFFFFFFFFFFFFFF", 0, false, None },
        { "C105", ReservedBits.Rsv1, false, None },
        { "4205", ReservedBits.Rsv1, false, None },
        { "F105", ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3, false, None },

        // RFC 6455 5.2: reserved opcodes.
        { "8300", 0, false, ReservedOpcode },
        { "8400", 0, false, ReservedOpcode },
        { "8500", 0, true, ReservedOpcode },
        { "8600", 0, false, ReservedOpcode },
        { "0700", 0, false, ReservedOpcode },
        { "8B00", 0, false, ReservedOpcode },
        { "8C00", 0, true, ReservedOpcode },
        { "8D00", 0, false, ReservedOpcode },
        { "8E00", 0, false, ReservedOpcode },
        { "0F00", 0, false, ReservedOpcode },

        // RFC 6455 5.2: reserved bits, and RFC 7692 6.1: the first frame of a message only.
        { "C105", 0, false, ReservedBitSet },
        { "A105", 0, false, ReservedBitSet },
        { "9105", 0, false, ReservedBitSet },
        { "A105", ReservedBits.Rsv1, false, ReservedBitSet },
        { "9105", ReservedBits.Rsv1, false, ReservedBitSet },
        { "E105", ReservedBits.Rsv1, false, ReservedBitSet },
        { "C005", ReservedBits.Rsv1, true, ReservedBitSet },
        { "4005", ReservedBits.Rsv1, true, ReservedBitSet },
        { "C802", ReservedBits.Rsv1, false, ReservedBitSet },
        { "C900", ReservedBits.Rsv1, true, ReservedBitSet },
        { "CA00", ReservedBits.Rsv1, false, ReservedBitSet },

        // RFC 6455 5.5: control frames.
        { "0802", 0, false, FragmentedControlFrame },
        { "0900", 0, true, FragmentedControlFrame },
        { "0A00", 0, false, FragmentedControlFrame },
        { "887E007E", 0, false, ControlFrameTooLong },
        { "897E007E", 0, false, ControlFrameTooLong },
        { "8A7EFFFF", 0, true, ControlFrameTooLong },
        { "897F0000000000010000", 0, false, ControlFrameTooLong },
        { "897F7FFFFFFFFFFFFFFF", 0, false, ControlFrameTooLong },

        // RFC 6455 5.2: lengths.
        { "817E0000", 0, false, NonMinimalLength },
        { "817E007D", 0, false, NonMinimalLength },
        { "007E007D", 0, true, NonMinimalLength },
        { "897E0005", 0, false, NonMinimalLength },
        { "817F0000000000000000", 0, false, NonMinimalLength },
        { "817F000000000000007E", 0, false, NonMinimalLength },
        { "817F000000000000FFFF", 0, false, NonMinimalLength },
        { "897F000000000000FFFF", 0, false, NonMinimalLength },
        { "817F8000000000000000", 0, false, LengthTopBitSet },
        { "817FFFFFFFFFFFFFFFFF", 0, false, LengthTopBitSet },
        { "007FFFFFFFFFFFFFFFFF", 0, true, LengthTopBitSet },
        { "897F8000000000000000", 0, true, LengthTopBitSet },

        // RFC 6455 5.4: fragments.
        { "8005", 0, false, UnexpectedContinuation },
        { "0000", 0, false, UnexpectedContinuation },
        { "8105", 0, true, InterruptedMessage },
        { "0105", 0, true, InterruptedMessage },
        { "8200", 0, true, InterruptedMessage },
        { "C205", ReservedBits.Rsv1, true, InterruptedMessage },

        // Several at once: the opcode first, then the wire's order, then the neighbours.
        { "737FFFFFFFFFFFFFFFFF", 0, true, ReservedOpcode },
        { "497F8000000000000000", 0, false, ReservedBitSet },
        { "097F8000000000000000", 0, false, FragmentedControlFrame },
        { "C005", 0, false, ReservedBitSet },
        { "807E0005", 0, false, NonMinimalLength },
        { "817F8000000000000000", 0, true, LengthTopBitSet },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_server_judges_a_masked_header(string wire, ReservedBits claimed, bool messageInProgress, ProtocolError expected)
    {
        byte[] bytes = Convert.FromHexString(wire + Key);
        bytes[1] |= 0x80;
        Check(bytes, WebSocketRole.Server, claimed, messageInProgress).Should().Be(expected);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_client_judges_an_unmasked_header(string wire, ReservedBits claimed, bool messageInProgress, ProtocolError expected) =>
        Check(Convert.FromHexString(wire), WebSocketRole.Client, claimed, messageInProgress).Should().Be(expected);

    [Theory]
    [InlineData("8105", WebSocketRole.Server, MissingMask)]
    [InlineData("8900", WebSocketRole.Server, MissingMask)]
    [InlineData("8100", WebSocketRole.Server, MissingMask)]
    [InlineData("817F8000000000000000", WebSocketRole.Server, MissingMask)]
    [InlineData("8005", WebSocketRole.Server, MissingMask)]
    [InlineData("8185" + Key, WebSocketRole.Client, UnexpectedMask)]
    [InlineData("8180" + Key, WebSocketRole.Client, UnexpectedMask)]
    [InlineData("818000000000", WebSocketRole.Client, UnexpectedMask)]
    [InlineData("8980" + Key, WebSocketRole.Client, UnexpectedMask)]
    [InlineData("81FE0005" + Key, WebSocketRole.Client, UnexpectedMask)]
    public void Only_the_client_masks(string wire, WebSocketRole receiver, ProtocolError expected) =>
        Check(Convert.FromHexString(wire), receiver, ReservedBits.None, messageInProgress: false).Should().Be(expected);

    [Fact]
    public void Every_header_gets_the_answer_of_the_table()
    {
        // All first two bytes, with the extreme values of both long forms.
        ulong[] shortForms = [0, 125, 126, ushort.MaxValue];
        ulong[] longForms = [0, ushort.MaxValue, ushort.MaxValue + 1, long.MaxValue, 1UL << 63, ulong.MaxValue];
        byte[] wire = new byte[FrameHeaderParser.MaxLength];
        var seen = new HashSet<ProtocolError>();

        for (int start = 0; start <= ushort.MaxValue; start++)
        {
            (wire[0], wire[1]) = ((byte)(start >> 8), (byte)start);
            ulong written = (ulong)(start & 0x7F);
            ulong[] lengths = written switch { 126 => shortForms, 127 => longForms, _ => [written] };
            foreach (ulong length in lengths)
            {
                if (written == 126) BinaryPrimitives.WriteUInt16BigEndian(wire.AsSpan(2), (ushort)length);
                if (written == 127) BinaryPrimitives.WriteUInt64BigEndian(wire.AsSpan(2), length);
                FrameHeaderParser.TryParse(wire, out FrameHeader header, out _).Should().BeTrue();

                for (int situation = 0; situation < 2 * 8 * 2; situation++)
                {
                    var facts = new Facts(wire[0], wire[1], length, (situation & 1) != 0, situation >> 2 << 4, (situation & 2) != 0);
                    WebSocketRole receiver = facts.ServerReceives ? WebSocketRole.Server : WebSocketRole.Client;
                    ProtocolError expected = Table.First(row => row.Applies(facts)).Answer;
                    ProtocolError actual = FrameRules.Check(header, receiver, (ReservedBits)facts.Claimed, facts.InProgress);
                    if (actual != expected) actual.Should().Be(expected, "of {0}", facts);
                    seen.Add(actual);
                }
            }
        }

        seen.Should().BeEquivalentTo(Table.Select(row => row.Answer).Distinct());
    }

    // The first row that applies wins. Written from the wire's bits alone.
    private static readonly (ProtocolError Answer, Func<Facts, bool> Applies)[] Table =
    [
        (ReservedOpcode, f => f.First % 16 is 3 or 4 or 5 or 6 or 7 or 11 or 12 or 13 or 14 or 15),
        (ReservedBitSet, f => f.Rsv != 0 && f.First % 16 is (0 or 8 or 9 or 10)),
        (ReservedBitSet, f => (f.Rsv | f.Claimed) != f.Claimed),
        (FragmentedControlFrame, f => f.First is 0x08 or 0x09 or 0x0A),
        (MissingMask, f => f.ServerReceives && f.Second < 0x80),
        (UnexpectedMask, f => !f.ServerReceives && f.Second >= 0x80),
        (LengthTopBitSet, f => f.Length >= 0x8000_0000_0000_0000),
        (NonMinimalLength, f => f.Second % 128 == 126 && f.Length < 126),
        (NonMinimalLength, f => f.Second % 128 == 127 && f.Length < 65536),
        (ControlFrameTooLong, f => f.First % 16 >= 8 && f.Second % 128 > 125),
        (UnexpectedContinuation, f => f.First % 16 == 0 && !f.InProgress),
        (InterruptedMessage, f => f.First % 16 is 1 or 2 && f.InProgress),
        (None, _ => true),
    ];

    private static ProtocolError Check(byte[] wire, WebSocketRole receiver, ReservedBits claimed, bool messageInProgress)
    {
        FrameHeaderParser.TryParse(wire, out FrameHeader header, out _).Should().BeTrue();
        return FrameRules.Check(header, receiver, claimed, messageInProgress);
    }

    private readonly record struct Facts(byte First, byte Second, ulong Length, bool ServerReceives, int Claimed, bool InProgress)
    {
        public int Rsv => First & 0x70;
    }
}
