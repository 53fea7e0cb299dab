namespace WebSocketCore;

/// <summary>Something was to be sent on a connection that has ended or is closing. <see cref="Closure"/> tells how it ended.</summary>
public sealed class WebSocketClosedException : Exception
{
    /// <summary>Creates the exception for a connection that has ended.</summary>
    /// <param name="closure">How it ended so far.</param>
    public WebSocketClosedException(WebSocketClosure closure)
        : base($"The connection is closed ({closure}).", closure?.TransportError) =>
        Closure = closure ?? throw new ArgumentNullException(nameof(closure));

    /// <summary>How the connection ended, as far as is known at this moment.</summary>
    public WebSocketClosure Closure { get; }
}
