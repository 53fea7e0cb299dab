namespace WebSocketCore.Benchmarks;

/// <summary>
/// Payloads as they lie in a receive buffer: one after the other with their headers between them, so that they are aligned as it happens.
/// Small ones are many, lest one is read again while the processor still writes it.
/// </summary>
public sealed class Payloads
{
    private const int BufferLength = 16 * 1024;

    // A masked header with a 16-bit length.
    private const int HeaderLength = 8;

    private readonly byte[] _buffer;
    private readonly int _length;
    private int _next;

    public Payloads(byte[] payload)
    {
        _length = payload.Length;
        int frame = HeaderLength + _length;
        int count = Math.Max(1, BufferLength / frame);
        _buffer = new byte[count * frame];
        for (int i = 0; i < count; i++) payload.CopyTo(_buffer, i * frame + HeaderLength);
    }

    public Span<byte> Next()
    {
        int start = _next + HeaderLength;
        int end = start + _length;
        _next = end == _buffer.Length ? 0 : end;
        return _buffer.AsSpan(start, _length);
    }
}
