using System.Buffers;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>A pool that counts, and that can be told to give nothing, by an <see cref="InsufficientMemoryException"/>. Thread-safe.</summary>
internal sealed class LimitedPool : ArrayPool<byte>
{
    private readonly Lock _sync = new();
    private long _rents;
    private long _firstRefused = long.MaxValue;
    private long _lastRefused = long.MaxValue;

    /// <summary>How many arrays have been asked for.</summary>
    public long Rents
    {
        get
        {
            lock (_sync) return _rents;
        }
    }

    /// <summary>Refuses the next but so many, and only that one or also all that follow it.</summary>
    public void RefuseAfter(long rents, bool allThatFollow)
    {
        lock (_sync)
        {
            _firstRefused = _rents + rents;
            _lastRefused = allThatFollow ? long.MaxValue : _firstRefused;
        }
    }

    /// <summary>Refuses no more. False: it has not refused at all.</summary>
    public bool EndRefusing()
    {
        lock (_sync)
        {
            var hasRefused = _rents > _firstRefused;
            _firstRefused = _lastRefused = long.MaxValue;
            return hasRefused;
        }
    }

    public override byte[] Rent(int minimumLength)
    {
        lock (_sync)
        {
            var number = _rents++;
            if (number >= _firstRefused && number <= _lastRefused) throw new InsufficientMemoryException();
        }
        return Shared.Rent(minimumLength);
    }

    public override void Return(byte[] array, bool clearArray = false) => Shared.Return(array, clearArray);
}
