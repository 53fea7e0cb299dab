namespace WebSocketCore;

/// <summary>What the sender of a message wants of it.</summary>
[Flags]
public enum MessageOptions
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>
    /// The message is not compressed, whatever was negotiated: for what cannot become shorter, such as images, and for what must not be compressed
    /// together with what others choose, such as secrets.
    /// </summary>
    DisableCompression = 1,
}
