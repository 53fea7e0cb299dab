using System.Buffers;
using System.Text;

namespace WebSocketCore;

/// <summary>
/// A whole message, put together from its fragments, unmasked, and, if it is text, valid UTF-8.
/// It does not own its memory: <see cref="Payload"/> is valid until the next receive on the same connection, or until the connection is disposed.
/// </summary>
public readonly struct WebSocketMessage
{
    internal WebSocketMessage(MessageKind kind, in ReadOnlySequence<byte> payload)
    {
        Kind = kind;
        Payload = payload;
    }

    /// <summary>Text or binary.</summary>
    public MessageKind Kind { get; }

    /// <summary>
    /// The bytes of the message: one segment up to 64 KiB, several above. The memory belongs to the connection, which uses it again for the next
    /// message: copy what must live longer (<see cref="ToArray"/>, <see cref="GetText"/>).
    /// </summary>
    public ReadOnlySequence<byte> Payload { get; }

    /// <summary>The number of bytes.</summary>
    public long Length => Payload.Length;

    /// <summary>Whether the message is text.</summary>
    public bool IsText => Kind == MessageKind.Text;

    /// <summary>The payload as a string. Meant for text, which is known to be valid UTF-8; in a binary message invalid bytes become U+FFFD.</summary>
    public string GetText() => Encoding.UTF8.GetString(Payload);

    /// <summary>A copy of the payload that lives as long as you like.</summary>
    public byte[] ToArray() => Payload.ToArray();
}
