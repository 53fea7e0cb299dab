using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace WebSocketCore.Messages;

// Two bytes that follow each other break a rule when all three of these nibbles agree on it: the high and the low one of the first
// byte, and the high one of the second. Each nibble has a table that says with which rules it agrees. One of the bits is no
// error by itself: where two continuation bytes follow each other, a three-byte or four-byte sequence must have begun two or three
// bytes before, and nowhere else; that bit is compared with what these bytes say.

/// <summary>The operations on words of one width.</summary>
internal interface IUtf8Width<TVector>
{
    static abstract nuint Count { get; }

    static abstract TVector Load(ref byte source, nuint offset);

    static abstract void Store(TVector word, ref byte destination, nuint offset);

    static abstract TVector Repeat(uint value);

    static abstract TVector Or(TVector left, TVector right);

    static abstract TVector Xor(TVector left, TVector right);

    static abstract bool IsAscii(TVector word);

    static abstract bool IsZero(TVector word);

    /// <summary>Not zero where the word ends within a character.</summary>
    static abstract TVector Cut(TVector word);

    /// <summary>Not zero where a byte of the word cannot follow those before it.</summary>
    static abstract TVector Errors(TVector word, TVector previous);
}

/// <summary>The rules of table 3-7 of the Unicode Standard for two bytes that follow each other, by nibble.</summary>
internal static class Utf8Pairs
{
    // Each table has a byte for each nibble, 0-7 in one constant and 8-F in the other, and each byte a bit for each rule.
    public const ulong FirstHigh07 = Stray * All;

    public const ulong FirstHigh8F =
        Continued * (N8 | N9 | NA | NB) | Missing * (NC | ND | NE | NF)
        | Overlong2 * NC | (Overlong3 | Surrogate) * NE | (Outside8 | Outside9) * NF;

    public const ulong FirstLow07 =
        (Missing | Stray | Continued) * All
        | Overlong2 * (N0 | N1) | Overlong3 * N0 | Outside8 * (N0 | N5 | N6 | N7) | Outside9 * (N4 | N5 | N6 | N7);

    public const ulong FirstLow8F = (Missing | Stray | Continued | Outside8 | Outside9) * All | Surrogate * ND;

    public const ulong SecondHigh07 = Missing * All;

    public const ulong SecondHigh8F =
        Missing * (NC | ND | NE | NF) | (Stray | Continued | Overlong2) * (N8 | N9 | NA | NB)
        | Overlong3 * (N8 | N9) | Surrogate * (NA | NB) | Outside8 * N8 | Outside9 * (N9 | NA | NB);

    /// <summary>The last eight bytes that do not begin a character of which there is more: less than C0, than E0 before it, than F0 before that.</summary>
    public const ulong LastOfCut = 0xBFDF_EFFF_FFFF_FFFF;

    // What is wrong, or could be, with a byte after another.
    private const ulong Missing = 1 << 0;    // C0-FF, and no continuation byte
    private const ulong Stray = 1 << 1;      // 00-7F 80-BF
    private const ulong Overlong2 = 1 << 2;  // C0-C1 80-BF
    private const ulong Overlong3 = 1 << 3;  // E0 80-9F
    private const ulong Surrogate = 1 << 4;  // ED A0-BF
    private const ulong Outside8 = 1 << 5;   // F0 80-8F, which is overlong, and F5-FF 80-8F, beyond U+10FFFF
    private const ulong Outside9 = 1 << 6;   // F4-FF 90-BF, beyond U+10FFFF
    private const ulong Continued = 1 << 7;  // 80-BF 80-BF: right after E0-FF, wrong elsewhere

    private const ulong All = N0 | N1 | N2 | N3 | N4 | N5 | N6 | N7;
    private const ulong N0 = 1, N1 = N0 << 8, N2 = N1 << 8, N3 = N2 << 8, N4 = N3 << 8, N5 = N4 << 8, N6 = N5 << 8, N7 = N6 << 8;
    private const ulong N8 = N0, N9 = N1, NA = N2, NB = N3, NC = N4, ND = N5, NE = N6, NF = N7;
}

/// <summary>16 bytes.</summary>
internal readonly struct Utf8Width128 : IUtf8Width<Vector128<byte>>
{
    private static Vector128<byte> FirstHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create(Utf8Pairs.FirstHigh07, Utf8Pairs.FirstHigh8F).AsByte();
    }

    private static Vector128<byte> FirstLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create(Utf8Pairs.FirstLow07, Utf8Pairs.FirstLow8F).AsByte();
    }

    private static Vector128<byte> SecondHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create(Utf8Pairs.SecondHigh07, Utf8Pairs.SecondHigh8F).AsByte();
    }

    private static Vector128<byte> LastOfCut
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create(ulong.MaxValue, Utf8Pairs.LastOfCut).AsByte();
    }

    public static bool IsSupported => BitConverter.IsLittleEndian && Vector128.IsHardwareAccelerated && (Ssse3.IsSupported || AdvSimd.Arm64.IsSupported);

    public static nuint Count => (nuint)Vector128<byte>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(ref byte source, nuint offset) => Vector128.LoadUnsafe(ref source, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<byte> word, ref byte destination, nuint offset) => word.StoreUnsafe(ref destination, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Repeat(uint value) => Vector128.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Or(Vector128<byte> left, Vector128<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Xor(Vector128<byte> left, Vector128<byte> right) => left ^ right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAscii(Vector128<byte> word) => IsZero(word & Vector128.Create((byte)0x80));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(Vector128<byte> word) => word == Vector128<byte>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Cut(Vector128<byte> word) => Vector128.SubtractSaturate(word, LastOfCut);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Errors(Vector128<byte> word, Vector128<byte> previous)
    {
        Vector128<byte> before1, before2, before3;
        if (Ssse3.IsSupported)
        {
            before1 = Ssse3.AlignRight(word, previous, 15);
            before2 = Ssse3.AlignRight(word, previous, 14);
            before3 = Ssse3.AlignRight(word, previous, 13);
        }
        else
        {
            before1 = AdvSimd.ExtractVector128(previous, word, 15);
            before2 = AdvSimd.ExtractVector128(previous, word, 14);
            before3 = AdvSimd.ExtractVector128(previous, word, 13);
        }

        Vector128<byte> nibble = Vector128.Create((byte)0x0F);
        Vector128<byte> firstHigh = Vector128.ShuffleNative(FirstHigh, Vector128.ShiftRightLogical(before1.AsUInt16(), 4).AsByte() & nibble);
        Vector128<byte> firstLow = Vector128.ShuffleNative(FirstLow, before1 & nibble);
        Vector128<byte> secondHigh = Vector128.ShuffleNative(SecondHigh, Vector128.ShiftRightLogical(word.AsUInt16(), 4).AsByte() & nibble);
        Vector128<byte> pairs = firstHigh & firstLow & secondHigh;

        // Continuation bytes must be the two after E0-FF and the three after F0-FF: these keep their top bit.
        Vector128<byte> expected = Vector128.SubtractSaturate(before2, Vector128.Create((byte)(0xE0 - 0x80))) | Vector128.SubtractSaturate(before3, Vector128.Create((byte)(0xF0 - 0x80)));
        return pairs ^ (expected & Vector128.Create((byte)0x80));
    }
}

/// <summary>32 bytes.</summary>
internal readonly struct Utf8Width256 : IUtf8Width<Vector256<byte>>
{
    private static Vector256<byte> FirstHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create(Utf8Pairs.FirstHigh07, Utf8Pairs.FirstHigh8F, Utf8Pairs.FirstHigh07, Utf8Pairs.FirstHigh8F).AsByte();
    }

    private static Vector256<byte> FirstLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create(Utf8Pairs.FirstLow07, Utf8Pairs.FirstLow8F, Utf8Pairs.FirstLow07, Utf8Pairs.FirstLow8F).AsByte();
    }

    private static Vector256<byte> SecondHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create(Utf8Pairs.SecondHigh07, Utf8Pairs.SecondHigh8F, Utf8Pairs.SecondHigh07, Utf8Pairs.SecondHigh8F).AsByte();
    }

    private static Vector256<byte> LastOfCut
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, Utf8Pairs.LastOfCut).AsByte();
    }

    public static bool IsSupported => Utf8Width128.IsSupported && Vector256.IsHardwareAccelerated && Avx2.IsSupported;

    public static nuint Count => (nuint)Vector256<byte>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(ref byte source, nuint offset) => Vector256.LoadUnsafe(ref source, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<byte> word, ref byte destination, nuint offset) => word.StoreUnsafe(ref destination, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Repeat(uint value) => Vector256.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Or(Vector256<byte> left, Vector256<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Xor(Vector256<byte> left, Vector256<byte> right) => left ^ right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAscii(Vector256<byte> word) => IsZero(word & Vector256.Create((byte)0x80));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(Vector256<byte> word) => word == Vector256<byte>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Cut(Vector256<byte> word) => Vector256.SubtractSaturate(word, LastOfCut);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Errors(Vector256<byte> word, Vector256<byte> previous)
    {
        // The upper half of the previous word and the lower one of this.
        Vector256<byte> between = Avx2.Permute2x128(previous, word, 0x21);
        Vector256<byte> before1 = Avx2.AlignRight(word, between, 15);
        Vector256<byte> before2 = Avx2.AlignRight(word, between, 14);
        Vector256<byte> before3 = Avx2.AlignRight(word, between, 13);

        Vector256<byte> nibble = Vector256.Create((byte)0x0F);
        Vector256<byte> firstHigh = Avx2.Shuffle(FirstHigh, Vector256.ShiftRightLogical(before1.AsUInt16(), 4).AsByte() & nibble);
        Vector256<byte> firstLow = Avx2.Shuffle(FirstLow, before1 & nibble);
        Vector256<byte> secondHigh = Avx2.Shuffle(SecondHigh, Vector256.ShiftRightLogical(word.AsUInt16(), 4).AsByte() & nibble);
        Vector256<byte> pairs = firstHigh & firstLow & secondHigh;

        // Continuation bytes must be the two after E0-FF and the three after F0-FF: these keep their top bit.
        Vector256<byte> expected = Vector256.SubtractSaturate(before2, Vector256.Create((byte)(0xE0 - 0x80))) | Vector256.SubtractSaturate(before3, Vector256.Create((byte)(0xF0 - 0x80)));
        return pairs ^ (expected & Vector256.Create((byte)0x80));
    }
}

/// <summary>64 bytes.</summary>
internal readonly struct Utf8Width512 : IUtf8Width<Vector512<byte>>
{
    private static Vector512<byte> FirstHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(Utf8Pairs.FirstHigh07, Utf8Pairs.FirstHigh8F, Utf8Pairs.FirstHigh07, Utf8Pairs.FirstHigh8F, Utf8Pairs.FirstHigh07, Utf8Pairs.FirstHigh8F, Utf8Pairs.FirstHigh07, Utf8Pairs.FirstHigh8F).AsByte();
    }

    private static Vector512<byte> FirstLow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(Utf8Pairs.FirstLow07, Utf8Pairs.FirstLow8F, Utf8Pairs.FirstLow07, Utf8Pairs.FirstLow8F, Utf8Pairs.FirstLow07, Utf8Pairs.FirstLow8F, Utf8Pairs.FirstLow07, Utf8Pairs.FirstLow8F).AsByte();
    }

    private static Vector512<byte> SecondHigh
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(Utf8Pairs.SecondHigh07, Utf8Pairs.SecondHigh8F, Utf8Pairs.SecondHigh07, Utf8Pairs.SecondHigh8F, Utf8Pairs.SecondHigh07, Utf8Pairs.SecondHigh8F, Utf8Pairs.SecondHigh07, Utf8Pairs.SecondHigh8F).AsByte();
    }

    private static Vector512<byte> LastOfCut
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.Create(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, Utf8Pairs.LastOfCut).AsByte();
    }

    public static bool IsSupported => Utf8Width256.IsSupported && Vector512.IsHardwareAccelerated && Avx512Vbmi.IsSupported;

    public static nuint Count => (nuint)Vector512<byte>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(ref byte source, nuint offset) => Vector512.LoadUnsafe(ref source, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<byte> word, ref byte destination, nuint offset) => word.StoreUnsafe(ref destination, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Repeat(uint value) => Vector512.Create(value).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Or(Vector512<byte> left, Vector512<byte> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Xor(Vector512<byte> left, Vector512<byte> right) => left ^ right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAscii(Vector512<byte> word) => IsZero(word & Vector512.Create((byte)0x80));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(Vector512<byte> word) => word == Vector512<byte>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Cut(Vector512<byte> word) => Vector512.SubtractSaturate(word, LastOfCut);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Errors(Vector512<byte> word, Vector512<byte> previous)
    {
        // The last quarter of the previous word and the first three of this.
        Vector512<byte> between = Avx512F.AlignRight32(word.AsUInt32(), previous.AsUInt32(), 12).AsByte();
        Vector512<byte> before1 = Avx512BW.AlignRight(word, between, 15);
        Vector512<byte> before2 = Avx512BW.AlignRight(word, between, 14);
        Vector512<byte> before3 = Avx512BW.AlignRight(word, between, 13);

        // Of an index into 64 bytes the upper two bits do not matter, and of one into four equal tables the next two neither.
        Vector512<byte> firstHigh = Avx512Vbmi.PermuteVar64x8(FirstHigh, Vector512.ShiftRightLogical(before1.AsUInt16(), 4).AsByte());
        Vector512<byte> firstLow = Avx512Vbmi.PermuteVar64x8(FirstLow, before1);
        Vector512<byte> secondHigh = Avx512Vbmi.PermuteVar64x8(SecondHigh, Vector512.ShiftRightLogical(word.AsUInt16(), 4).AsByte());
        Vector512<byte> pairs = firstHigh & firstLow & secondHigh;

        // Continuation bytes must be the two after E0-FF and the three after F0-FF: these keep their top bit.
        Vector512<byte> expected = Vector512.SubtractSaturate(before2, Vector512.Create((byte)(0xE0 - 0x80))) | Vector512.SubtractSaturate(before3, Vector512.Create((byte)(0xF0 - 0x80)));
        return pairs ^ (expected & Vector512.Create((byte)0x80));
    }
}
