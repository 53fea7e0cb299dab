using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore;

/// <summary>
/// Encodes the messages that one connection sends, one after the other, in the order in which they go out. A connection calls it from one thread at a time.
/// </summary>
public abstract class MessageEncoder : IDisposable
{
    /// <summary>Begins a message.</summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="length">The number of bytes that will come; null where that is not known.</param>
    /// <param name="options">What the sender wants.</param>
    /// <param name="reservedBits">The bits to set on the message's first frame, out of those that the extension claims.</param>
    /// <returns>False: this message goes out as it is, without a bit, and is not shown to <see cref="Encode"/>.</returns>
    public abstract bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits);

    /// <summary>Encodes the next bytes of the message, as far as the destination has room.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="destination">Where the encoded bytes go: at least 64 bytes long.</param>
    /// <param name="end">What ends behind the source. At the end of a fragment, the receiver must be able to decode everything up to there.</param>
    /// <param name="consumed">How many bytes of the source were taken.</param>
    /// <param name="written">How many bytes were written.</param>
    /// <returns><see cref="OperationStatus.Done"/>: all of the source was taken and, as far as <paramref name="end"/> asks for it, written;
    /// <see cref="OperationStatus.DestinationTooSmall"/>: call again with the rest of the source, which may be empty, and the same end.</returns>
    public abstract OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written);

    /// <summary>
    /// After the end of a message that did not become shorter: forgets it, so that it can go out as it is. False, the default: later messages build upon
    /// it, and it must go out encoded.
    /// </summary>
    public virtual bool TryForget() => false;

    /// <summary>
    /// Forgets what came before: nothing that follows builds upon it, and its memory is given up. Called between two messages, before one goes out that was
    /// prepared for several connections, and when nothing has been sent for a while.
    /// </summary>
    public virtual void ReleaseContext()
    {
    }

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

/// <summary>What ends behind the bytes that are given to a <see cref="MessageEncoder"/>.</summary>
public enum EncodingEnd
{
    /// <summary>Nothing: more bytes of the message follow, and what was taken may be kept back.</summary>
    None,

    /// <summary>A frame of the message, and more follow.</summary>
    Fragment,

    /// <summary>The message.</summary>
    Message,
}
