using System.Buffers;
using System.Buffers.Binary;
using WebSocketCore.Frames;

namespace WebSocketCore.Extensions;

/// <summary>Compresses messages (RFC 7692, section 7.2.1).</summary>
/// <param name="settings">How.</param>
/// <param name="keepsContext">Whether messages may refer to those before (context takeover).</param>
internal sealed class DeflateEncoder(DeflateSettings settings, bool keepsContext) : MessageEncoder
{
    private const int TailLength = sizeof(uint);

    // Between two messages only where the context is kept.
    private Deflater? _deflater;
    private bool _inMessage;
    private bool _mustForget;

    // The last bytes that were compressed. At the end of the message they are dropped, else they go out before what follows.
    private uint _keptBack;
    private int _keptBackLength;

    public override bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits)
    {
        reservedBits = ReservedBits.None;
        if ((options & MessageOptions.DisableCompression) != 0 || length < settings.Threshold) return false;
        if (_mustForget) Forget();
        _deflater ??= Deflater.Rent(settings.WindowBits, settings.Level);
        _inMessage = true;
        _keptBackLength = 0;
        reservedBits = ReservedBits.Rsv1;
        return true;
    }

    public override OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written)
    {
        Span<byte> keptBack = stackalloc byte[TailLength];
        BinaryPrimitives.WriteUInt32LittleEndian(keptBack, _keptBack);
        keptBack[.._keptBackLength].CopyTo(destination);
        var isFull = _deflater!.Deflate(source, destination[_keptBackLength..], FlushAt(end), out consumed, out written);
        written += _keptBackLength;

        if (end == EncodingEnd.Fragment && !isFull)
        {
            _keptBackLength = 0;
            return OperationStatus.Done;
        }
        _keptBackLength = Math.Min(written, TailLength);
        written -= _keptBackLength;
        keptBack.Clear();
        destination.Slice(written, _keptBackLength).CopyTo(keptBack);
        _keptBack = BinaryPrimitives.ReadUInt32LittleEndian(keptBack);
        if (isFull) return OperationStatus.DestinationTooSmall;
        if (end == EncodingEnd.Message) EndMessage(destination, ref written);
        return OperationStatus.Done;
    }

    // A message that does not become shorter has cost time, and nothing else where no context is kept.
    public override bool TryForget() => !keepsContext;

    // Not before there is another message to compress: of many prepared ones in a row only the first costs this.
    public override void ForgetContext() => _mustForget = _deflater is not null;

    public override void ReleaseContext()
    {
        if (_deflater is null) return;
        Forget();
        ReturnDeflater();
    }

    protected override void Dispose(bool disposing)
    {
        if (!_inMessage) ReleaseContext();
        _deflater?.Dispose();
        _deflater = null;
    }

    private ZlibFlush FlushAt(EncodingEnd end) => end switch
    {
        EncodingEnd.None => ZlibFlush.None,
        EncodingEnd.Message when !keepsContext => ZlibFlush.Full,
        _ => ZlibFlush.Sync,
    };

    private void Forget()
    {
        Span<byte> nowhere = stackalloc byte[64];
        while (_deflater!.Deflate([], nowhere, ZlibFlush.Full, out _, out _))
        {
        }
        _mustForget = false;
    }

    private void EndMessage(Span<byte> destination, ref int written)
    {
        // RFC 7692 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
        // 7.2.3.6: where nothing came since the last flush, the one byte that begins another empty block stands for it.
        if (_keptBackLength == 0) destination[written++] = 0;
        _keptBackLength = 0;
        _inMessage = false;
        if (!keepsContext) ReturnDeflater();
    }

    private void ReturnDeflater()
    {
        _deflater!.Return();
        _deflater = null;
    }
}
