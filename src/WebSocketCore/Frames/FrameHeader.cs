using System.Diagnostics.CodeAnalysis;

namespace WebSocketCore.Frames;

/// <summary>
/// A frame's header as a value (RFC 6455, section 5.2). It holds whatever the wire says, lawful or not:
/// <see cref="FrameRules.Check"/> is the judge. Comparing two headers compares all their fields.
/// </summary>
public readonly record struct FrameHeader
{
    private const byte FinBit = 0x80;
    private const byte ReservedMask = 0x70;
    private const byte OpcodeMask = 0x0F;

    // FIN, RSV1-3 and the opcode as the wire has them; taken apart only when asked.
    private readonly byte _firstByte;

    // Negative, so that a header that nobody parsed counts as minimal.
    private readonly bool _isOverlong;

    /// <summary>Describes a frame to be written.</summary>
    /// <param name="opcode">What the frame is.</param>
    /// <param name="payloadLength">The length of the payload in bytes, not negative.</param>
    /// <param name="fin">Whether the frame ends its message. Control frames always do.</param>
    /// <param name="reservedBits">The bits that extensions set on the frame.</param>
    /// <param name="maskingKey">The key, first byte on the wire least significant; null for a frame that is not masked.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="payloadLength"/> is negative, or <paramref name="opcode"/>
    /// or <paramref name="reservedBits"/> has bits that do not belong to it.</exception>
    public FrameHeader(
        Opcode opcode, long payloadLength, bool fin = true, ReservedBits reservedBits = ReservedBits.None, uint? maskingKey = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        Fin = fin;
        ReservedBits = reservedBits;
        Opcode = opcode;
        Masked = maskingKey.HasValue;
        MaskingKey = maskingKey.GetValueOrDefault();
        PayloadLength = (ulong)payloadLength;
    }

    internal FrameHeader(byte firstByte, bool masked, uint maskingKey, ulong payloadLength, bool isOverlong)
    {
        _firstByte = firstByte;
        _isOverlong = isOverlong;
        Masked = masked;
        MaskingKey = maskingKey;
        PayloadLength = payloadLength;
    }

    /// <summary>Whether the frame is the last one of its message.</summary>
    public bool Fin
    {
        get => (_firstByte & FinBit) != 0;
        init => _firstByte = (byte)(_firstByte & ~FinBit | (value ? FinBit : 0));
    }

    /// <summary>The bits that only extensions may set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value has other bits than the three.</exception>
    public ReservedBits ReservedBits
    {
        get => (ReservedBits)(_firstByte & ReservedMask);
        init
        {
            if (((byte)value & ~ReservedMask) != 0) ThrowNotInField(nameof(ReservedBits), value);
            _firstByte = (byte)(_firstByte & ~ReservedMask | (byte)value);
        }
    }

    /// <summary>What the frame is. A parsed header can hold a reserved value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value does not fit in four bits.</exception>
    public Opcode Opcode
    {
        get => (Opcode)(_firstByte & OpcodeMask);
        init
        {
            if (((byte)value & ~OpcodeMask) != 0) ThrowNotInField(nameof(Opcode), value);
            _firstByte = (byte)(_firstByte & ~OpcodeMask | (byte)value);
        }
    }

    /// <summary>Whether the payload is masked, and the header holds a key.</summary>
    public bool Masked { get; init; }

    /// <summary>
    /// The four bytes of the masking key as a little-endian number: the first byte on the wire is the least significant.
    /// 0 and without meaning when <see cref="Masked"/> is false. A key of 0 is a lawful key.
    /// </summary>
    public uint MaskingKey { get; init; }

    /// <summary>
    /// The length of the payload in bytes, as the wire declares it. Unsigned, so that a length with the forbidden top bit is
    /// huge and passes no limit. Compare it with a limit before narrowing it; it is the peer's claim and no reason to allocate.
    /// </summary>
    public ulong PayloadLength { get; init; }

    /// <summary>Whether the length stood in the shortest of its three forms. The writer always writes the shortest form.</summary>
    public bool IsMinimalLength
    {
        get => !_isOverlong;
        init => _isOverlong = !value;
    }

    [DoesNotReturn]
    private static void ThrowNotInField(string field, object value) =>
        throw new ArgumentOutOfRangeException(field, value, $"The value has bits outside the {field} field of a frame header.");
}
