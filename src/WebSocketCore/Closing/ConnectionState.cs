namespace WebSocketCore;

/// <summary>How far a connection has come in the closing handshake (RFC 6455, section 7.1).</summary>
public enum ConnectionState
{
    /// <summary>Messages flow both ways.</summary>
    Open,

    /// <summary>We sent a Close frame and may send nothing more; the peer's messages are still received until its Close frame arrives.</summary>
    CloseSent,

    /// <summary>The peer's Close frame arrived; our answer is on its way.</summary>
    CloseReceived,

    /// <summary>Ended with a Close frame from the peer, ours written or owed no more.</summary>
    Closed,

    /// <summary>Ended without a closing handshake: a broken rule, a lost transport, a deadline, or an abort.</summary>
    Failed,
}
