using WebSocketCore.Frames;

namespace WebSocketCore.VectorWidths;

/// <summary>Compares <see cref="Masking"/> with the formula of RFC 6455, section 5.3, for all short lengths, places and phases.</summary>
public static class MaskingCheck
{
    private const int MaxLength = 300;
    private const int MaxOffset = 65;
    private const byte Untouched = 0xEE;
    private const uint Key = 0x3D21_FA37;

    /// <summary>Runs the comparison with the vectors of this process.</summary>
    /// <returns>The first difference, or null.</returns>
    public static string? Run()
    {
        byte[] original = new byte[MaxOffset + MaxLength + MaxOffset];
        new Random(6455).NextBytes(original);
        byte[] masked = new byte[MaxLength];
        byte[] actual = new byte[original.Length];

        for (int length = 0; length <= MaxLength; length++)
        {
            for (int offset = 0; offset < MaxOffset; offset++)
            {
                ReadOnlySpan<byte> source = original.AsSpan(offset, length);
                for (int phase = 0; phase < 4; phase++)
                {
                    Formula(source, masked, phase);
                    ReadOnlySpan<byte> expected = masked.AsSpan(0, length);

                    original.CopyTo(actual, 0);
                    Masking.Apply(actual.AsSpan(offset, length), Key, phase);
                    if (!Equals(actual, offset, expected, original)) return Describe("in place", length, offset, phase);

                    original.CopyTo(actual, 0);
                    Masking.Apply(actual.AsSpan(offset, length), actual.AsSpan(offset), Key, phase);
                    if (!Equals(actual, offset, expected, original)) return Describe("onto itself", length, offset, phase);

                    int elsewhere = MaxOffset - 1 - offset;
                    actual.AsSpan().Fill(Untouched);
                    Masking.Apply(source, actual.AsSpan(elsewhere), Key, phase);
                    if (!Equals(actual, elsewhere, expected, null)) return Describe("copying", length, offset, phase);
                }
            }
        }

        return null;
    }

    // RFC 6455 5.3: j = i MOD 4; transformed-octet-i = original-octet-i XOR masking-key-octet-j.
    private static void Formula(ReadOnlySpan<byte> source, Span<byte> destination, int phase)
    {
        for (int i = 0; i < source.Length; i++)
            destination[i] = (byte)(source[i] ^ (Key >> (8 * ((i + phase) % 4))));
    }

    private static bool Equals(byte[] actual, int offset, ReadOnlySpan<byte> expected, byte[]? around)
    {
        int end = offset + expected.Length;
        if (!actual.AsSpan(offset, expected.Length).SequenceEqual(expected)) return false;
        return around is null
            ? !actual.AsSpan(0, offset).ContainsAnyExcept(Untouched) && !actual.AsSpan(end).ContainsAnyExcept(Untouched)
            : actual.AsSpan(0, offset).SequenceEqual(around.AsSpan(0, offset)) && actual.AsSpan(end).SequenceEqual(around.AsSpan(end));
    }

    private static string Describe(string way, int length, int offset, int phase) =>
        $"Masking {length} bytes {way} at offset {offset} in phase {phase} differs from the formula.";
}
