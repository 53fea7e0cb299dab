using System.IO.Compression;
using System.Text;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>What judges our compressor has to be right itself.</summary>
public class StrictInflaterTests
{
    // RFC 7692, section 7.2.3.
    [Theory]
    [InlineData("f248cdc9c90700", "Hello")]
    [InlineData("000500faff48656c6c6f00", "Hello")]
    [InlineData("f348cdc9c9070000", "Hello")]
    [InlineData("f248050000 00ffffcac9c90700", "Hello")]
    [InlineData("00", "")]
    public void Examples_of_the_RFC(string payload, string text) =>
        Encoding.ASCII.GetString(new StrictInflater(15, keepsContext: false).Inflate(Wire.Hex(payload))).Should().Be(text);

    [Fact]
    public void A_message_may_refer_to_the_one_before_where_that_was_agreed_on()
    {
        var keeps = new StrictInflater(15, keepsContext: true);
        keeps.Inflate(Wire.Hex("f248cdc9c90700"));
        keeps.Inflate(Wire.Hex("f200110000")).Should().Equal("Hello"u8.ToArray());
        keeps.LongestDistance.Should().Be(5);

        var forgets = new StrictInflater(15, keepsContext: false);
        forgets.Inflate(Wire.Hex("f248cdc9c90700"));
        forgets.Invoking(inflater => inflater.Inflate(Wire.Hex("f200110000"))).Should().Throw<InvalidDataException>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("06")]
    [InlineData("000500fafe48656c6c6f00")]
    [InlineData("000500faff48656c6c6f")]
    [InlineData("f248cdc9c907")]
    [InlineData("f248cdc9c9")]
    [InlineData("f348cdc9c907")]
    [InlineData("0000000000ffff00")]
    public void What_breaks_a_rule_is_refused(string payload) =>
        new StrictInflater(15, keepsContext: false).Invoking(inflater => inflater.Inflate(Wire.Hex(payload))).Should().Throw<InvalidDataException>();

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.Optimal)]
    [InlineData(CompressionLevel.SmallestSize)]
    public void It_decodes_what_the_base_library_makes_and_sees_how_far_it_reaches_back(CompressionLevel level)
    {
        foreach (var data in new[] { Wire.Bytes(5000), [.. Enumerable.Repeat(Wire.Bytes(3000), 3).SelectMany(bytes => bytes)], new byte[1000], Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 2000))) })
        {
            using var output = new MemoryStream();
            using (var stream = new DeflateStream(output, level, leaveOpen: true)) stream.Write(data);

            // A final block, and the beginning of an empty one.
            output.WriteByte(0);
            new StrictInflater(15, keepsContext: true).Inflate(output.ToArray()).Should().Equal(data);
        }

        using var far = new MemoryStream();
        using (var stream = new DeflateStream(far, level, leaveOpen: true)) stream.Write([.. Wire.Bytes(3000), .. Wire.Bytes(3000)]);
        far.WriteByte(0);
        if (level == CompressionLevel.NoCompression) return;
        var inflater = new StrictInflater(12, keepsContext: true);
        inflater.Inflate(far.ToArray());
        inflater.LongestDistance.Should().Be(3000);
        new StrictInflater(11, keepsContext: true).Invoking(strict => strict.Inflate(far.ToArray())).Should().Throw<InvalidDataException>();
    }
}
