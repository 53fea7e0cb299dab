namespace WebSocketCore;

/// <summary>What a message holds (RFC 6455, section 5.6). The values are the opcodes.</summary>
public enum MessageKind : byte
{
    /// <summary>Text: valid UTF-8 as a whole.</summary>
    Text = 1,

    /// <summary>Binary: bytes that only the application understands.</summary>
    Binary = 2,
}
