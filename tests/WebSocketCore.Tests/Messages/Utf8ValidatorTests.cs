using System.Text;

namespace WebSocketCore.Tests.Messages;

public class Utf8ValidatorTests
{
    // Every first byte class of table 3-7, both ends of every range of following bytes, and their neighbours.
    private static readonly byte[] BoundaryBytes = Convert.FromHexString(
        "00417F80818F909FA0BFC0C1C2DFE0E1ECEDEEEFF0F1F3F4F5F8FEFF");

    private static readonly PrefixTable Prefixes = new();

    [Fact]
    public void All_sequences_of_one_and_two_bytes()
    {
        byte[] bytes = new byte[2];
        for (int first = 0; first <= byte.MaxValue; first++)
        {
            bytes[0] = (byte)first;
            Verify(bytes.AsSpan(0, 1));
            for (int second = 0; second <= byte.MaxValue; second++)
            {
                bytes[1] = (byte)second;
                Verify(bytes);
            }
        }
    }

    [Fact]
    public void Three_and_four_bytes_from_the_boundaries_of_the_table()
    {
        byte[] bytes = new byte[4];
        foreach (byte first in BoundaryBytes)
        {
            foreach (byte second in BoundaryBytes)
            {
                foreach (byte third in BoundaryBytes)
                {
                    (bytes[0], bytes[1], bytes[2]) = (first, second, third);
                    Verify(bytes.AsSpan(0, 3));
                    foreach (byte fourth in BoundaryBytes)
                    {
                        bytes[3] = fourth;
                        Verify(bytes);
                    }
                }
            }
        }
    }

    [Fact]
    public void Every_character_that_exists_byte_by_byte()
    {
        byte[] bytes = new byte[4];
        var validator = new Utf8Validator();
        for (int scalar = 0; scalar <= 0x10FFFF; scalar++)
        {
            if (!Rune.IsValid(scalar)) continue;
            int length = new Rune(scalar).EncodeToUtf8(bytes);
            for (int i = 0; i < length; i++)
            {
                if (!validator.Append(bytes.AsSpan(i, 1)) || validator.IsComplete != (i == length - 1))
                    Assert.Fail($"U+{scalar:X4} at byte {i}");
            }
        }
    }

    /// <summary>Invalid text whose last byte is the first one that cannot be.</summary>
    [Theory]
    [InlineData("80")]
    [InlineData("BF")]
    [InlineData("C0")]
    [InlineData("C1")]
    [InlineData("F5")]
    [InlineData("F8")]
    [InlineData("FE")]
    [InlineData("FF")]
    [InlineData("C241C3C3")]
    [InlineData("C27F")]
    [InlineData("C2C0")]
    [InlineData("E080")]
    [InlineData("E09F")]
    [InlineData("E0A07F")]
    [InlineData("E18041")]
    [InlineData("EDA0")]
    [InlineData("EDBF")]
    [InlineData("ED9FC0")]
    [InlineData("EFBFFF")]
    [InlineData("F080")]
    [InlineData("F08F")]
    [InlineData("F0908041")]
    [InlineData("F490")]
    [InlineData("F4BF")]
    [InlineData("F48FBFC0")]
    [InlineData("F18080F1")]
    [InlineData("CEBAE1BDB9CF83CEBCCEB5EDA0")]
    [InlineData("CEBAE1BDB9CF83CEBCCEB5F490")]
    public void Fails_exactly_at_the_byte_that_cannot_be(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        int bad = Prefixes.FirstBadByte(bytes);
        bad.Should().BeGreaterThanOrEqualTo(0);
        byte[] upToBad = bytes[..(bad + 1)];

        foreach (int padding in new[] { 0, 1, 15, 16, 31, 32, 63, 64, 127, 1000 })
        {
            byte[] padded = [.. Enumerable.Repeat((byte)'a', padding), .. upToBad];

            var validator = new Utf8Validator();
            validator.Append(padded.AsSpan(0, padded.Length - 1)).Should().BeTrue();
            validator.Append(padded.AsSpan(padded.Length - 1)).Should().BeFalse();
            validator.IsComplete.Should().BeFalse();

            validator.Reset();
            validator.Append(padded).Should().BeFalse();
            validator.Append("more"u8).Should().BeFalse();
            validator.Append([]).Should().BeFalse();
            validator.IsComplete.Should().BeFalse();
        }
    }

    [Fact]
    public void Text_may_be_cut_anywhere()
    {
        const string text = "Hello, κόσμε! Привет, 世界. \u07FF\u0800\uD7FF\uE000\uFFFD\uFFFF\U00010000\U0001F600\U0010FFFF. Fin.";
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int first = 0; first <= bytes.Length; first++)
        {
            for (int second = first; second <= bytes.Length; second++)
            {
                var validator = new Utf8Validator();
                bool valid = validator.Append(bytes.AsSpan(0, first))
                    && validator.IsComplete == IsBoundary(bytes, first)
                    && validator.Append(bytes.AsSpan(first, second - first))
                    && validator.IsComplete == IsBoundary(bytes, second)
                    && validator.Append([])
                    && validator.IsComplete == IsBoundary(bytes, second)
                    && validator.Append(bytes.AsSpan(second))
                    && validator.IsComplete;
                valid.Should().BeTrue("it is valid text, cut at {0} and {1}", first, second);
            }
        }
    }

    [Fact]
    public void A_wrong_byte_anywhere_in_long_text_is_found_wherever_the_text_is_cut()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("Grüße, 世界 \U0001F600! ", 8)));
        for (int place = 0; place < bytes.Length; place++)
        {
            byte[] broken = [.. bytes];
            broken[place] = 0xFF;
            for (int cut = 0; cut <= broken.Length; cut++)
            {
                var validator = new Utf8Validator();
                bool first = validator.Append(broken.AsSpan(0, cut));
                bool second = validator.Append(broken.AsSpan(cut));
                (first, second).Should().Be((cut <= place, false), "the byte at {0} is FF and the text is cut at {1}", place, cut);
            }
        }
    }

    [Fact]
    public void Random_bytes_in_random_pieces()
    {
        var random = new Random(3629);
        Span<byte> character = stackalloc byte[4];
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[random.Next(1, 80)];
            for (int i = 0; i < bytes.Length;)
            {
                // Mostly valid characters, so that failures come late.
                int scalar = random.Next(4) switch
                {
                    0 => random.Next(0x80),
                    1 => random.Next(0x800),
                    2 => random.Next(0xD800),
                    _ => random.Next(0xE000, 0x110000),
                };
                int length = Math.Min(new Rune(scalar).EncodeToUtf8(character), bytes.Length - i);
                character[..length].CopyTo(bytes.AsSpan(i));
                i += length;
            }

            if (random.Next(2) == 0) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);

            int bad = Prefixes.FirstBadByte(bytes);
            var validator = new Utf8Validator();
            for (int start = 0; start < bytes.Length;)
            {
                int length = random.Next(0, bytes.Length - start + 1);
                bool expected = bad < 0 || bad >= start + length;
                if (validator.Append(bytes.AsSpan(start, length)) != expected) Assert.Fail(Convert.ToHexString(bytes));
                start += length;
            }

            validator.IsComplete.Should().Be(IsValid(bytes), "of {0}", Convert.ToHexString(bytes));
        }
    }

    [Fact]
    public void Nothing_is_complete_text()
    {
        var validator = new Utf8Validator();
        validator.IsComplete.Should().BeTrue();
        validator.Append([]).Should().BeTrue();
        validator.IsComplete.Should().BeTrue();
    }

    [Theory]
    [InlineData("FF")]
    [InlineData("E2")]
    [InlineData("F090")]
    public void Reset_begins_a_new_text(string before)
    {
        var validator = new Utf8Validator();
        validator.Append(Convert.FromHexString(before));
        validator.IsComplete.Should().BeFalse();

        validator.Reset();

        validator.IsComplete.Should().BeTrue();
        validator.Append("new"u8).Should().BeTrue();
        validator.IsComplete.Should().BeTrue();
        validator.Append([0x80]).Should().BeFalse();
    }

    // Whole, cut at every place, and byte by byte.
    private static void Verify(ReadOnlySpan<byte> bytes)
    {
        int bad = Prefixes.FirstBadByte(bytes);
        bool complete = IsValid(bytes);
        for (int first = 0; first <= bytes.Length; first++)
        {
            for (int second = first; second <= bytes.Length; second++)
            {
                var validator = new Utf8Validator();
                bool ok = validator.Append(bytes[..first]) == (bad < 0 || bad >= first)
                    && validator.Append(bytes[first..second]) == (bad < 0 || bad >= second)
                    && validator.Append(bytes[second..]) == (bad < 0)
                    && validator.IsComplete == complete;
                if (!ok) Assert.Fail($"{Convert.ToHexString(bytes)} cut at {first} and {second}");
            }
        }

        var single = new Utf8Validator();
        for (int i = 0; i < bytes.Length; i++)
        {
            if (single.Append(bytes.Slice(i, 1)) != (bad < 0 || i < bad)) Assert.Fail($"{Convert.ToHexString(bytes)} at byte {i}");
        }

        if (single.IsComplete != complete) Assert.Fail($"{Convert.ToHexString(bytes)} at its end");
    }

    // What is not valid decodes to U+FFFD, which encodes to other bytes.
    private static bool IsValid(ReadOnlySpan<byte> bytes) =>
        bytes.SequenceEqual(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes)));

    private static bool IsBoundary(byte[] bytes, int place) => place == bytes.Length || (bytes[place] & 0xC0) != 0x80;

    /// <summary>What the encodings of all characters begin with: an oracle that knows no rule of UTF-8, only its encoder.</summary>
    private sealed class PrefixTable
    {
        private readonly HashSet<int> _beginnings = [];
        private readonly HashSet<int> _characters = [];

        public PrefixTable()
        {
            Span<byte> bytes = stackalloc byte[4];
            for (int scalar = 0; scalar <= 0x10FFFF; scalar++)
            {
                if (!Rune.IsValid(scalar)) continue;
                int length = new Rune(scalar).EncodeToUtf8(bytes);
                int value = 0;
                for (int i = 0; i < length - 1; i++)
                {
                    value = value << 8 | bytes[i];
                    _beginnings.Add(value);
                }

                _characters.Add(value << 8 | bytes[length - 1]);
            }
        }

        /// <summary>The place of the first byte that no valid text can have there, or -1.</summary>
        public int FirstBadByte(ReadOnlySpan<byte> bytes)
        {
            int value = 0;
            for (int i = 0; i < bytes.Length; i++)
            {
                value = value << 8 | bytes[i];
                if (_characters.Contains(value)) value = 0;
                else if (!_beginnings.Contains(value)) return i;
            }

            return -1;
        }
    }
}
