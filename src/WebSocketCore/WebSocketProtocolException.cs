namespace WebSocketCore;

/// <summary>The peer broke the protocol. It was told so by a Close frame with <see cref="CloseCode"/>, and the connection has failed.</summary>
public sealed class WebSocketProtocolException : Exception
{
    /// <summary>Creates the exception for a broken rule.</summary>
    /// <param name="error">The broken rule.</param>
    /// <param name="message">What was found and what was expected; by default the rule's own sentence.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="error"/> is <see cref="ProtocolError.None"/> or undefined.</exception>
    public WebSocketProtocolException(ProtocolError error, string? message = null)
        : base(message ?? error.Message())
    {
        Error = error;
        CloseCode = error.CloseCode();
    }

    /// <summary>The rule that the peer broke.</summary>
    public ProtocolError Error { get; }

    /// <summary>The code of the Close frame that answers the violation.</summary>
    public CloseCode CloseCode { get; }
}
