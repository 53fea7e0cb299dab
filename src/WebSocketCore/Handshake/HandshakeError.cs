namespace WebSocketCore.Handshake;

/// <summary>Every rule of the opening handshake (RFC 6455, section 4, and RFC 9112) that a peer can break, one member per rule.</summary>
public enum HandshakeError
{
    /// <summary>No rule is broken.</summary>
    None,

    // The head of a request or of a response.

    /// <summary>The HTTP version is not 1.1 (RFC 6455, section 4.1).</summary>
    UnsupportedHttpVersion,

    /// <summary>A header line has no colon, or what stands before the colon is not a token (RFC 9112, section 5).</summary>
    InvalidHeaderName,

    /// <summary>A header value holds NUL or another control character (RFC 9110, section 5.5).</summary>
    InvalidHeaderValue,

    /// <summary>A header line begins with white space, the obsolete way to continue the line before it (RFC 9112, section 5.2).</summary>
    ObsoleteLineFolding,

    /// <summary>A line ends with LF alone instead of CRLF (RFC 9112, section 2.2).</summary>
    BareLineFeed,

    /// <summary>A CR is not followed by LF (RFC 9112, section 2.2).</summary>
    BareCarriageReturn,

    /// <summary>The head, from the start line to the blank line, is larger than the limit.</summary>
    HeadTooLarge,

    /// <summary>The head has more header lines than the limit.</summary>
    TooManyHeaders,

    /// <summary>The peer ended the transport before the head was complete.</summary>
    TruncatedHead,

    /// <summary>The handshake was not complete within its time limit.</summary>
    TimedOut,

    // The request, judged by the server.

    /// <summary>The first line is not method, target and HTTP version, with one space between them (RFC 9112, section 3).</summary>
    MalformedRequestLine,

    /// <summary>The method is not GET (RFC 6455, section 4.1).</summary>
    MethodNotAllowed,

    /// <summary>
    /// The target is neither a path nor an http, https, ws or wss URI, or it holds a character that no URI may hold (RFC 9112, section
    /// 3.2).
    /// </summary>
    InvalidTarget,

    /// <summary>The Host header is missing (RFC 6455, section 4.2.1).</summary>
    MissingHost,

    /// <summary>There is more than one Host header (RFC 9112, section 3.2).</summary>
    DuplicateHost,

    /// <summary>The Host header is not a host with an optional port (RFC 9110, section 7.2).</summary>
    InvalidHost,

    /// <summary>The request has or announces a body.</summary>
    RequestHasBody,

    /// <summary>The Upgrade header is not a list of protocols (RFC 9110, section 7.8).</summary>
    InvalidUpgrade,

    /// <summary>The request does not ask for an upgrade to <c>websocket</c>: it is plain HTTP (RFC 6455, section 4.2.1).</summary>
    NotAnUpgrade,

    /// <summary>The Connection header is not a list of tokens (RFC 9110, section 7.6.1).</summary>
    InvalidConnection,

    /// <summary>The Connection header does not hold the token <c>Upgrade</c> (RFC 6455, section 4.2.1).</summary>
    MissingConnectionUpgrade,

    /// <summary>There is not exactly one Sec-WebSocket-Version header with the value 13 (RFC 6455, sections 4.2.1 and 4.4).</summary>
    UnsupportedVersion,

    /// <summary>The Sec-WebSocket-Key header is missing (RFC 6455, section 4.2.1).</summary>
    MissingKey,

    /// <summary>There is more than one Sec-WebSocket-Key header (RFC 6455, section 11.3.1).</summary>
    DuplicateKey,

    /// <summary>The Sec-WebSocket-Key is not the base64 form of 16 bytes (RFC 6455, section 4.2.1).</summary>
    InvalidKey,

    /// <summary>The Sec-WebSocket-Protocol header is not a list of unique, non-empty tokens (RFC 6455, section 4.1).</summary>
    InvalidSubprotocol,

    /// <summary>The Sec-WebSocket-Extensions header is not a list of extensions with their parameters (RFC 6455, section 9.1).</summary>
    InvalidExtensions,

    /// <summary>There is more than one Origin header (RFC 6454, section 7.3).</summary>
    DuplicateOrigin,

    /// <summary>The policy of the server does not allow the origin (RFC 6455, section 10.2).</summary>
    OriginNotAllowed,

    /// <summary>The application refused the request.</summary>
    RefusedByApplication,

    // The response, judged by the client.

    /// <summary>
    /// The first line is not HTTP version, three digits and a reason phrase, with one space between them (RFC 9112, section 4).
    /// </summary>
    MalformedStatusLine,

    /// <summary>The status is not 101: the server refused, or it asks for a redirect or for credentials (RFC 6455, section 4.1).</summary>
    UnexpectedStatus,

    /// <summary>There is not exactly one Upgrade header with the value <c>websocket</c> (RFC 6455, section 4.1).</summary>
    UpgradeNotConfirmed,

    /// <summary>The Connection header does not hold the token <c>Upgrade</c> (RFC 6455, section 4.1).</summary>
    ConnectionNotConfirmed,

    /// <summary>The Sec-WebSocket-Accept header is missing (RFC 6455, section 4.1).</summary>
    MissingAccept,

    /// <summary>There is more than one Sec-WebSocket-Accept header (RFC 6455, section 11.3.3).</summary>
    DuplicateAccept,

    /// <summary>The Sec-WebSocket-Accept is not the one that belongs to the key (RFC 6455, section 4.1).</summary>
    WrongAccept,

    /// <summary>The server chose an extension that the client did not offer (RFC 6455, section 4.1).</summary>
    UnexpectedExtension,

    /// <summary>The server answered an extension twice, with parameters that do not fit the offer, or together with one that it excludes (RFC 6455, section 9.1).</summary>
    UnacceptableExtension,

    /// <summary>There is more than one Sec-WebSocket-Protocol header (RFC 6455, section 11.3.4).</summary>
    DuplicateSubprotocol,

    /// <summary>The server chose a subprotocol that the client did not offer (RFC 6455, section 4.1).</summary>
    UnexpectedSubprotocol,
}

/// <summary>Questions that a <see cref="HandshakeError"/> answers about itself.</summary>
public static class HandshakeErrorExtensions
{
    /// <summary>The HTTP status with which a server answers a request that breaks the rule.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The value is <see cref="HandshakeError.None"/>, undefined, or a rule for responses: nothing is answered to those.
    /// </exception>
    public static int StatusCode(this HandshakeError error) => error switch
    {
        HandshakeError.UnsupportedHttpVersion => 505,
        HandshakeError.HeadTooLarge or HandshakeError.TooManyHeaders => 431,
        HandshakeError.TimedOut => 408,
        HandshakeError.MethodNotAllowed => 405,
        // RFC 6455 4.2.2 and 4.4: 426 with the version that the server understands.
        HandshakeError.NotAnUpgrade or HandshakeError.UnsupportedVersion => 426,
        HandshakeError.OriginNotAllowed or HandshakeError.RefusedByApplication => 403,
        > HandshakeError.None and < HandshakeError.MalformedStatusLine => 400,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not a violation by a request."),
    };

    /// <summary>
    /// What the peer did, in a sentence of ASCII characters. It holds nothing that the peer chose, so it may go into a response or a log.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The value is <see cref="HandshakeError.None"/> or undefined: it is no violation.
    /// </exception>
    public static string Message(this HandshakeError error) => error switch
    {
        HandshakeError.UnsupportedHttpVersion => "the HTTP version is not 1.1",
        HandshakeError.InvalidHeaderName => "a header line has no colon or its name is not a token",
        HandshakeError.InvalidHeaderValue => "a header value holds a control character",
        HandshakeError.ObsoleteLineFolding => "a header line begins with white space",
        HandshakeError.BareLineFeed => "a line ends with LF instead of CRLF",
        HandshakeError.BareCarriageReturn => "a CR is not followed by LF",
        HandshakeError.HeadTooLarge => "the head is larger than the limit",
        HandshakeError.TooManyHeaders => "the head has more header lines than the limit",
        HandshakeError.TruncatedHead => "the transport ended before the head was complete",
        HandshakeError.TimedOut => "the handshake was not complete within its time limit",
        HandshakeError.MalformedRequestLine => "the request line is not a method, a target and an HTTP version",
        HandshakeError.MethodNotAllowed => "the method is not GET",
        HandshakeError.InvalidTarget => "the request target is neither a path nor an http, https, ws or wss URI",
        HandshakeError.MissingHost => "the Host header is missing",
        HandshakeError.DuplicateHost => "there is more than one Host header",
        HandshakeError.InvalidHost => "the Host header is not a host with an optional port",
        HandshakeError.RequestHasBody => "the request has a body",
        HandshakeError.InvalidUpgrade => "the Upgrade header is not a list of protocols",
        HandshakeError.NotAnUpgrade => "the request does not ask for an upgrade to websocket",
        HandshakeError.InvalidConnection => "the Connection header is not a list of tokens",
        HandshakeError.MissingConnectionUpgrade => "the Connection header does not hold the token Upgrade",
        HandshakeError.UnsupportedVersion => "there is not exactly one Sec-WebSocket-Version header with the value 13",
        HandshakeError.MissingKey => "the Sec-WebSocket-Key header is missing",
        HandshakeError.DuplicateKey => "there is more than one Sec-WebSocket-Key header",
        HandshakeError.InvalidKey => "the Sec-WebSocket-Key is not the base64 form of 16 bytes",
        HandshakeError.InvalidExtensions => "the Sec-WebSocket-Extensions header is not a list of extensions with their parameters",
        HandshakeError.InvalidSubprotocol => "the Sec-WebSocket-Protocol header is not a list of unique tokens",
        HandshakeError.DuplicateOrigin => "there is more than one Origin header",
        HandshakeError.OriginNotAllowed => "the origin is not allowed",
        HandshakeError.RefusedByApplication => "the application refused the request",
        HandshakeError.MalformedStatusLine => "the status line is not an HTTP version, a status code and a reason phrase",
        HandshakeError.UnexpectedStatus => "the server did not answer with status 101",
        HandshakeError.UpgradeNotConfirmed => "there is not exactly one Upgrade header with the value websocket",
        HandshakeError.ConnectionNotConfirmed => "the Connection header of the response does not hold the token Upgrade",
        HandshakeError.MissingAccept => "the Sec-WebSocket-Accept header is missing",
        HandshakeError.DuplicateAccept => "there is more than one Sec-WebSocket-Accept header",
        HandshakeError.WrongAccept => "the Sec-WebSocket-Accept does not belong to the key that was sent",
        HandshakeError.UnexpectedExtension => "the server chose an extension that was not offered",
        HandshakeError.UnacceptableExtension => "the server answered an extension in a way that does not fit the offer",
        HandshakeError.DuplicateSubprotocol => "there is more than one Sec-WebSocket-Protocol header",
        HandshakeError.UnexpectedSubprotocol => "the server chose a subprotocol that was not offered",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not a violation."),
    };
}
