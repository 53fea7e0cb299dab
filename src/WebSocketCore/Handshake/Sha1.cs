using System.Buffers.Binary;
using System.Numerics;

namespace WebSocketCore.Handshake;

/// <summary>SHA-1 (FIPS 180-4, section 6.1) for the handshake, where it proves that a peer speaks WebSocket and protects nothing. Not for anything else.</summary>
/// <remarks>Why not the base library's: docs/adr/0009.</remarks>
internal static class Sha1
{
    /// <summary>How many bytes a hash has.</summary>
    public const int HashSize = 20;

    private const int BlockSize = 64;

    /// <summary>Hashes bytes, of any number, into the first 20 bytes of the destination.</summary>
    public static void Hash(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Span<uint> state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0];
        var rest = source;
        for (; rest.Length >= BlockSize; rest = rest[BlockSize..]) Compress(state, rest);

        // FIPS 180-4 5.1.1: a 1 bit, zeros, and the length in bits as the last eight bytes of a block.
        Span<byte> end = stackalloc byte[2 * BlockSize];
        end = end[..(rest.Length + 1 + sizeof(ulong) <= BlockSize ? BlockSize : 2 * BlockSize)];
        end.Clear();
        rest.CopyTo(end);
        end[rest.Length] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(end[^sizeof(ulong)..], 8 * (ulong)source.Length);
        for (; !end.IsEmpty; end = end[BlockSize..]) Compress(state, end);

        for (var i = 0; i < state.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(destination[(sizeof(uint) * i)..], state[i]);
    }

    private static void Compress(Span<uint> state, ReadOnlySpan<byte> block)
    {
        Span<uint> schedule = stackalloc uint[80];
        for (var t = 0; t < 16; t++) schedule[t] = BinaryPrimitives.ReadUInt32BigEndian(block[(sizeof(uint) * t)..]);
        for (var t = 16; t < schedule.Length; t++)
            schedule[t] = BitOperations.RotateLeft(schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^ schedule[t - 16], 1);

        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4]);
        for (var t = 0; t < schedule.Length; t++)
        {
            var (f, k) = t switch
            {
                < 20 => ((b & c) | (~b & d), 0x5A827999u),
                < 40 => (b ^ c ^ d, 0x6ED9EBA1u),
                < 60 => ((b & c) | (b & d) | (c & d), 0x8F1BBCDCu),
                _ => (b ^ c ^ d, 0xCA62C1D6u),
            };
            (a, b, c, d, e) = (BitOperations.RotateLeft(a, 5) + f + e + k + schedule[t], a, BitOperations.RotateLeft(b, 30), c, d);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
}
