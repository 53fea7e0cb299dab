using System.Buffers;
using System.Text;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;

namespace WebSocketCore;

/// <summary>
/// A message that is made once and sent to many: it is framed once, and encoded (compressed) at most once for all connections that can share that, whatever each
/// has negotiated.
/// </summary>
/// <remarks>
/// <para>Safe to send from any number of threads, to any number of connections, servers' and clients', at once and again.</para>
/// <para>Its memory is pooled. Dispose it when all sends have been begun: those under way keep the memory until they have completed.</para>
/// <para>On a connection that keeps a compression context, the messages after a prepared one that went out compressed are compressed without the context of those
/// before it.</para>
/// </remarks>
public sealed class PreparedMessage : IDisposable
{
    // In front of the payload is room for the header of a server's frame, which has no masking key.
    private const int HeaderRoom = FrameHeaderParser.MaxLength - sizeof(uint);

    private readonly Lock _sync = new();
    private readonly ArrayPool<byte> _pool;
    private readonly Variant _plain;
    private Variant[] _encoded = [];
    private int _references = 1;
    private int _disposed;

    private PreparedMessage(MessageKind kind, byte[] array, int length, MessageOptions options, ArrayPool<byte> pool)
    {
        Kind = kind;
        Length = length;
        Options = options;
        _pool = pool;
        _plain = new Variant(null, (Opcode)kind, ReservedBits.None, array, length);
    }

    /// <summary>Text or binary.</summary>
    public MessageKind Kind { get; }

    /// <summary>The number of bytes of the payload, before any encoding.</summary>
    public int Length { get; }

    /// <summary>What is wanted of the message.</summary>
    public MessageOptions Options { get; }

    /// <summary>Prepares a text message.</summary>
    /// <param name="text">The text.</param>
    /// <param name="options">What is wanted of the message.</param>
    /// <param name="pool">Where its memory comes from; null for <see cref="ArrayPool{T}.Shared"/>.</param>
    /// <exception cref="ArgumentException">The text has a surrogate without its other half.</exception>
    public static PreparedMessage Text(string text, MessageOptions options = MessageOptions.None, ArrayPool<byte>? pool = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        pool ??= ArrayPool<byte>.Shared;
        var length = StrictUtf8.GetByteCount(text);
        var array = pool.Rent(HeaderRoom + length);
        StrictUtf8.GetBytes(text, array.AsSpan(HeaderRoom));
        return new PreparedMessage(MessageKind.Text, array, length, options, pool);
    }

    /// <summary>Prepares a message of either kind.</summary>
    /// <param name="kind">Text or binary. Text must be valid UTF-8.</param>
    /// <param name="payload">The payload, which is copied.</param>
    /// <param name="options">What is wanted of the message.</param>
    /// <param name="pool">Where its memory comes from; null for <see cref="ArrayPool{T}.Shared"/>.</param>
    /// <exception cref="ArgumentException">The kind is undefined, text is not valid UTF-8, or the payload is larger than an array can be.</exception>
    public static PreparedMessage Create(
        MessageKind kind, in ReadOnlySequence<byte> payload, MessageOptions options = MessageOptions.None, ArrayPool<byte>? pool = null)
    {
        if (kind is not (MessageKind.Text or MessageKind.Binary)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "Text or binary.");
        if (payload.Length > Array.MaxLength - HeaderRoom)
            throw new ArgumentOutOfRangeException(nameof(payload), payload.Length, "A prepared message lies in one array, and this one does not fit.");
        pool ??= ArrayPool<byte>.Shared;
        var length = (int)payload.Length;
        var array = pool.Rent(HeaderRoom + length);
        payload.CopyTo(array.AsSpan(HeaderRoom));
        if (kind == MessageKind.Text && !Utf8Validator.IsValid(array.AsSpan(HeaderRoom, length)))
        {
            pool.Return(array);
            throw new ArgumentException("A text message must be valid UTF-8.", nameof(payload));
        }
        return new PreparedMessage(kind, array, length, options, pool);
    }

    /// <inheritdoc cref="Create(MessageKind, in ReadOnlySequence{byte}, MessageOptions, ArrayPool{byte}?)"/>
    public static PreparedMessage Create(
        MessageKind kind, ReadOnlyMemory<byte> payload, MessageOptions options = MessageOptions.None, ArrayPool<byte>? pool = null) =>
        Create(kind, new ReadOnlySequence<byte>(payload), options, pool);

    /// <summary>Gives the memory back when the sends under way have completed. The message cannot be sent any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Release();
    }

    private static UTF8Encoding StrictUtf8 => WebSocketConnection.StrictUtf8;

    /// <summary>Keeps the memory until <see cref="Release"/>.</summary>
    /// <exception cref="ObjectDisposedException">The message was disposed of.</exception>
    internal void Hold()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        int references;
        do
        {
            references = Volatile.Read(ref _references);
            ObjectDisposedException.ThrowIf(references == 0, this);
        }
        while (Interlocked.CompareExchange(ref _references, references + 1, references) != references);
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) != 0) return;
        _pool.Return(_plain.Array);
        foreach (var variant in _encoded)
        {
            if (variant.Array != _plain.Array) _pool.Return(variant.Array);
        }
    }

    /// <summary>The message as it is, as a frame.</summary>
    internal OutgoingFrame Plain(WebSocketRole role) => _plain.Frame(role);

    /// <summary>The message as it goes out on a connection with this extension, which has a key, as a frame.</summary>
    internal OutgoingFrame Encoded(WebSocketRole role, NegotiatedExtension extension, object key)
    {
        foreach (var variant in Volatile.Read(ref _encoded))
        {
            if (variant.Key!.Equals(key)) return variant.Frame(role);
        }
        lock (_sync)
        {
            foreach (var variant in _encoded)
            {
                if (variant.Key!.Equals(key)) return variant.Frame(role);
            }
            var encoded = Encode(extension, key);
            Volatile.Write(ref _encoded, [.. _encoded, encoded]);
            return encoded.Frame(role);
        }
    }

    private Variant Encode(NegotiatedExtension extension, object key)
    {
        var payload = _plain.Frame(WebSocketRole.Client).Payload;
        using var encoder = extension.CreatePreparingEncoder(_pool);
        var buffer = new PayloadBuffer(_pool);
        try
        {
            if (!encoder.Begin(Kind, Length, Options, out var bits)) return _plain with { Key = key };
            PayloadEncoder.Encode(encoder, payload, EncodingEnd.Message, buffer);
            if (buffer.Length >= Length && encoder.TryForget()) return _plain with { Key = key };
            var array = _pool.Rent(checked(HeaderRoom + (int)buffer.Length));
            buffer.Written.CopyTo(array.AsSpan(HeaderRoom));
            return new Variant(key, (Opcode)Kind, bits, array, (int)buffer.Length);
        }
        finally
        {
            buffer.Release();
        }
    }

    /// <summary>What goes out: payload, and in front of it a server's header.</summary>
    private sealed record Variant
    {
        private readonly OutgoingFrame _clientFrame;
        private readonly OutgoingFrame _serverFrame;

        public Variant(object? key, Opcode opcode, ReservedBits reservedBits, byte[] array, int length)
        {
            Key = key;
            Array = array;
            Span<byte> header = stackalloc byte[FrameHeaderParser.MaxLength];
            header = header[..FrameHeaderWriter.Write(header, new FrameHeader(opcode, length, fin: true, reservedBits))];
            header.CopyTo(array.AsSpan(HeaderRoom - header.Length));
            _clientFrame = new OutgoingFrame(opcode, fin: true, new ReadOnlySequence<byte>(array, HeaderRoom, length), reservedBits)
            {
                IsPrepared = true,
                IsEncoded = key is not null,
            };
            _serverFrame = _clientFrame.WithWrittenHeader(new ReadOnlySequence<byte>(array, HeaderRoom - header.Length, header.Length + length));
        }

        public object? Key { get; init; }

        public byte[] Array { get; }

        // A client masks every frame anew.
        public OutgoingFrame Frame(WebSocketRole role) => role == WebSocketRole.Server ? _serverFrame : _clientFrame;
    }
}
