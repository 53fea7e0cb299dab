using System.Buffers;

namespace WebSocketCore;

/// <summary>
/// The bytes that a reader has received and its user has not consumed, in one array, which is rented while there are any. Its size follows what
/// receives bring.
/// </summary>
internal struct ReceiveBuffer(ArrayPool<byte> pool)
{
    /// <summary>The least room, in bytes, that a receive is offered.</summary>
    public const int MinReceiveSize = 4 * 1024;

    /// <summary>The most room, in bytes, that an empty buffer is rented with.</summary>
    public const int MaxReceiveSize = 256 * 1024;

    private const int GrowthFactor = 4;

    // Unconsumed are _array[_start.._end]; what lies before _examined has been looked at.
    private byte[]? _array;
    private int _start;
    private int _examined;
    private int _end;
    private int _receiveSize = MinReceiveSize;
    private bool _lastWasSmall;

    /// <summary>Whether there is nothing that was not consumed.</summary>
    public readonly bool IsEmpty => _start == _end;

    /// <summary>Whether there is something that was not examined.</summary>
    public readonly bool HasNews => _examined != _end;

    /// <summary>What was not consumed.</summary>
    public readonly ReadOnlySequence<byte> Sequence =>
        _array is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_array, _start, _end - _start);

    /// <summary>Makes room for a receive.</summary>
    public Span<byte> MakeRoom()
    {
        if (_array is null) _array = pool.Rent(_receiveSize);
        else if (_array.Length - _end < MinReceiveSize) MoveOrGrow();
        return _array.AsSpan(_end);
    }

    /// <summary>Notes what a receive has brought.</summary>
    /// <param name="count">How many bytes.</param>
    /// <returns>Whether it has filled the room that was made.</returns>
    public bool Received(int count)
    {
        var room = _array!.Length - _end;
        _end += count;
        if (count == room)
        {
            if (room >= _receiveSize) _receiveSize = Math.Min(_receiveSize * GrowthFactor, MaxReceiveSize);
            _lastWasSmall = false;
            return true;
        }

        // Once is chance: the end of a large message.
        var isSmall = count <= _receiveSize / GrowthFactor;
        if (isSmall && _lastWasSmall) _receiveSize = Math.Max(_receiveSize / 2, MinReceiveSize);
        _lastWasSmall = isSmall;
        return false;
    }

    /// <summary>Consumes and examines up to positions of <see cref="Sequence"/>, and gives the array back if that was all.</summary>
    public void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var consumedTo = IndexOf(consumed, nameof(consumed));
        var examinedTo = IndexOf(examined, nameof(examined));
        if (consumedTo > examinedTo) throw new ArgumentOutOfRangeException(nameof(examined), "What is examined cannot end before what is consumed.");
        _start = consumedTo;
        _examined = examinedTo;
        ReleaseIfEmpty();
    }

    /// <summary>Gives the array back if nothing is in it.</summary>
    public void ReleaseIfEmpty()
    {
        if (IsEmpty) Release();
    }

    /// <summary>Gives the array back, and forgets what is in it.</summary>
    public void Release()
    {
        if (_array is not { } array) return;
        _array = null;
        _start = _examined = _end = 0;
        pool.Return(array);
    }

    private readonly int IndexOf(SequencePosition position, string name)
    {
        // A position that belongs to nothing stands for the start, as in a pipe.
        if (position.GetObject() is not { } of) return _start;
        var index = position.GetInteger() & int.MaxValue;
        if (of == _array && index >= _start && index <= _end) return index;

        // The only position of a sequence without an array.
        if (_array is null && index == 0) return _start;
        throw new ArgumentOutOfRangeException(name, "The position is not of the result.");
    }

    private void MoveOrGrow()
    {
        var length = _end - _start;
        if (length <= _array!.Length / 2 && _array.Length - length >= MinReceiveSize)
        {
            _array.AsSpan(_start, length).CopyTo(_array);
        }
        else
        {
            // At least twice as much each time: what has been copied stays less than what has been received.
            var larger = pool.Rent((int)Math.Min(Array.MaxLength, Math.Max(2L * length, length + (long)_receiveSize)));
            _array.AsSpan(_start, length).CopyTo(larger);
            pool.Return(_array);
            _array = larger;
        }
        _examined -= _start;
        _start = 0;
        _end = length;
    }
}
