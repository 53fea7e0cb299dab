using System.Buffers;

namespace WebSocketCore.Extensions;

/// <summary>One step of what encodes or decodes messages: see <see cref="MessageEncoder.Encode"/> and <see cref="MessageDecoder.Decode"/>.</summary>
internal delegate OperationStatus Transform(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written);

/// <summary>Two steps as one: what the first gives is what the second takes, through a small buffer in between.</summary>
internal sealed class TransformChain(Transform first, Transform second, ArrayPool<byte> pool)
{
    private const int BufferSize = 4096;

    // What an encoder asks for; a decoder makes do with less, but is not called for it.
    private const int MinRoom = 64;

    private byte[] _buffer = [];
    private int _start;
    private int _length;
    private bool _firstIsDone;

    public OperationStatus Apply(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written)
    {
        consumed = written = 0;
        if (_buffer.Length == 0) _buffer = pool.Rent(BufferSize);
        while (true)
        {
            if (_length != 0 || _firstIsDone)
            {
                if (written != 0 && destination.Length - written < MinRoom) return OperationStatus.DestinationTooSmall;
                var status = second(
                    _buffer.AsSpan(_start, _length), destination[written..], _firstIsDone ? end : EncodingEnd.None, out var taken, out var given);
                _start += taken;
                _length -= taken;
                written += given;
                if (status != OperationStatus.Done) return status;
                if (_length != 0) return OperationStatus.InvalidData;

                // Where the rest did not fit the last time, there may be more behind it by now.
                if (_firstIsDone && consumed == source.Length)
                {
                    _firstIsDone = false;
                    return OperationStatus.Done;
                }
            }

            var result = first(source[consumed..], _buffer, end, out var read, out _length);
            _start = 0;
            consumed += read;
            _firstIsDone = result == OperationStatus.Done;

            // Neither step may leave anything and say that it is done, nor do nothing: there would be no end.
            var isGood = _firstIsDone ? consumed == source.Length : result == OperationStatus.DestinationTooSmall && read + _length != 0;
            if (!isGood) return OperationStatus.InvalidData;
        }
    }

    public void Release()
    {
        if (_buffer.Length != 0) pool.Return(_buffer);
        _buffer = [];
        _start = _length = 0;
        _firstIsDone = false;
    }
}
