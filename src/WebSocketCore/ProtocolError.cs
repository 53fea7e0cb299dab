namespace WebSocketCore;

/// <summary>Every rule of RFC 6455 that a peer can break after the opening handshake, one member per rule.</summary>
public enum ProtocolError
{
    /// <summary>No rule is broken.</summary>
    None,

    /// <summary>A reserved bit is set that no extension claims, or it is set on a continuation or control frame (section 5.2).</summary>
    ReservedBitSet,

    /// <summary>The opcode is reserved: 3-7 or 11-15 (section 5.2).</summary>
    ReservedOpcode,

    /// <summary>A control frame is fragmented (section 5.5).</summary>
    FragmentedControlFrame,

    /// <summary>A control frame holds more than 125 bytes (section 5.5).</summary>
    ControlFrameTooLong,

    /// <summary>The payload length is not written in the fewest bytes possible (section 5.2).</summary>
    NonMinimalLength,

    /// <summary>The most significant bit of a 64-bit payload length is set (section 5.2).</summary>
    LengthTopBitSet,

    /// <summary>A frame from a client is not masked (section 5.1).</summary>
    MissingMask,

    /// <summary>A frame from a server is masked (section 5.1).</summary>
    UnexpectedMask,

    /// <summary>A continuation frame has no message to continue (section 5.4).</summary>
    UnexpectedContinuation,

    /// <summary>A new message begins before the fragmented one has ended (section 5.4).</summary>
    InterruptedMessage,

    /// <summary>A text message is not valid UTF-8 (section 8.1).</summary>
    InvalidUtf8,

    /// <summary>The payload of a message cannot be decoded by the extension that encoded it, such as compressed data that is not DEFLATE (RFC 7692, section 7.2.2).</summary>
    UndecodableMessage,

    /// <summary>A message is larger than the limit (section 10.4).</summary>
    MessageTooBig,

    /// <summary>A message has more fragments than the limit (section 10.4).</summary>
    TooManyFragments,

    /// <summary>A message has more empty fragments than the limit (section 10.4).</summary>
    TooManyEmptyFragments,

    /// <summary>The payload of a Close frame is one byte, too short for a code (section 5.5.1).</summary>
    ClosePayloadTooShort,

    /// <summary>The code of a Close frame is reserved, unregistered or out of range (section 7.4).</summary>
    InvalidCloseCode,

    /// <summary>The reason of a Close frame is not valid UTF-8 (section 5.5.1).</summary>
    InvalidCloseReason,
}

/// <summary>Questions that a <see cref="ProtocolError"/> answers about itself.</summary>
public static class ProtocolErrorExtensions
{
    /// <summary>The code of the Close frame that answers the violation (RFC 6455, section 7.4.1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is <see cref="ProtocolError.None"/> or undefined: it is no violation.</exception>
    public static CloseCode CloseCode(this ProtocolError error) => error switch
    {
        ProtocolError.InvalidUtf8 or ProtocolError.UndecodableMessage or ProtocolError.InvalidCloseReason => WebSocketCore.CloseCode.InvalidPayloadData,
        ProtocolError.MessageTooBig => WebSocketCore.CloseCode.MessageTooBig,
        ProtocolError.TooManyFragments or ProtocolError.TooManyEmptyFragments => WebSocketCore.CloseCode.PolicyViolation,
        > ProtocolError.None and <= ProtocolError.InvalidCloseReason => WebSocketCore.CloseCode.ProtocolError,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not a violation."),
    };

    /// <summary>What the peer did, in a sentence of at most 123 bytes of ASCII, so that it fits the reason of a Close frame.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is <see cref="ProtocolError.None"/> or undefined: it is no violation.</exception>
    public static string Message(this ProtocolError error) => error switch
    {
        ProtocolError.ReservedBitSet => "a reserved bit is set that no negotiated extension claims on this frame",
        ProtocolError.ReservedOpcode => "the opcode is reserved",
        ProtocolError.FragmentedControlFrame => "a control frame is fragmented",
        ProtocolError.ControlFrameTooLong => "a control frame holds more than 125 bytes",
        ProtocolError.NonMinimalLength => "the payload length is not written in the fewest bytes possible",
        ProtocolError.LengthTopBitSet => "the top bit of a 64-bit payload length is set",
        ProtocolError.MissingMask => "a frame from the client is not masked",
        ProtocolError.UnexpectedMask => "a frame from the server is masked",
        ProtocolError.UnexpectedContinuation => "a continuation frame has no message to continue",
        ProtocolError.InterruptedMessage => "a new message begins before the fragmented one has ended",
        ProtocolError.InvalidUtf8 => "a text message is not valid UTF-8",
        ProtocolError.UndecodableMessage => "a message cannot be decoded by the extension that was agreed on",
        ProtocolError.MessageTooBig => "the message is larger than the limit",
        ProtocolError.TooManyFragments => "the message has more fragments than the limit",
        ProtocolError.TooManyEmptyFragments => "the message has more empty fragments than the limit",
        ProtocolError.ClosePayloadTooShort => "a Close frame holds one byte, too short for a code",
        ProtocolError.InvalidCloseCode => "the code of a Close frame is reserved, unregistered or out of range",
        ProtocolError.InvalidCloseReason => "the reason of a Close frame is not valid UTF-8",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not a violation."),
    };
}
