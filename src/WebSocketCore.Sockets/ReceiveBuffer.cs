using System.Buffers;

namespace WebSocketCore;

/// <summary>What was received and not consumed yet: in one pooled array, and in none while there is nothing.</summary>
/// <remarks>A mutable value: keep it in a field that is not readonly.</remarks>
internal struct ReceiveBuffer(ArrayPool<byte> pool)
{
    /// <summary>The least room, in bytes, that a receive is offered.</summary>
    public const int MinReceiveSize = 4 * 1024;

    /// <summary>The most room, in bytes, that an empty buffer is rented with.</summary>
    public const int MaxReceiveSize = 256 * 1024;

    private const int GrowthFactor = 4;

    // Unconsumed bytes are _array[_start.._end]; those before _examined have been looked at and do not end a read.
    private byte[]? _array;
    private int _start;
    private int _examined;
    private int _end;
    private int _receiveSize = MinReceiveSize;
    private bool _lastWasSmall;

    public readonly bool IsEmpty => _start == _end;

    public readonly bool HasUnexamined => _examined != _end;

    public readonly ReadOnlySequence<byte> Unconsumed =>
        _array is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_array, _start, _end - _start);

    /// <summary>Where to receive: room for at least <see cref="MinReceiveSize"/> bytes.</summary>
    public Span<byte> GetRoom()
    {
        if (_array is null) _array = pool.Rent(_receiveSize);
        else if (_array.Length - _end < MinReceiveSize) MakeRoom();
        return _array.AsSpan(_end);
    }

    /// <summary>Takes what was received into the room, and learns from it how much to offer next time.</summary>
    public void OnReceived(int count, int room)
    {
        _end += count;
        if (count == room)
        {
            if (room >= _receiveSize) _receiveSize = Math.Min(_receiveSize * GrowthFactor, MaxReceiveSize);
            _lastWasSmall = false;
            return;
        }

        // Once is chance: the end of a large message.
        var isSmall = count <= _receiveSize / GrowthFactor;
        if (isSmall && _lastWasSmall) _receiveSize = Math.Max(_receiveSize / 2, MinReceiveSize);
        _lastWasSmall = isSmall;
    }

    /// <summary>What is large is received into its user's memory: the less of it comes here, the less is copied.</summary>
    public void OnReceivedElsewhere() => _receiveSize = MinReceiveSize;

    /// <exception cref="ArgumentOutOfRangeException">A position is not of <see cref="Unconsumed"/>, or they are not in order.</exception>
    public void Advance(SequencePosition consumed, SequencePosition examined)
    {
        var consumedTo = IndexOf(consumed, nameof(consumed));
        var examinedTo = IndexOf(examined, nameof(examined));
        if (consumedTo > examinedTo) throw new ArgumentOutOfRangeException(nameof(examined), "What is examined cannot end before what is consumed.");
        _start = consumedTo;
        _examined = examinedTo;
    }

    /// <summary>Forgets everything and gives the array back.</summary>
    public void Release()
    {
        if (_array is not { } array) return;
        _array = null;
        _start = _examined = _end = 0;
        pool.Return(array);
    }

    // A position that belongs to no array stands for the start, as in a pipe.
    private readonly int IndexOf(SequencePosition position, string name)
    {
        if (position.GetObject() is null) return _start;
        var index = position.GetInteger() & int.MaxValue;
        if (position.GetObject() != _array || index < _start || index > _end)
        {
            // The end of an empty sequence is of no array of ours either.
            if (_start == _end && index == 0) return _start;
            throw new ArgumentOutOfRangeException(name, "The position is not of the result.");
        }
        return index;
    }

    private void MakeRoom()
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
