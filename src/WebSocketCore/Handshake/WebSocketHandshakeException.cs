using System.Globalization;
using WebSocketCore.Handshake;

namespace WebSocketCore;

/// <summary>The opening handshake failed, and there is no connection: the peer broke a rule of it, or one end refused.</summary>
public sealed class WebSocketHandshakeException : Exception
{
    /// <summary>Creates the exception for a broken rule.</summary>
    /// <param name="error">The broken rule.</param>
    /// <param name="statusCode">The HTTP status of the response, if there was one.</param>
    /// <param name="headers">The headers of the response or of the request, if they could be read.</param>
    /// <param name="body">The first bytes of the body of a refusal.</param>
    /// <param name="innerException">What caused the failure, if it was another exception.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="error"/> is <see cref="HandshakeError.None"/> or undefined.
    /// </exception>
    public WebSocketHandshakeException(
        HandshakeError error,
        int? statusCode = null,
        HandshakeHeaders? headers = null,
        ReadOnlyMemory<byte> body = default,
        Exception? innerException = null)
        : base(Describe(error, statusCode), innerException)
    {
        Error = error;
        StatusCode = statusCode;
        Headers = headers;
        Body = body;
    }

    /// <summary>The rule that was broken. <see cref="HandshakeError.UnexpectedStatus"/>: the server answered, but refused.</summary>
    public HandshakeError Error { get; }

    /// <summary>
    /// The HTTP status: for a client the one that the server sent, for a server the one with which it refused. Null if there was no
    /// response.
    /// </summary>
    public int? StatusCode { get; }

    /// <summary>
    /// What the peer sent: for a client the headers of the response, for a server those of the request. Null if they could not be read.
    /// </summary>
    public HandshakeHeaders? Headers { get; }

    /// <summary>
    /// For a client: the first bytes of the body with which the server refused; empty if there were none or they were not read.
    /// </summary>
    public ReadOnlyMemory<byte> Body { get; }

    private static string Describe(HandshakeError error, int? statusCode) => statusCode is { } status
        ? string.Create(CultureInfo.InvariantCulture, $"The WebSocket handshake failed: {error.Message()} (HTTP status {status}).")
        : $"The WebSocket handshake failed: {error.Message()}.";
}
