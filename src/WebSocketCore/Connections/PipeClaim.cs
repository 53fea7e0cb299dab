namespace WebSocketCore.Connections;

/// <summary>
/// Who has a pipe to itself. It is taken and given back by one atomic instruction where nobody else wants it; the lock that goes with it is for those who
/// find it taken: they call the holder, who then gives it back under the lock, and does there what was left to be done.
/// </summary>
internal struct PipeClaim
{
    private const int Free = 0;
    private const int Taken = 1;
    private const int Called = 2;

    private int _state;

    /// <summary>Whether somebody has it.</summary>
    public readonly bool IsTaken => Volatile.Read(in _state) != Free;

    /// <summary>Takes it, if it is free. Needs no lock.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Free) == Free;

    /// <summary>Takes it, if it is free; else calls the holder. Under the lock.</summary>
    public bool TryTakeOrCall()
    {
        while (!TryTake())
        {
            if (TryCall()) return false;
        }
        return true;
    }

    /// <summary>Has the holder, if there is one, come to the lock when it is done. Under the lock.</summary>
    /// <returns>Whether there is one.</returns>
    public bool TryCall() => Interlocked.CompareExchange(ref _state, Called, Taken) != Free;

    /// <summary>Gives it back, unless the holder was called. Needs no lock.</summary>
    public bool TryGiveBack() => Interlocked.CompareExchange(ref _state, Free, Taken) == Taken;

    /// <summary>Gives it back, called or not. Under the lock.</summary>
    public void GiveBack() => Interlocked.Exchange(ref _state, Free);
}
