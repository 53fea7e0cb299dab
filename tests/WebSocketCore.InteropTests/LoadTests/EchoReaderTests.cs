using LoadTest;
using LoadTest.Traffic;

namespace WebSocketCore.InteropTests.LoadTests;

/// <summary>What the load generator makes of a server's bytes.</summary>
public sealed class EchoReaderTests
{
    private static readonly PreparedFrames Sent = new(new Workload("test", "", 1, PayloadKind.Ascii, 5, 4));

    [Fact]
    public void Echoes_are_counted_however_they_are_cut()
    {
        byte[] stream = [.. Echo(0), .. Echo(1), .. Echo(2)];
        for (int first = 0; first <= stream.Length; first++)
        {
            for (int second = first; second <= stream.Length; second++)
            {
                var reader = new EchoReader(Sent);
                (reader.Read(stream.AsSpan(0, first)) + reader.Read(stream.AsSpan(first, second - first)) + reader.Read(stream.AsSpan(second))).Should().Be(3);
                reader.IsBetweenFrames.Should().BeTrue();
            }
        }
    }

    [Fact]
    public void A_long_header_may_come_in_parts()
    {
        var large = new PreparedFrames(new Workload("test", "", 1, PayloadKind.Binary, 65_536, 1));
        byte[] stream = [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0, .. large.Payload(0)];
        for (int cut = 1; cut < 10; cut++)
        {
            var reader = new EchoReader(large);
            reader.Read(stream.AsSpan(0, cut)).Should().Be(0);
            reader.IsBetweenFrames.Should().BeFalse();
            reader.Read(stream.AsSpan(cut)).Should().Be(1);
        }
    }

    [Fact]
    public void An_echo_may_come_in_fragments_with_control_frames_between_them()
    {
        var reader = new EchoReader(Sent);
        var payload = Sent.Payload(0);
        reader.Read([0x01, 0x02, .. payload[..2], 0x89, 0x01, 0x21, 0x00, 0x00, 0x80, 0x03, .. payload[2..]]).Should().Be(1);
    }

    [Fact]
    public void What_nobody_looks_at_may_be_dropped()
    {
        var reader = new EchoReader(Sent);
        reader.Unread.Should().Be(0);
        reader.Read([0x81, 0x05, Sent.Payload(0)[0]]).Should().Be(0);
        reader.Unread.Should().Be(4);
        reader.Skip(3).Should().Be(0);
        reader.Skip(1).Should().Be(1);
        reader.Unread.Should().Be(0);
    }

    [Fact]
    public void The_content_of_some_is_compared()
    {
        var reader = new EchoReader(Sent);
        var read = () =>
        {
            for (int count = 0; count < 100; count++) reader.Read([0x81, 0x05, 1, 2, 3, 4, 5]);
        };
        read.Should().Throw<LoadException>().WithMessage("*content*");
    }

    [Fact]
    public void Echoes_that_are_swapped_are_found()
    {
        var reader = new EchoReader(Sent);
        var read = () =>
        {
            for (int count = 0; count < 100; count++) reader.Read(Echo((count + 1) % Sent.Count));
        };
        read.Should().Throw<LoadException>().WithMessage("*content*");
    }

    [Theory]
    [InlineData("8205 0102030405", "*Text*Binary*")]
    [InlineData("8106 010203040506", "*longer*")]
    [InlineData("8104 01020304", "*has 4*")]
    [InlineData("0103 010203 8003 010203", "*longer*")]
    [InlineData("8185 00000000 0102030405", "*broke the protocol*")]
    [InlineData("8005 0102030405", "*broke the protocol*")]
    public void Anything_else_is_refused(string hex, string message)
    {
        var reader = new EchoReader(Sent);
        var read = () => reader.Read(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        read.Should().Throw<LoadException>().WithMessage(message);
    }

    [Fact]
    public void Nothing_is_read_behind_a_Close_frame()
    {
        var reader = new EchoReader(Sent);
        reader.Read([.. Echo(0), 0x88, 0x02, 0x03, 0xE8, .. Echo(1)]).Should().Be(1);
        reader.IsClosed.Should().BeTrue();
    }

    private static byte[] Echo(int index) => [0x81, 0x05, .. Sent.Payload(index)];
}
