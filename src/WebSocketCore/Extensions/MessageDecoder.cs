using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore;

/// <summary>
/// Decodes the messages that one connection receives, one after the other, also those that the application skips. A connection calls it from one thread at
/// a time.
/// </summary>
public abstract class MessageDecoder : IDisposable
{
    /// <summary>Begins a message.</summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="reservedBits">The bits of the message's first frame, out of those that the extension claims.</param>
    /// <returns>False: this message is what it is, and is not shown to <see cref="Decode"/>.</returns>
    public abstract bool Begin(MessageKind kind, ReservedBits reservedBits);

    /// <summary>Decodes the next bytes of the message, as far as the destination has room. The limits of the connection apply to what is written.</summary>
    /// <param name="source">The bytes as they came, unmasked.</param>
    /// <param name="destination">Where the decoded bytes go; not empty.</param>
    /// <param name="endOfMessage">Whether the message ends behind the source.</param>
    /// <param name="consumed">How many bytes of the source were taken.</param>
    /// <param name="written">How many bytes were written.</param>
    /// <returns><see cref="OperationStatus.Done"/>: all of the source was taken, and all that comes of it was written;
    /// <see cref="OperationStatus.DestinationTooSmall"/>: call again with the rest of the source, which may be empty, or have more behind it by then;
    /// <see cref="OperationStatus.InvalidData"/>: the bytes cannot be decoded, which fails the connection with
    /// <see cref="ProtocolError.UndecodableMessage"/>.</returns>
    public abstract OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written);

    /// <summary>Gives up all memory, in the middle of a message too. Nothing is called any more.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    /// <param name="disposing">True.</param>
    protected abstract void Dispose(bool disposing);
}
