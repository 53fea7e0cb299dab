using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace WebSocketCore;

/// <summary>The payload of a Close frame: nothing, or a code of two bytes followed by a reason in UTF-8 (RFC 6455, section 5.5.1).</summary>
public static class ClosePayload
{
    /// <summary>The most bytes a Close frame's payload can have (RFC 6455, section 5.5: control frames).</summary>
    public const int MaxLength = 125;

    /// <summary>The most bytes of UTF-8 that fit a reason, behind the two bytes of the code.</summary>
    public const int MaxReasonLength = MaxLength - sizeof(ushort);

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the payload of a Close frame that a peer sent.</summary>
    /// <param name="payload">The unmasked payload.</param>
    /// <param name="code">The code; <see cref="CloseCode.NoStatusReceived"/> where the payload is empty.</param>
    /// <param name="reason">The reason; empty where there is none.</param>
    /// <returns>The rule that the payload breaks, or <see cref="ProtocolError.None"/>.</returns>
    public static ProtocolError Parse(ReadOnlySpan<byte> payload, out CloseCode code, out string reason)
    {
        code = CloseCode.NoStatusReceived;
        reason = "";
        if (payload.IsEmpty) return ProtocolError.None;

        // RFC 6455 5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer".
        if (payload.Length < sizeof(ushort)) return ProtocolError.ClosePayloadTooShort;

        // RFC 6455 7.4: which codes may stand in a Close frame.
        var received = (CloseCode)BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!received.IsAllowedOnWire()) return ProtocolError.InvalidCloseCode;

        // RFC 6455 5.5.1: the reason is "UTF-8-encoded data".
        var text = payload[sizeof(ushort)..];
        if (!Utf8.IsValid(text)) return ProtocolError.InvalidCloseReason;

        code = received;
        reason = Encoding.UTF8.GetString(text);
        return ProtocolError.None;
    }

    /// <summary>Writes the payload of a Close frame.</summary>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes, or as many as the payload needs.</param>
    /// <param name="code">The code; <see cref="CloseCode.NoStatusReceived"/> for an empty payload.</param>
    /// <param name="reason">The reason, at most <see cref="MaxReasonLength"/> bytes of UTF-8.</param>
    /// <returns>The number of bytes written.</returns>
    /// <exception cref="ArgumentException">The code may not be sent, the reason is too long, not valid Unicode or has no code, or the destination is too short.</exception>
    public static int Write(Span<byte> destination, CloseCode code, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (code == CloseCode.NoStatusReceived)
        {
            if (reason.Length != 0) throw new ArgumentException("A reason needs a close code in front of it.", nameof(reason));
            return 0;
        }
        if (!code.IsAllowedOnWire())
            throw new ArgumentException($"Close code {(ushort)code} may not be sent; use 1000-1003, 1007-1014 or 3000-4999.", nameof(code));

        // StrictUtf8 throws an ArgumentException on lone surrogates.
        var length = StrictUtf8.GetByteCount(reason);
        if (length > MaxReasonLength)
            throw new ArgumentException($"The close reason is {length} bytes of UTF-8; at most {MaxReasonLength} fit.", nameof(reason));
        if (destination.Length < sizeof(ushort) + length)
            throw new ArgumentException($"The destination has {destination.Length} bytes; {sizeof(ushort) + length} are needed.", nameof(destination));

        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)code);
        return sizeof(ushort) + StrictUtf8.GetBytes(reason, destination[sizeof(ushort)..]);
    }
}
