using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace WebSocketCore.Frames;

/// <summary>Writes frame headers (RFC 6455, section 5.2), the length always in its shortest form.</summary>
public static class FrameHeaderWriter
{
    /// <summary>The number of bytes that <see cref="Write"/> needs for the header: 2 to 14.</summary>
    /// <param name="header">The header.</param>
    public static int GetLength(in FrameHeader header) => header.PayloadLength switch
    {
        < 126 => 2,
        <= ushort.MaxValue => 4,
        _ => 10,
    } + (header.Masked ? sizeof(uint) : 0);

    /// <summary>Writes the header. Whether the frame may be sent is not asked here.</summary>
    /// <param name="destination">Where to; <see cref="FrameHeaderParser.MaxLength"/> bytes always suffice.</param>
    /// <param name="header">The header. Its masking key is written when it is masked, and ignored otherwise.</param>
    /// <returns>The number of bytes written.</returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short; nothing was written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length of the payload is 2^63 or more.</exception>
    public static int Write(Span<byte> destination, in FrameHeader header)
    {
        ulong payloadLength = header.PayloadLength;
        // RFC 6455 5.2: "the most significant bit MUST be 0".
        if (payloadLength > long.MaxValue) ThrowTopBitSet(nameof(header), payloadLength);
        int length = GetLength(header);
        if (destination.Length < length) ThrowTooShort(nameof(destination), destination.Length, length);

        destination[0] = (byte)((header.Fin ? 0x80 : 0) | (byte)header.ReservedBits | (byte)header.Opcode);
        int maskBit = header.Masked ? 0x80 : 0;
        // RFC 6455 5.2: "in all cases, the minimal number of bytes MUST be used to encode the length".
        if (payloadLength < 126)
        {
            destination[1] = (byte)((int)payloadLength | maskBit);
        }
        else if (payloadLength <= ushort.MaxValue)
        {
            destination[1] = (byte)(126 | maskBit);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
        }
        else
        {
            destination[1] = (byte)(127 | maskBit);
            BinaryPrimitives.WriteUInt64BigEndian(destination[2..], payloadLength);
        }

        if (header.Masked) BinaryPrimitives.WriteUInt32LittleEndian(destination[(length - sizeof(uint))..], header.MaskingKey);
        return length;
    }

    [DoesNotReturn]
    private static void ThrowTopBitSet(string parameter, ulong found) => throw new ArgumentOutOfRangeException(
        parameter, found, $"The length of a payload is at most {long.MaxValue} bytes.");

    [DoesNotReturn]
    private static void ThrowTooShort(string parameter, int found, int expected) => throw new ArgumentException(
        $"The header needs {expected} bytes and the destination has {found}.", parameter);
}
