namespace WebSocketCore.Frames;

/// <summary>
/// Every rule of RFC 6455 that a frame's header alone can break, given what the receiver knows, in one pure function.
/// It is asked before any payload is awaited. Limits on the size of messages are the receiver's own and not asked here.
/// </summary>
/// <remarks>
/// A header that breaks several rules is refused for the first in this order: the opcode, since it decides what the other bits
/// mean; then the bits as the wire brings them, RSV, FIN, MASK and length (how it is written before what it says);
/// last the place of the frame between its neighbours.
/// </remarks>
public static class FrameRules
{
    /// <summary>The most bytes that the payload of a control frame may have (RFC 6455, section 5.5).</summary>
    public const int MaxControlPayload = 125;

    /// <summary>Judges a header.</summary>
    /// <param name="header">The header as it came.</param>
    /// <param name="receiver">The role of the end that received it.</param>
    /// <param name="claimed">The reserved bits that the negotiated extensions claim on the first frame of a message.</param>
    /// <param name="messageInProgress">Whether a fragmented message has begun and not ended.</param>
    /// <returns>The broken rule, or <see cref="ProtocolError.None"/>.</returns>
    public static ProtocolError Check(in FrameHeader header, WebSocketRole receiver, ReservedBits claimed, bool messageInProgress)
    {
        Opcode opcode = header.Opcode;
        bool isControl = opcode.IsControl();

        // RFC 6455 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
        if (opcode.IsReserved()) return ProtocolError.ReservedOpcode;

        // RFC 6455 5.2: RSV bits "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values".
        // RFC 7692 6.1: the bit belongs to the first frame of a message; it MUST NOT be set on control frames and other fragments.
        ReservedBits allowed = isControl || opcode == Opcode.Continuation ? ReservedBits.None : claimed;
        if ((header.ReservedBits & ~allowed) != 0) return ProtocolError.ReservedBitSet;

        // RFC 6455 5.5: control frames "MUST NOT be fragmented".
        if (isControl && !header.Fin) return ProtocolError.FragmentedControlFrame;

        // RFC 6455 5.1: "The server MUST close the connection upon receiving a frame that is not masked."
        // "A client MUST close a connection if it detects a masked frame."
        if (header.Masked != (receiver == WebSocketRole.Server))
            return header.Masked ? ProtocolError.UnexpectedMask : ProtocolError.MissingMask;

        // RFC 6455 5.2: "the most significant bit MUST be 0".
        if (header.PayloadLength > long.MaxValue) return ProtocolError.LengthTopBitSet;

        // RFC 6455 5.2: "in all cases, the minimal number of bytes MUST be used to encode the length".
        if (!header.IsMinimalLength) return ProtocolError.NonMinimalLength;

        // RFC 6455 5.5: "All control frames MUST have a payload length of 125 bytes or less".
        // Control frames themselves may be injected in the middle of a fragmented message (5.4).
        if (isControl) return header.PayloadLength > MaxControlPayload ? ProtocolError.ControlFrameTooLong : ProtocolError.None;

        // RFC 6455 5.4: a message is one frame with an opcode other than 0, then continuations up to FIN;
        // the fragments of one message MUST NOT be interleaved between the fragments of another.
        if (messageInProgress == (opcode == Opcode.Continuation)) return ProtocolError.None;
        return messageInProgress ? ProtocolError.InterruptedMessage : ProtocolError.UnexpectedContinuation;
    }
}
