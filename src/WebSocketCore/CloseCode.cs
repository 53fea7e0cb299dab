namespace WebSocketCore;

/// <summary>
/// The reason for a closure as a number (RFC 6455, section 7.4, and the IANA registry of close codes).
/// Codes from 3000 to 3999 belong to libraries and frameworks, codes from 4000 to 4999 to applications: cast the number.
/// </summary>
public enum CloseCode : ushort
{
    /// <summary>The purpose of the connection has been fulfilled.</summary>
    NormalClosure = 1000,

    /// <summary>The endpoint goes away: a server shuts down, a browser leaves the page.</summary>
    GoingAway = 1001,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError = 1002,

    /// <summary>The peer sent a kind of data that the endpoint cannot accept, such as binary where only text is understood.</summary>
    UnsupportedData = 1003,

    /// <summary>The peer's Close frame held no code. Never sent on the wire.</summary>
    NoStatusReceived = 1005,

    /// <summary>The connection ended without a Close frame from the peer. Never sent on the wire.</summary>
    AbnormalClosure = 1006,

    /// <summary>The content of a message does not fit its kind, such as text that is not UTF-8.</summary>
    InvalidPayloadData = 1007,

    /// <summary>A message breaks the endpoint's policy and no other code fits.</summary>
    PolicyViolation = 1008,

    /// <summary>A message is larger than the endpoint accepts.</summary>
    MessageTooBig = 1009,

    /// <summary>The client needs an extension that the server did not negotiate.</summary>
    MandatoryExtension = 1010,

    /// <summary>The endpoint met a condition that it cannot handle.</summary>
    InternalServerError = 1011,

    /// <summary>The service restarts; reconnect after a random delay.</summary>
    ServiceRestart = 1012,

    /// <summary>The service is overloaded; try again later.</summary>
    TryAgainLater = 1013,

    /// <summary>A gateway got an invalid response from the server behind it.</summary>
    BadGateway = 1014,

    /// <summary>The TLS handshake failed. Never sent on the wire.</summary>
    TlsHandshake = 1015,
}

/// <summary>Questions that a <see cref="CloseCode"/> answers about itself.</summary>
public static class CloseCodeExtensions
{
    /// <summary>
    /// Whether the code may stand in a Close frame (RFC 6455, section 7.4): a registered code that is meant for the wire
    /// (1000-1003, 1007-1014), or any code from 3000 to 4999.
    /// </summary>
    public static bool IsAllowedOnWire(this CloseCode code) => (ushort)code is >= 1000 and <= 1003 or >= 1007 and <= 1014 or >= 3000 and <= 4999;
}
