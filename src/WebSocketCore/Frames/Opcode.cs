namespace WebSocketCore.Frames;

/// <summary>What a frame is: the low four bits of its first byte (RFC 6455, sections 5.2 and 11.8).</summary>
public enum Opcode : byte
{
    /// <summary>A further fragment of the message that a text or binary frame without FIN began (section 5.4).</summary>
    Continuation = 0,

    /// <summary>A text message, or its first fragment. The payload of the whole message is UTF-8 (section 5.6).</summary>
    Text = 1,

    /// <summary>A binary message, or its first fragment (section 5.6).</summary>
    Binary = 2,

    /// <summary>The closing handshake: no more frames follow from its sender (section 5.5.1).</summary>
    Close = 8,

    /// <summary>A question that a Pong with the same payload answers (section 5.5.2).</summary>
    Ping = 9,

    /// <summary>The answer to a Ping, or an unsolicited sign of life (section 5.5.3).</summary>
    Pong = 10,
}

/// <summary>
/// Questions that an <see cref="Opcode"/> answers about itself. Every value is exactly one of the three: control, data or reserved.
/// </summary>
public static class OpcodeExtensions
{
    /// <summary>Whether the frame is about the connection: Close, Ping or Pong (RFC 6455, section 5.5).</summary>
    public static bool IsControl(this Opcode opcode) => opcode is >= Opcode.Close and <= Opcode.Pong;

    /// <summary>Whether the frame carries a part of a message: text, binary or continuation (RFC 6455, section 5.6).</summary>
    public static bool IsData(this Opcode opcode) => opcode <= Opcode.Binary;

    /// <summary>Whether RFC 6455 gives the value no meaning: 3-7, 11-15, and what four bits cannot hold (section 5.2).</summary>
    public static bool IsReserved(this Opcode opcode) => opcode is > Opcode.Binary and < Opcode.Close or > Opcode.Pong;
}
