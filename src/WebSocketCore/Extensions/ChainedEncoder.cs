using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Extensions;

/// <summary>
/// Two extensions, one after the other. RFC 6455 9.1: for "foo, bar" in the response, messages that are sent go through foo first, then through bar.
/// </summary>
internal sealed class ChainedEncoder : MessageEncoder
{
    private readonly MessageEncoder _first;
    private readonly MessageEncoder _second;
    private readonly TransformChain _both;
    private bool _firstEncodes;
    private bool _secondEncodes;

    public ChainedEncoder(MessageEncoder first, MessageEncoder second, ArrayPool<byte> pool)
    {
        _first = first;
        _second = second;
        _both = new TransformChain(first.Encode, second.Encode, pool);
    }

    public override bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits)
    {
        _firstEncodes = _first.Begin(kind, length, options, out var bits);
        _secondEncodes = _second.Begin(kind, _firstEncodes ? null : length, options, out reservedBits);
        reservedBits |= bits;
        return _firstEncodes || _secondEncodes;
    }

    public override OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written)
    {
        if (!_secondEncodes) return _first.Encode(source, destination, end, out consumed, out written);
        if (!_firstEncodes) return _second.Encode(source, destination, end, out consumed, out written);
        var status = _both.Apply(source, destination, end, out consumed, out written);
        if (status == OperationStatus.Done && end == EncodingEnd.Message) _both.Release();
        return status;
    }

    public override void ReleaseContext()
    {
        _first.ReleaseContext();
        _second.ReleaseContext();
    }

    protected override void Dispose(bool disposing)
    {
        _first.Dispose();
        _second.Dispose();
        _both.Release();
    }
}
