using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Messages;

/// <summary>
/// Puts a message together from its fragments (RFC 6455, section 5.4), within the limits, and validates text as its bytes arrive (section 8.1).
/// </summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal sealed class MessageAssembler(in MessageLimits limits, ArrayPool<byte> pool)
{
    // Less room than this is not worth a receive of its own.
    private const int MinRoom = 4 * 1024;

    private readonly MessageLimits _limits = limits;
    private readonly PayloadBuffer _buffer = new(pool);
    private Utf8Validator _utf8;
    private long _size;
    private ulong _encodedSize;
    private int _fragments;
    private int _emptyFragments;

    /// <summary>What the message holds; meaningful from its first frame on.</summary>
    public MessageKind Kind { get; private set; }

    /// <summary>The payload that has been put together and not been cleared: valid until the next call.</summary>
    public ReadOnlySequence<byte> Payload => _buffer.Written;

    /// <summary>Whether there is payload that has not been cleared.</summary>
    public bool HasPayload => _buffer.Length != 0;

    /// <summary>Begins a message with its first frame. What is left of one that was not finished is dropped.</summary>
    public void Begin(MessageKind kind)
    {
        _buffer.Clear();
        Kind = kind;
        _utf8 = default;
        _size = 0;
        _encodedSize = 0;
        _fragments = 0;
        _emptyFragments = 0;
    }

    /// <summary>Counts a frame of the message against the limits, before any of its payload is awaited.</summary>
    /// <param name="header">The frame's header.</param>
    /// <param name="streamed">Whether the payload is handed out in parts, so that only empty fragments can do harm.</param>
    /// <param name="encoded">Whether an extension decodes the payload, so that the message's size is not known from the frames'.</param>
    public ProtocolError AddFrame(in FrameHeader header, bool streamed, bool encoded)
    {
        if (header.PayloadLength == 0 && !header.Fin && ++_emptyFragments > _limits.MaxEmptyFragments) return ProtocolError.TooManyEmptyFragments;
        if (streamed) return ProtocolError.None;
        if (++_fragments > _limits.MaxFragments) return ProtocolError.TooManyFragments;

        // By subtraction, in 64 bits and unsigned: no declared length can overflow this. A message that was streamed in part may be over the limit.
        var room = encoded ? MaxEncodedSize - Math.Min(_encodedSize, MaxEncodedSize) : (ulong)Math.Max(_limits.MaxMessageSize - _size, 0);
        if (header.PayloadLength > room) return ProtocolError.MessageTooBig;
        if (encoded) _encodedSize += header.PayloadLength;
        return ProtocolError.None;
    }

    /// <summary>Room for what is decoded of the payload; <see cref="OnDecoded"/> then takes it. It ends one byte behind the limit, where that shows.</summary>
    /// <param name="sizeHint">How much is expected.</param>
    /// <param name="limit">The most bytes that are of use now.</param>
    public Span<byte> GetSpan(int sizeHint, int limit)
    {
        var span = _buffer.GetSpan(Math.Min(sizeHint, limit));
        return span.Length > limit ? span[..limit] : span;
    }

    /// <summary>How much more the message may hold.</summary>
    public long Room => Math.Max(_limits.MaxMessageSize - _size, 0);

    /// <summary>How much has been put together and not been cleared.</summary>
    public long PayloadLength => _buffer.Length;

    /// <summary>Takes decoded payload that lies at the start of the last <see cref="GetSpan"/>.</summary>
    /// <param name="decoded">The payload.</param>
    /// <param name="streamed">Whether the payload is handed out in parts, so that its size does not matter.</param>
    public ProtocolError OnDecoded(ReadOnlySpan<byte> decoded, bool streamed)
    {
        if (!streamed && decoded.Length > Room) return ProtocolError.MessageTooBig;
        _size += decoded.Length;
        _buffer.Advance(decoded.Length);
        return Kind == MessageKind.Text && !_utf8.Append(decoded) ? ProtocolError.InvalidUtf8 : ProtocolError.None;
    }

    /// <summary>Takes payload as it arrives: unmasks it into the message, and checks text.</summary>
    /// <param name="payload">The payload as it came over the wire.</param>
    /// <param name="maskingKey">The frame's masking key; 0 where it is not masked.</param>
    /// <param name="phase">How many bytes of the frame's payload came before.</param>
    public ProtocolError Append(ReadOnlySpan<byte> payload, uint maskingKey, long phase)
    {
        while (!payload.IsEmpty)
        {
            var destination = _buffer.GetSpan(Math.Min(payload.Length, PayloadBuffer.ContiguousLimit / 4));
            var length = Math.Min(payload.Length, destination.Length);
            if (Take(payload[..length], destination[..length], maskingKey, phase) is var error and not ProtocolError.None) return error;
            payload = payload[length..];
            phase += length;
        }
        return ProtocolError.None;
    }

    /// <summary>Room for payload that is received without <see cref="Append"/>; <see cref="OnReceived"/> then takes it.</summary>
    public Memory<byte> GetMemory() => _buffer.GetMemory(MinRoom);

    /// <summary>Takes payload that lies, as it came over the wire, at the start of the memory of <see cref="GetMemory"/>.</summary>
    /// <inheritdoc cref="Append"/>
    public ProtocolError OnReceived(int length, uint maskingKey, long phase)
    {
        var payload = _buffer.GetSpan(MinRoom)[..length];
        return Take(payload, payload, maskingKey, phase);
    }

    /// <summary>Ends the message after its last frame.</summary>
    public ProtocolError End() =>
        // RFC 6455 8.1: the text as a whole must be valid, so it cannot end within a character.
        Kind == MessageKind.Text && !_utf8.IsComplete ? ProtocolError.InvalidUtf8 : ProtocolError.None;

    // What cannot become shorter becomes longer when it is encoded, DEFLATE's worst codes by an eighth. More than twice that is no honest encoding.
    private ulong MaxEncodedSize => (ulong)_limits.MaxMessageSize + ((ulong)_limits.MaxMessageSize / 4) + 1024;

    /// <summary>Unmasks payload to where the buffer has room for it, and takes it.</summary>
    private ProtocolError Take(ReadOnlySpan<byte> source, Span<byte> destination, uint maskingKey, long phase)
    {
        _size += source.Length;
        _buffer.Advance(source.Length);
        if (Kind == MessageKind.Text) return _utf8.AppendUnmasked(source, destination, maskingKey, phase) ? ProtocolError.None : ProtocolError.InvalidUtf8;
        Masking.Apply(source, destination, maskingKey, phase);
        return ProtocolError.None;
    }

    /// <summary>Forgets the payload; a small buffer is kept.</summary>
    public void ClearPayload() => _buffer.Clear();

    /// <summary>Forgets the payload and returns its memory.</summary>
    public void ReleasePayload() => _buffer.Release();
}
