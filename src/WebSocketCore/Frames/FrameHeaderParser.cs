using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace WebSocketCore.Frames;

/// <summary>
/// Reads frame headers (RFC 6455, section 5.2). Any two bytes begin some header, so nothing here fails and nothing is judged:
/// a header is there or needs more bytes. <see cref="FrameRules.Check"/> says whether the header keeps the rules.
/// </summary>
public static class FrameHeaderParser
{
    /// <summary>The longest header in bytes: two bytes, a 64-bit length and a masking key. So many bytes always suffice.</summary>
    public const int MaxLength = 14;

    /// <summary>Reads the header at the start of the bytes.</summary>
    /// <param name="source">The bytes; the payload may follow in them.</param>
    /// <param name="header">The header, when the result is true.</param>
    /// <param name="headerLength">The length of the header in bytes: the place of the payload. 0 when the result is false.</param>
    /// <returns>False when the header needs more bytes.</returns>
    public static bool TryParse(ReadOnlySpan<byte> source, out FrameHeader header, out int headerLength)
    {
        if (source.Length < 2) goto NeedMore;

        uint second = source[1];
        ulong payloadLength = second & 0x7F;
        bool isOverlong = false;
        int length = 2;

        if (payloadLength == 126)
        {
            if (source.Length < 4) goto NeedMore;
            payloadLength = BinaryPrimitives.ReadUInt16BigEndian(source[2..]);
            isOverlong = payloadLength < 126;
            length = 4;
        }
        else if (payloadLength == 127)
        {
            if (source.Length < 10) goto NeedMore;
            payloadLength = BinaryPrimitives.ReadUInt64BigEndian(source[2..]);
            isOverlong = payloadLength <= ushort.MaxValue;
            length = 10;
        }

        uint maskingKey = 0;
        bool masked = (second & 0x80) != 0;
        if (masked)
        {
            if (source.Length - length < sizeof(uint)) goto NeedMore;
            maskingKey = BinaryPrimitives.ReadUInt32LittleEndian(source[length..]);
            length += sizeof(uint);
        }

        header = new FrameHeader(source[0], masked, maskingKey, payloadLength, isOverlong);
        headerLength = length;
        return true;

    NeedMore:
        header = default;
        headerLength = 0;
        return false;
    }

    /// <summary>Reads the header at the start of the bytes, also when it lies across segments.</summary>
    /// <param name="source">The bytes; the payload may follow in them.</param>
    /// <param name="header">The header, when the result is true.</param>
    /// <param name="headerLength">The length of the header in bytes: the place of the payload. 0 when the result is false.</param>
    /// <returns>False when the header needs more bytes.</returns>
    public static bool TryParse(in ReadOnlySequence<byte> source, out FrameHeader header, out int headerLength) =>
        TryParse(source.FirstSpan, out header, out headerLength)
        || (!source.IsSingleSegment && TryParseSplit(source, out header, out headerLength));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryParseSplit(in ReadOnlySequence<byte> source, out FrameHeader header, out int headerLength)
    {
        Span<byte> buffer = stackalloc byte[MaxLength];
        int length = (int)Math.Min(source.Length, MaxLength);
        source.Slice(0, length).CopyTo(buffer);
        return TryParse(buffer[..length], out header, out headerLength);
    }
}
