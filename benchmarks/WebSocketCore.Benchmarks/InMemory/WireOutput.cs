using System.Buffers;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>The sending end of a transport in memory: counts what it gets and drops it.</summary>
internal sealed class WireOutput
{
    private byte[] _buffer = new byte[16 * 1024];
    private int _length;

    /// <summary>The number of bytes that were sent.</summary>
    public long Bytes { get; private set; }

    /// <summary>How often something was sent: the system calls of a socket.</summary>
    public long Sends { get; private set; }

    /// <summary>Gets a copy of what is sent, where that is to be checked.</summary>
    public MemoryStream? Copy { get; set; }

    public int Unflushed => _length;

    public void Send(ReadOnlySpan<byte> bytes)
    {
        Bytes += bytes.Length;
        Sends++;
        Copy?.Write(bytes);
    }

    // What a pipe writer needs.

    public Memory<byte> GetMemory(int sizeHint)
    {
        if (_buffer.Length - _length < Math.Max(sizeHint, 1)) Grow(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)(_buffer.Length - _length));
        _length += bytes;
    }

    public void Flush()
    {
        if (_length != 0) Send(_buffer.AsSpan(0, _length));
        _length = 0;
    }

    /// <summary>Sends what is unflushed and the payload in one.</summary>
    public void FlushWith(in ReadOnlySequence<byte> payload)
    {
        Bytes += _length + payload.Length;
        Sends++;
        if (Copy is not null)
        {
            Copy.Write(_buffer.AsSpan(0, _length));
            foreach (var segment in payload) Copy.Write(segment.Span);
        }
        _length = 0;
    }

    private void Grow(int sizeHint) => Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _length + sizeHint));
}
