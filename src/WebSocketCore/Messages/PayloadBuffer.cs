using System.Buffers;
using System.Diagnostics;

namespace WebSocketCore.Messages;

/// <summary>
/// Collects bytes in pooled memory. Up to <see cref="ContiguousLimit"/> they lie in one array that grows by doubling; what comes after goes into
/// further arrays, so that a large payload is never copied to make room. Memory follows the bytes that are really there: at most twice as much,
/// never what a frame merely declares.
/// </summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal sealed class PayloadBuffer(ArrayPool<byte> pool) : IBufferWriter<byte>
{
    /// <summary>Up to this length the bytes are one segment.</summary>
    public const int ContiguousLimit = 64 * 1024;

    private const int SmallestArray = 256;
    private const int LargestGrowth = 1024 * 1024;

    private Segment? _first;
    private Segment? _last;
    private Segment? _spares;
    private byte[] _array = [];
    private int _used;
    private long _sealedLength;

    public long Length => _sealedLength + _used;

    /// <summary>The bytes so far: valid until the next write, <see cref="Clear"/> or <see cref="Release"/>. Reading it changes nothing.</summary>
    public ReadOnlySequence<byte> Written => _first is null
        ? new ReadOnlySequence<byte>(_array, 0, _used)
        : new ReadOnlySequence<byte>(_first, 0, _last!, _used);

    public void Advance(int count)
    {
        if ((uint)count > (uint)(_array.Length - _used)) throw new ArgumentOutOfRangeException(nameof(count), count, "More than the span holds.");
        _used += count;
        _last?.SetLength(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _array.AsSpan(_used);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _array.AsMemory(_used);
    }

    /// <summary>Forgets the bytes. A small array is kept for the next ones.</summary>
    public void Clear()
    {
        if (_first is not null || _array.Length > ContiguousLimit)
        {
            Release();
            return;
        }
        _used = 0;
    }

    /// <summary>Forgets the bytes and returns all memory to the pool.</summary>
    public void Release()
    {
        if (_first is null && _array.Length != 0) pool.Return(_array);
        while (_first is { } segment)
        {
            _first = segment.NextSegment;
            pool.Return(segment.Array);
            segment.Recycle(_spares);
            _spares = segment;
        }
        _last = null;
        _array = [];
        _used = 0;
        _sealedLength = 0;
    }

    private void Ensure(int sizeHint)
    {
        var needed = Math.Max(sizeHint, 1);
        if (_array.Length - _used < needed) Grow(needed);
    }

    private void Grow(int needed)
    {
        if (_first is null && _used + (long)needed <= ContiguousLimit)
        {
            var larger = pool.Rent(Math.Max(_used + needed, Math.Min(Math.Max(2 * _array.Length, SmallestArray), ContiguousLimit)));
            _array.AsSpan(0, _used).CopyTo(larger);
            if (_array.Length != 0) pool.Return(_array);
            _array = larger;
            return;
        }

        var next = pool.Rent(Math.Max(needed, (int)Math.Clamp(Length, ContiguousLimit / 16, LargestGrowth)));
        if (_used != 0)
        {
            if (_first is null) Append(_array);
            _sealedLength += _used;
            Append(next);
        }
        else
        {
            if (_array.Length != 0) pool.Return(_array);
            _last?.Replace(next);
        }
        _array = next;
        _used = 0;
    }

    /// <summary>From the second array on, every array has its segment, the one that is being filled too.</summary>
    private void Append(byte[] array)
    {
        var segment = _spares ?? new Segment();
        _spares = segment.NextSegment;
        segment.Start(array, _sealedLength, ReferenceEquals(array, _array) ? _used : 0);
        if (_last is null) _first = segment;
        else _last.Append(segment);
        _last = segment;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public byte[] Array { get; private set; } = [];

        public Segment? NextSegment { get; private set; }

        public void Start(byte[] array, long runningIndex, int length)
        {
            Debug.Assert(array.Length != 0);
            Array = array;
            RunningIndex = runningIndex;
            NextSegment = null;
            Next = null;
            SetLength(length);
        }

        public void Replace(byte[] array)
        {
            Array = array;
            SetLength(0);
        }

        public void SetLength(int length) => Memory = Array.AsMemory(0, length);

        public void Append(Segment segment)
        {
            NextSegment = segment;
            Next = segment;
        }

        public void Recycle(Segment? next)
        {
            Array = [];
            Memory = default;
            Next = null;
            NextSegment = next;
        }
    }
}
