namespace WebSocketCore;

/// <summary>
/// The token of a pending operation. Its registration is kept when the operation has ended: the next one mostly comes with the same token. All calls are
/// made under the owner's lock, but for <see cref="CancellationTokenRegistration.Unregister"/> on what they return.
/// </summary>
internal struct PendingCancellation
{
    private CancellationTokenRegistration _registration;

    /// <summary>The token of the operation.</summary>
    public CancellationToken Token { get; private set; }

    /// <summary>Begins an operation with a token. True: it is to be registered, outside the lock, and then <see cref="Keep"/> called.</summary>
    public bool Begin(CancellationToken token)
    {
        Token = token;
        return token.CanBeCanceled && _registration.Token != token;
    }

    /// <summary>Keeps a registration. The one before is to be unregistered.</summary>
    public CancellationTokenRegistration Keep(CancellationTokenRegistration registration)
    {
        var before = _registration;
        _registration = registration;
        return before;
    }
}
