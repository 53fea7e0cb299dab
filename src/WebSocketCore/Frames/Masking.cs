using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace WebSocketCore.Frames;

// Masking is XOR with four bytes that repeat, so masking and unmasking are one operation, and a word of any width that is a multiple
// of four bytes can be masked by the key repeated. What does not fill a word at the end is covered by one more word that ends exactly
// where the data ends and overlaps the one before it. In place that word must not be masked twice: it is loaded first, while all
// its bytes are still the original ones, and stored last. It begins `length mod 4` bytes into the key, whatever its width.
// The first word is treated in the same way, so that the one after it may begin anywhere in it: at long data where the stores are
// aligned, because stores that cross a cache line take twice the time.

/// <summary>Masks and unmasks payload (RFC 6455, section 5.3): the same operation both ways.</summary>
public static class Masking
{
    // From here on alignment is worth what it costs, by measurement.
    private const nuint AlignedLength = 2048;

    /// <summary>Masks or unmasks in place.</summary>
    /// <param name="data">The payload, or the next part of it.</param>
    /// <param name="maskingKey">The key as <see cref="FrameHeader.MaskingKey"/> holds it.</param>
    /// <param name="phase">The number of bytes of the frame's payload before this part; only its remainder by 4 counts.</param>
    public static void Apply(Span<byte> data, uint maskingKey, long phase = 0)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        Apply(ref start, ref start, (nuint)data.Length, Rotate(maskingKey, phase));
    }

    /// <summary>Masks or unmasks from one place to another, which may be the same.</summary>
    /// <param name="source">The payload, or the next part of it.</param>
    /// <param name="destination">Gets as many bytes as the source has; the rest is not touched.</param>
    /// <param name="maskingKey">The key as <see cref="FrameHeader.MaskingKey"/> holds it.</param>
    /// <param name="phase">The number of bytes of the frame's payload before this part; only its remainder by 4 counts.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than the source, or what would be written
    /// overlaps the source without being the same memory. Nothing was written.</exception>
    public static void Apply(ReadOnlySpan<byte> source, Span<byte> destination, uint maskingKey, long phase = 0)
    {
        if (destination.Length < source.Length) ThrowTooShort(nameof(destination), destination.Length, source.Length);
        if (source.Overlaps(destination[..source.Length], out int distance) && distance != 0) ThrowOverlap(nameof(destination));
        Apply(
            ref MemoryMarshal.GetReference(source),
            ref MemoryMarshal.GetReference(destination),
            (nuint)source.Length,
            Rotate(maskingKey, phase));
    }

    /// <summary>
    /// Where the word after the first one best begins: at its end, or in long data where it is aligned. Should the garbage collector then move
    /// the data, nothing but time is lost.
    /// </summary>
    internal static nuint SecondWord(ref byte data, nuint length, nuint width)
    {
        if (length < AlignedLength) return width;
        nuint address = (nuint)Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref data);
        return width - (address & (width - 1));
    }

    // The key that masks bytes which come `phase` bytes later.
    private static uint Rotate(uint maskingKey, long phase) => BitOperations.RotateRight(maskingKey, 8 * (int)(phase & 3));

    private static void Apply(ref byte source, ref byte destination, nuint length, uint key)
    {
        if (length < sizeof(uint))
        {
            for (nuint i = 0; i < length; i++, key >>= 8)
                Unsafe.Add(ref destination, i) = (byte)(Unsafe.Add(ref source, i) ^ key);
            return;
        }

        if (!BitConverter.IsLittleEndian) key = BinaryPrimitives.ReverseEndianness(key);
        uint tailKey = Advance(key, length);

        if (Vector512.IsHardwareAccelerated && length >= (nuint)Vector512<byte>.Count)
            Apply512(ref source, ref destination, length, key, tailKey);
        else if (Vector256.IsHardwareAccelerated && length >= (nuint)Vector256<byte>.Count)
            Apply256(ref source, ref destination, length, key, tailKey);
        else if (Vector128.IsHardwareAccelerated && length >= (nuint)Vector128<byte>.Count)
            Apply128(ref source, ref destination, length, key, tailKey);
        else if (length >= sizeof(ulong))
            Apply64(ref source, ref destination, length, key, tailKey);
        else
            Apply32(ref source, ref destination, length, key, tailKey);
    }

    private static void Apply512(ref byte source, ref byte destination, nuint length, uint key, uint tailKey)
    {
        nuint last = length - (nuint)Vector512<byte>.Count;
        Vector512<byte> head = Vector512.LoadUnsafe(ref source) ^ Vector512.Create(key).AsByte();
        Vector512<byte> tail = Vector512.LoadUnsafe(ref source, last) ^ Vector512.Create(tailKey).AsByte();
        nuint i = SecondWord(ref destination, length, (nuint)Vector512<byte>.Count);
        Vector512<byte> keys = Vector512.Create(Advance(key, i)).AsByte();
        for (; i < last; i += (nuint)Vector512<byte>.Count)
            (Vector512.LoadUnsafe(ref source, i) ^ keys).StoreUnsafe(ref destination, i);
        head.StoreUnsafe(ref destination);
        tail.StoreUnsafe(ref destination, last);
    }

    private static void Apply256(ref byte source, ref byte destination, nuint length, uint key, uint tailKey)
    {
        nuint last = length - (nuint)Vector256<byte>.Count;
        Vector256<byte> head = Vector256.LoadUnsafe(ref source) ^ Vector256.Create(key).AsByte();
        Vector256<byte> tail = Vector256.LoadUnsafe(ref source, last) ^ Vector256.Create(tailKey).AsByte();
        nuint i = SecondWord(ref destination, length, (nuint)Vector256<byte>.Count);
        Vector256<byte> keys = Vector256.Create(Advance(key, i)).AsByte();
        for (; i < last; i += (nuint)Vector256<byte>.Count)
            (Vector256.LoadUnsafe(ref source, i) ^ keys).StoreUnsafe(ref destination, i);
        head.StoreUnsafe(ref destination);
        tail.StoreUnsafe(ref destination, last);
    }

    private static void Apply128(ref byte source, ref byte destination, nuint length, uint key, uint tailKey)
    {
        nuint last = length - (nuint)Vector128<byte>.Count;
        Vector128<byte> head = Vector128.LoadUnsafe(ref source) ^ Vector128.Create(key).AsByte();
        Vector128<byte> tail = Vector128.LoadUnsafe(ref source, last) ^ Vector128.Create(tailKey).AsByte();
        nuint i = SecondWord(ref destination, length, (nuint)Vector128<byte>.Count);
        Vector128<byte> keys = Vector128.Create(Advance(key, i)).AsByte();
        for (; i < last; i += (nuint)Vector128<byte>.Count)
            (Vector128.LoadUnsafe(ref source, i) ^ keys).StoreUnsafe(ref destination, i);
        head.StoreUnsafe(ref destination);
        tail.StoreUnsafe(ref destination, last);
    }

    private static void Apply64(ref byte source, ref byte destination, nuint length, uint key, uint tailKey)
    {
        nuint last = length - sizeof(ulong);
        ulong tail = Load<ulong>(ref source, last) ^ ((ulong)tailKey << 32 | tailKey);
        ulong keys = (ulong)key << 32 | key;
        for (nuint i = 0; i < last; i += sizeof(ulong))
            Store(ref destination, i, Load<ulong>(ref source, i) ^ keys);
        Store(ref destination, last, tail);
    }

    private static void Apply32(ref byte source, ref byte destination, nuint length, uint key, uint tailKey)
    {
        uint head = Load<uint>(ref source, 0) ^ key;
        uint tail = Load<uint>(ref source, length - sizeof(uint)) ^ tailKey;
        Store(ref destination, 0, head);
        Store(ref destination, length - sizeof(uint), tail);
    }

    // The key as it lies in memory, for a word that many bytes later.
    private static uint Advance(uint key, nuint bytes) => BitConverter.IsLittleEndian
        ? BitOperations.RotateRight(key, 8 * (int)(bytes & 3))
        : BitOperations.RotateLeft(key, 8 * (int)(bytes & 3));

    private static T Load<T>(ref byte source, nuint offset) where T : unmanaged =>
        Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref source, offset));

    private static void Store<T>(ref byte destination, nuint offset, T value) where T : unmanaged =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, offset), value);

    [DoesNotReturn]
    private static void ThrowTooShort(string parameter, int found, int expected) =>
        throw new ArgumentException($"The source has {expected} bytes and the destination only {found}.", parameter);

    [DoesNotReturn]
    private static void ThrowOverlap(string parameter) =>
        throw new ArgumentException("The destination overlaps the source and is not the same memory.", parameter);
}
