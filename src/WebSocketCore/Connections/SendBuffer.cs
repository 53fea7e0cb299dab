using System.Buffers;
using System.Numerics;

namespace WebSocketCore.Connections;

/// <summary>
/// What a pipe writer has not sent yet, in one array, so that it leaves by one call. The array is rented as large as those before it were filled, and given
/// back when all has been sent: who sends nothing holds nothing.
/// </summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal struct SendBuffer(ArrayPool<byte> pool)
{
    /// <summary>The smallest array.</summary>
    public const int MinSize = 4 * 1024;

    private const int MaxInitialSize = 256 * 1024;

    private byte[]? _array;
    private int _start;
    private int _end;
    private int _initialSize = MinSize;

    /// <summary>How many bytes are unsent.</summary>
    public readonly int Length => _end - _start;

    /// <summary>How many bytes can be written without a larger array.</summary>
    public readonly int Room => (_array?.Length ?? 0) - _end;

    /// <summary>What is unsent.</summary>
    public readonly ReadOnlyMemory<byte> Unsent => new(_array, _start, _end - _start);

    /// <summary>Room for at least as many bytes, and for one.</summary>
    public Memory<byte> GetMemory(int sizeHint) => Reserve(sizeHint).AsMemory(_end);

    /// <inheritdoc cref="GetMemory"/>
    public Span<byte> GetSpan(int sizeHint) => Reserve(sizeHint).AsSpan(_end);

    /// <summary>So many bytes were written.</summary>
    public void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Room);
        _end += bytes;
    }

    /// <summary>Appends bytes.</summary>
    public void Write(ReadOnlySpan<byte> source)
    {
        source.CopyTo(GetSpan(source.Length));
        _end += source.Length;
    }

    /// <summary>So many bytes were sent.</summary>
    public void Take(int bytes) => _start += bytes;

    /// <summary>Forgets what is unsent and gives the array back.</summary>
    public void Release()
    {
        if (_array is not { } array) return;
        if (_end > _initialSize) _initialSize = (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)_end), MaxInitialSize);
        else if (_end < _initialSize / 4) _initialSize = Math.Max(_initialSize / 2, MinSize);
        _start = _end = 0;
        _array = null;
        pool.Return(array);
    }

    private byte[] Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_array is null) return _array = pool.Rent(Math.Max(sizeHint, _initialSize));
        if (_array.Length - _end >= Math.Max(sizeHint, 1)) return _array;

        var larger = pool.Rent((int)Math.Max(Math.Min(Array.MaxLength, 2L * _array.Length), checked(_end + sizeHint)));
        _array.AsSpan(0, _end).CopyTo(larger);
        pool.Return(_array);
        return _array = larger;
    }
}
