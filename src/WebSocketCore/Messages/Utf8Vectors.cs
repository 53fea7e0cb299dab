using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using WebSocketCore.Frames;

namespace WebSocketCore.Messages;

// A byte is judged together with the three before it, by the method of Keiser and Lemire, "Validating UTF-8 in less than one instruction
// per byte" (2021): what can be wrong with a byte and its neighbour is looked up, one bit per rule; Utf8Vectors.Widths.cs has the tables.
// Text is taken a word at a time, each with the word before it in a register, so that unmasking can be done in the same pass, also in
// place: memory is read once. What does not fill a word at the end is covered by one more that ends where the text ends and overlaps
// the one before it; it is loaded first and stored last, as in Masking. Words of ASCII are only looked at, four at a time.

/// <summary>
/// Validates UTF-8 with vectors. The text begins where a character begins, and it may end within one: the last character is judged as far as
/// it goes, except that a last byte which can begin no character (C0, C1, F5-FF) is not noticed.
/// </summary>
internal static class Utf8Vectors
{
    /// <summary>The shortest text that is taken.</summary>
    public const int MinLength = 4;

    private const ulong NotAscii = 0x8080_8080_8080_8080;

    private interface IPass
    {
        static abstract bool Unmasks { get; }
    }

    /// <summary>Whether this machine has the vectors.</summary>
    public static bool IsSupported => Utf8Width128.IsSupported;

    /// <summary>Validates text.</summary>
    public static bool Validate(ReadOnlySpan<byte> text)
    {
        ref byte start = ref MemoryMarshal.GetReference(text);
        return Run<Reading>(ref start, ref start, (nuint)text.Length, 0);
    }

    /// <summary>Unmasks text from one place to another, which may be the same, and validates it. All of it is unmasked, valid or not.</summary>
    /// <param name="source">The masked text.</param>
    /// <param name="destination">Gets the text; at least as long as the source.</param>
    /// <param name="key">The masking key, rotated so that its first byte masks the first of the source.</param>
    public static bool Unmask(ReadOnlySpan<byte> source, Span<byte> destination, uint key) =>
        Run<Unmasking>(ref MemoryMarshal.GetReference(source), ref MemoryMarshal.GetReference(destination), (nuint)source.Length, key);

    private static bool Run<TPass>(ref byte source, ref byte destination, nuint length, uint key) where TPass : struct, IPass
    {
        if (length < Utf8Width128.Count) return RunHalves<TPass>(ref source, ref destination, length, key);
        if (length <= 2 * Utf8Width128.Count)
            return RunPair<Utf8Width128, Vector128<byte>, TPass>(ref source, ref destination, length, key);
        if (Utf8Width256.IsSupported && length <= 2 * Utf8Width256.Count)
            return RunPair<Utf8Width256, Vector256<byte>, TPass>(ref source, ref destination, length, key);
        if (Utf8Width512.IsSupported && length <= 2 * Utf8Width512.Count)
            return RunPair<Utf8Width512, Vector512<byte>, TPass>(ref source, ref destination, length, key);
        return Utf8Width512.IsSupported ? RunWords<Utf8Width512, Vector512<byte>, TPass>(ref source, ref destination, length, key)
            : Utf8Width256.IsSupported ? RunWords<Utf8Width256, Vector256<byte>, TPass>(ref source, ref destination, length, key)
            : RunWords<Utf8Width128, Vector128<byte>, TPass>(ref source, ref destination, length, key);
    }

    private static bool RunWords<TWidth, TVector, TPass>(ref byte source, ref byte destination, nuint length, uint key)
        where TWidth : struct, IUtf8Width<TVector>
        where TPass : struct, IPass
    {
        nuint width = TWidth.Count;
        nuint last = length - width;
        nuint i = Masking.SecondWord(ref destination, length, width);
        TVector firstWord = TWidth.Xor(TWidth.Load(ref source, 0), TWidth.Repeat(key));
        TVector lastWord = TWidth.Xor(TWidth.Load(ref source, last), TWidth.Repeat(Rotate(key, last)));
        TVector beforeLast = TWidth.Repeat(Before(ref source, last, key));
        TVector previous = TWidth.Repeat(Before(ref source, i, key));
        TVector keys = TWidth.Repeat(Rotate(key, i));
        TVector errors = TWidth.IsAscii(firstWord) ? TWidth.Repeat(0) : TWidth.Errors(firstWord, TWidth.Repeat(0));

        for (; i + 4 * width <= length; i += 4 * width)
        {
            TVector a = Take<TWidth, TVector, TPass>(ref source, ref destination, i, keys);
            TVector b = Take<TWidth, TVector, TPass>(ref source, ref destination, i + width, keys);
            TVector c = Take<TWidth, TVector, TPass>(ref source, ref destination, i + 2 * width, keys);
            TVector d = Take<TWidth, TVector, TPass>(ref source, ref destination, i + 3 * width, keys);
            if (TWidth.IsAscii(TWidth.Or(TWidth.Or(a, b), TWidth.Or(c, d))))
            {
                errors = TWidth.Or(errors, TWidth.Cut(previous));
            }
            else
            {
                errors = TWidth.Or(errors, TWidth.Or(TWidth.Errors(a, previous), TWidth.Errors(b, a)));
                errors = TWidth.Or(errors, TWidth.Or(TWidth.Errors(c, b), TWidth.Errors(d, c)));
            }

            previous = d;
        }

        TVector rest = lastWord;
        for (nuint k = i; k < last; k += width)
            rest = TWidth.Or(rest, Take<TWidth, TVector, TPass>(ref source, ref destination, k, keys));
        if (TWidth.IsAscii(rest))
        {
            errors = TWidth.Or(errors, TWidth.Cut(previous));
        }
        else
        {
            for (; i < last; i += width)
            {
                TVector word = TWidth.Load(ref destination, i);
                errors = TWidth.Or(errors, TWidth.Errors(word, previous));
                previous = word;
            }

            errors = TWidth.Or(errors, TWidth.Errors(lastWord, beforeLast));
        }

        if (TPass.Unmasks)
        {
            TWidth.Store(firstWord, ref destination, 0);
            TWidth.Store(lastWord, ref destination, last);
        }

        return TWidth.IsZero(errors);
    }

    // One to two words: two that overlap.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool RunPair<TWidth, TVector, TPass>(ref byte source, ref byte destination, nuint length, uint key)
        where TWidth : struct, IUtf8Width<TVector>
        where TPass : struct, IPass
    {
        nuint last = length - TWidth.Count;
        TVector firstWord = TWidth.Load(ref source, 0);
        TVector lastWord = TWidth.Load(ref source, last);
        TVector beforeLast = TWidth.Repeat(Before(ref source, last, key));
        if (TPass.Unmasks)
        {
            firstWord = TWidth.Xor(firstWord, TWidth.Repeat(key));
            lastWord = TWidth.Xor(lastWord, TWidth.Repeat(Rotate(key, last)));
            TWidth.Store(firstWord, ref destination, 0);
            TWidth.Store(lastWord, ref destination, last);
        }

        if (TWidth.IsAscii(TWidth.Or(firstWord, lastWord))) return true;
        return TWidth.IsZero(TWidth.Or(TWidth.Errors(firstWord, TWidth.Repeat(0)), TWidth.Errors(lastWord, beforeLast)));
    }

    // 4 to 15 bytes: two halves that overlap, put together at the end of a word with zeros before them.
    private static bool RunHalves<TPass>(ref byte source, ref byte destination, nuint length, uint key) where TPass : struct, IPass
    {
        ulong first, second;
        if (length >= sizeof(ulong))
        {
            nuint last = length - sizeof(ulong);
            first = Load<ulong>(ref source, 0);
            second = Load<ulong>(ref source, last);
            if (TPass.Unmasks)
            {
                first ^= Twice(key);
                second ^= Twice(Rotate(key, last));
                Store(ref destination, 0, first);
                Store(ref destination, last, second);
            }

            if (((first | second) & NotAscii) == 0) return true;
            // A shift by 64 would be one by 0.
            first = first << 8 << (int)(8 * (2 * sizeof(ulong) - 1 - length));
        }
        else
        {
            nuint last = length - sizeof(uint);
            first = Load<uint>(ref source, 0);
            second = Load<uint>(ref source, last);
            if (TPass.Unmasks)
            {
                first ^= key;
                second ^= Rotate(key, last);
                Store(ref destination, 0, (uint)first);
                Store(ref destination, last, (uint)second);
            }

            if (((first | second) & NotAscii) == 0) return true;
            second = second << 32 | (uint)(first << (int)(8 * (2 * sizeof(uint) - length)));
            first = 0;
        }

        return Utf8Width128.IsZero(Utf8Width128.Errors(Vector128.Create(first, second).AsByte(), default));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Take<TWidth, TVector, TPass>(ref byte source, ref byte destination, nuint offset, TVector keys)
        where TWidth : struct, IUtf8Width<TVector>
        where TPass : struct, IPass
    {
        TVector word = TWidth.Load(ref source, offset);
        if (!TPass.Unmasks) return word;
        word = TWidth.Xor(word, keys);
        TWidth.Store(word, ref destination, offset);
        return word;
    }

    // The four bytes of text before an offset; zeros where there are none.
    private static uint Before(ref byte source, nuint offset, uint key) => offset >= sizeof(uint)
        ? Load<uint>(ref source, offset - sizeof(uint)) ^ Rotate(key, offset)
        : (uint)((ulong)(Load<uint>(ref source, 0) ^ key) << (int)(8 * (sizeof(uint) - offset)));

    private static uint Rotate(uint key, nuint offset) => BitOperations.RotateRight(key, 8 * (int)(offset & 3));

    private static ulong Twice(uint key) => (ulong)key << 32 | key;

    private static T Load<T>(ref byte source, nuint offset) where T : unmanaged =>
        Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref source, offset));

    private static void Store<T>(ref byte destination, nuint offset, T value) where T : unmanaged =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, offset), value);

    private readonly struct Reading : IPass
    {
        public static bool Unmasks => false;
    }

    private readonly struct Unmasking : IPass
    {
        public static bool Unmasks => true;
    }
}
