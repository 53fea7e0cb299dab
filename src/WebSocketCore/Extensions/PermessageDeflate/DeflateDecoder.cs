using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Extensions;

/// <summary>Decompresses messages (RFC 7692, section 7.2.2).</summary>
/// <param name="windowBits">The base-2 logarithm of the size in bytes of the peer's window, 8 to 15.</param>
/// <param name="keepsContext">Whether the peer's messages may refer to those before (context takeover).</param>
internal sealed class DeflateDecoder(int windowBits, bool keepsContext) : MessageDecoder
{
    // Between two messages only where the context is kept.
    private Inflater? _inflater;
    private bool _isEmpty;
    private bool _isAtEndOfStream;

    // RFC 7692 7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message."
    // They complete an empty block. That the message ended where it may is seen by one more of those: it must come out empty, too. Where the context
    // is not needed any more it is a final one, which zlib confirms.
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0xFF, 0xFF];

    private static ReadOnlySpan<byte> FinalTail => [0x00, 0x00, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0xFF, 0xFF];

    public override bool Begin(MessageKind kind, ReservedBits reservedBits)
    {
        if ((reservedBits & ReservedBits.Rsv1) == 0) return false;
        _inflater ??= Inflater.Rent(windowBits);
        _isEmpty = true;
        _isAtEndOfStream = false;
        return true;
    }

    public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written)
    {
        consumed = written = 0;
        if (!source.IsEmpty) _isEmpty = false;
        while (true)
        {
            if (!source[consumed..].IsEmpty) _isAtEndOfStream = false;
            var result = _inflater!.Inflate(source[consumed..], destination[written..], out var taken, out var given);
            consumed += taken;
            written += given;
            switch (result)
            {
                case ZlibResult.StreamEnd:
                    // RFC 7692 7.2.3.4: a block may have BFINAL set. To zlib a stream has ended, on both ends, and with it what could be referred to.
                    _inflater.Reset();
                    _isAtEndOfStream = true;
                    if (consumed != source.Length && written == destination.Length) return OperationStatus.DestinationTooSmall;
                    break;

                case ZlibResult.Ok or ZlibResult.BufferError:
                    if (written == destination.Length) return OperationStatus.DestinationTooSmall;
                    if (consumed != source.Length) return OperationStatus.InvalidData;
                    break;

                case ZlibResult.MemoryError:
                    throw new InsufficientMemoryException("There is no memory to decompress a message.");

                default:
                    return OperationStatus.InvalidData;
            }
            if (consumed == source.Length) return endOfMessage ? EndMessage() : OperationStatus.Done;
        }
    }

    protected override void Dispose(bool disposing) => ReturnInflater();

    private OperationStatus EndMessage()
    {
        // A payload of no bytes is what some make of an empty message, although section 7.2.3.6 says how to make it.
        if (!_isEmpty && !_isAtEndOfStream)
        {
            Span<byte> nothing = stackalloc byte[1];
            var tail = keepsContext ? Tail : FinalTail;
            var result = _inflater!.Inflate(tail, nothing, out var consumed, out var written);
            var expected = keepsContext ? result is ZlibResult.Ok or ZlibResult.BufferError : result == ZlibResult.StreamEnd;
            if (!expected || consumed != tail.Length || written != 0) return OperationStatus.InvalidData;
        }
        if (!keepsContext) ReturnInflater();
        return OperationStatus.Done;
    }

    private void ReturnInflater()
    {
        _inflater?.Return();
        _inflater = null;
    }
}
