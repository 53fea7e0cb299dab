namespace WebSocketCore.Handshake;

/// <summary>The head of a response, as a client reads it (RFC 6455, section 4.1). Immutable.</summary>
public sealed class HandshakeResponse
{
    /// <summary>Describes a response, such as one that another HTTP client has parsed.</summary>
    /// <param name="statusCode">The HTTP status, three digits.</param>
    /// <param name="reasonPhrase">The words after the status; may be empty.</param>
    /// <param name="headers">The headers.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="statusCode"/> does not have three digits.</exception>
    public HandshakeResponse(int statusCode, string reasonPhrase, HandshakeHeaders headers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(statusCode, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(statusCode, 999);
        ArgumentNullException.ThrowIfNull(reasonPhrase);
        ArgumentNullException.ThrowIfNull(headers);
        StatusCode = statusCode;
        ReasonPhrase = reasonPhrase;
        Headers = headers;
    }

    /// <summary>The HTTP status; 101 if the server accepts.</summary>
    public int StatusCode { get; }

    /// <summary>The words after the status, for people only; often empty.</summary>
    public string ReasonPhrase { get; }

    /// <summary>The headers.</summary>
    public HandshakeHeaders Headers { get; }
}
