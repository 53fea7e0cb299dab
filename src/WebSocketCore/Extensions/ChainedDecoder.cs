using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Extensions;

/// <summary>
/// Two extensions, one after the other, undone in the order opposite to that of <see cref="ChainedEncoder"/>: what was done last is undone first.
/// </summary>
internal sealed class ChainedDecoder : MessageDecoder
{
    private readonly MessageDecoder _first;
    private readonly MessageDecoder _second;
    private readonly ReservedBits _firstClaims;
    private readonly ReservedBits _secondClaims;
    private readonly TransformChain _both;
    private bool _firstDecodes;
    private bool _secondDecodes;

    public ChainedDecoder(MessageDecoder first, ReservedBits firstClaims, MessageDecoder second, ReservedBits secondClaims, ArrayPool<byte> pool)
    {
        _first = first;
        _second = second;
        _firstClaims = firstClaims;
        _secondClaims = secondClaims;
        _both = new TransformChain(AsTransform(first), AsTransform(second), pool);
    }

    public override bool Begin(MessageKind kind, ReservedBits reservedBits)
    {
        _firstDecodes = _first.Begin(kind, reservedBits & _firstClaims);
        _secondDecodes = _second.Begin(kind, reservedBits & _secondClaims);
        return _firstDecodes || _secondDecodes;
    }

    public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written)
    {
        if (!_secondDecodes) return _first.Decode(source, destination, endOfMessage, out consumed, out written);
        if (!_firstDecodes) return _second.Decode(source, destination, endOfMessage, out consumed, out written);
        var status = _both.Apply(source, destination, endOfMessage ? EncodingEnd.Message : EncodingEnd.None, out consumed, out written);
        if (status == OperationStatus.Done && endOfMessage) _both.Release();
        return status;
    }

    protected override void Dispose(bool disposing)
    {
        _first.Dispose();
        _second.Dispose();
        _both.Release();
    }

    private static Transform AsTransform(MessageDecoder decoder) =>
        (ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written) =>
            decoder.Decode(source, destination, end == EncodingEnd.Message, out consumed, out written);
}
