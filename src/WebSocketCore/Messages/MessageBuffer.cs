using System.Buffers;
using WebSocketCore.Messages;

namespace WebSocketCore;

/// <summary>
/// A message to be composed in place, in pooled memory, by anything that writes to an <see cref="IBufferWriter{T}"/>: a JSON writer, a serializer, an encoder.
/// It may be sent several times and to several connections; clear it to compose the next one, dispose it to return its memory.
/// </summary>
/// <remarks>Not safe for concurrent writing. It must not be changed while it is being sent.</remarks>
public sealed class MessageBuffer : IBufferWriter<byte>, IDisposable
{
    private readonly PayloadBuffer _payload;

    /// <summary>Creates an empty message.</summary>
    /// <param name="kind">Text or binary. Text is checked to be valid UTF-8 when it is sent.</param>
    /// <param name="pool">Where its memory comes from; null for <see cref="ArrayPool{T}.Shared"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is undefined.</exception>
    public MessageBuffer(MessageKind kind, ArrayPool<byte>? pool = null)
    {
        if (kind is not (MessageKind.Text or MessageKind.Binary)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "Text or binary.");
        Kind = kind;
        _payload = new PayloadBuffer(pool ?? ArrayPool<byte>.Shared);
    }

    /// <summary>Text or binary.</summary>
    public MessageKind Kind { get; }

    /// <summary>The bytes written so far, valid until the buffer is written to, cleared or disposed.</summary>
    public ReadOnlySequence<byte> Written => _payload.Written;

    /// <summary>The number of bytes written so far.</summary>
    public long Length => _payload.Length;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than the last span or memory holds.</exception>
    public void Advance(int count) => _payload.Advance(count);

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _payload.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _payload.GetSpan(sizeHint);

    /// <summary>Empties the buffer for the next message. A small amount of memory is kept.</summary>
    public void Clear() => _payload.Clear();

    /// <summary>Empties the buffer and returns its memory. It can be used again.</summary>
    public void Dispose() => _payload.Release();
}
