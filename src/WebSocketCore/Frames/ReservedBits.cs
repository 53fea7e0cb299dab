namespace WebSocketCore.Frames;

/// <summary>
/// The three bits of a frame's first byte that extensions may claim (RFC 6455, section 5.2), at their places on the wire.
/// </summary>
[Flags]
public enum ReservedBits : byte
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>The third bit. No registered extension uses it.</summary>
    Rsv3 = 0x10,

    /// <summary>The second bit. No registered extension uses it.</summary>
    Rsv2 = 0x20,

    /// <summary>The first bit. With permessage-deflate: the message is compressed (RFC 7692, section 6).</summary>
    Rsv1 = 0x40,
}
