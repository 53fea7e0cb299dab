using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Protocol;

/// <summary>
/// The sending half of the protocol: frames into a buffer, masked by a client (RFC 6455, section 5.3). It does no I/O and keeps no state but its role;
/// which frames may be sent when is its caller's to know.
/// </summary>
internal readonly struct MessageSender(WebSocketRole role)
{
    // Up to here a frame is written into one span: what is left unused of the last one costs less than to ask twice.
    private const int SmallPayload = 1024;

    /// <summary>Writes a whole frame.</summary>
    /// <param name="output">Gets the header and the payload; the payload is copied.</param>
    /// <param name="frame">The frame.</param>
    public void WriteFrame(IBufferWriter<byte> output, in OutgoingFrame frame)
    {
        if (frame.Payload.IsSingleSegment && !frame.IsWritten)
        {
            WriteFrame(output, frame.Opcode, frame.Fin, frame.Payload.FirstSpan, frame.ReservedBits);
            return;
        }
        if (frame.IsWritten && frame.Payload.IsSingleSegment)
        {
            output.Write(frame.Payload.FirstSpan);
            return;
        }
        var mask = WriteHeader(output, frame);
        foreach (var segment in frame.Payload) WritePayload(output, segment.Span, ref mask);
    }

    /// <summary>Writes a whole frame.</summary>
    /// <param name="output">Gets the header and the payload; the payload is copied.</param>
    /// <param name="opcode">The opcode.</param>
    /// <param name="fin">Whether this is the message's last frame.</param>
    /// <param name="payload">The payload, unmasked.</param>
    /// <param name="reservedBits">The bits that extensions set.</param>
    public void WriteFrame(
        IBufferWriter<byte> output, Opcode opcode, bool fin, ReadOnlySpan<byte> payload, ReservedBits reservedBits = ReservedBits.None)
    {
        var header = CreateHeader(opcode, fin, payload.Length, reservedBits);
        if (payload.Length > SmallPayload)
        {
            var mask = WriteHeader(output, header);
            WritePayload(output, payload, ref mask);
            return;
        }
        var destination = output.GetSpan(FrameHeaderParser.MaxLength + payload.Length);
        var headerLength = FrameHeaderWriter.Write(destination, header);
        if (header.MaskingKey == 0) payload.CopyTo(destination[headerLength..]);
        else Masking.Apply(payload, destination[headerLength..], header.MaskingKey);
        output.Advance(headerLength + payload.Length);
    }

    /// <summary>Writes a frame's header, unless it is written already; the payload follows by <see cref="WritePayload"/>.</summary>
    /// <returns>How the payload is to be masked.</returns>
    public PayloadMask WriteHeader(IBufferWriter<byte> output, in OutgoingFrame frame) =>
        frame.IsWritten ? default : WriteHeader(output, CreateHeader(frame.Opcode, frame.Fin, frame.Length, frame.ReservedBits));

    private static PayloadMask WriteHeader(IBufferWriter<byte> output, in FrameHeader header)
    {
        output.Advance(FrameHeaderWriter.Write(output.GetSpan(FrameHeaderParser.MaxLength), header));
        return new PayloadMask(header.MaskingKey, 0);
    }

    /// <summary>Writes the next bytes of a frame's payload.</summary>
    public static void WritePayload(IBufferWriter<byte> output, ReadOnlySpan<byte> payload, ref PayloadMask mask)
    {
        while (!payload.IsEmpty)
        {
            var destination = output.GetSpan();
            var length = Math.Min(payload.Length, destination.Length);
            if (mask.Key == 0) payload[..length].CopyTo(destination);
            else Masking.Apply(payload[..length], destination, mask.Key, mask.Phase);
            output.Advance(length);
            payload = payload[length..];
            mask = mask with { Phase = mask.Phase + length };
        }
    }

    private FrameHeader CreateHeader(Opcode opcode, bool fin, long payloadLength, ReservedBits reservedBits)
    {
        // RFC 6455 5.1: "a client MUST mask all frames that it sends", "a server MUST NOT mask any frames".
        uint? maskingKey = role == WebSocketRole.Client ? MaskingKeys.Next() : null;
        return new FrameHeader(opcode, payloadLength, fin, reservedBits, maskingKey);
    }

    /// <summary>A masking key (0 leaves the payload as it is) and how many bytes of payload it has masked.</summary>
    internal readonly record struct PayloadMask(uint Key, long Phase);
}
