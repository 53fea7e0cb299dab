using System.Buffers;
using System.Globalization;
using System.Text;
using WebSocketCore.Extensions;

namespace WebSocketCore.Handshake;

/// <summary>
/// The server's side of the opening handshake (RFC 6455, section 4.2): judges a request and writes the answer. Pure: no I/O and no state.
/// </summary>
public static class ServerHandshake
{
    private static readonly string[] ReservedOnAccept =
        [HeaderNames.Upgrade, HeaderNames.Connection, HeaderNames.ContentLength, HeaderNames.TransferEncoding];

    private static readonly string[] ReservedOnResponse = [.. ReservedOnAccept, HeaderNames.ContentType];

    /// <summary>Judges a request by every rule: those of HTTP, then those of the upgrade, at last the origin.</summary>
    /// <param name="request">The request.</param>
    /// <param name="origins">Which pages may connect.</param>
    /// <returns>
    /// The first rule that is broken, or <see cref="HandshakeError.None"/>. <see cref="HandshakeError.NotAnUpgrade"/> means that the request
    /// is sound HTTP that asks for something else than a WebSocket, so a server may answer it with <see cref="WriteResponse"/>.
    /// </returns>
    public static HandshakeError Check(HandshakeRequest request, OriginPolicy origins)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(origins);
        var headers = request.Headers;
        var error = CheckHost(headers);
        if (error == HandshakeError.None && HasBody(headers)) error = HandshakeError.RequestHasBody;
        if (error == HandshakeError.None) error = CheckUpgrade(headers);
        if (error == HandshakeError.None) error = CheckKey(headers);
        if (error == HandshakeError.None) error = CheckSubprotocols(request);
        if (error == HandshakeError.None) error = CheckExtensions(headers);
        if (error == HandshakeError.None) error = CheckOrigin(request, origins);
        return error;
    }

    /// <summary>Chooses a subprotocol: the first that the server supports and the client offers (RFC 6455, section 4.2.2).</summary>
    /// <param name="request">The request.</param>
    /// <param name="supported">What the server supports, the one that it likes best first.</param>
    /// <returns>The subprotocol; null if there is none in common, and then the connection has none.</returns>
    public static string? SelectSubprotocol(HandshakeRequest request, IReadOnlyList<string> supported)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(supported);
        var offered = request.Subprotocols;
        if (offered.Count == 0) return null;
        foreach (string subprotocol in supported)
        {
            if (offered.Contains(subprotocol, StringComparer.Ordinal)) return subprotocol;
        }
        return null;
    }

    /// <summary>
    /// Agrees on extensions (RFC 6455, section 9.1): goes through the client's offers in its order and takes each one that the server has, accepts and can use
    /// besides those it has taken.
    /// </summary>
    /// <param name="request">The request, which <see cref="Check"/> has passed.</param>
    /// <param name="supported">What the server has.</param>
    /// <returns>What was agreed on, in the order of the response; empty for none.</returns>
    public static IReadOnlyList<NegotiatedExtension> SelectExtensions(HandshakeRequest request, IReadOnlyList<WebSocketExtension> supported)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(supported);
        var headers = request.Headers;
        if (supported.Count == 0 || !headers.Contains(HeaderNames.Extensions)) return [];
        var negotiator = new ExtensionNegotiator(supported);
        for (int line = headers.Find(HeaderNames.Extensions); line >= 0; line = headers.Find(HeaderNames.Extensions, line + 1))
        {
            var offers = new ExtensionElements(headers.Value(line));
            while (offers.MoveNext())
            {
                if (negotiator.Find(offers.Name) is { } extension && negotiator.IsFree(extension))
                    negotiator.Agree(extension.Accept(offers.ReadParameters()));
            }
        }
        return negotiator.Agreed;
    }

    /// <summary>
    /// Writes the response that accepts the request: 101 Switching Protocols. The next byte on the wire belongs to a frame.
    /// </summary>
    /// <param name="output">Where the response goes. Nothing is written if an exception is thrown.</param>
    /// <param name="request">The request, which <see cref="Check"/> has passed.</param>
    /// <param name="subprotocol">The subprotocol that was chosen; null for none.</param>
    /// <param name="headers">Further headers, such as Set-Cookie; null for none.</param>
    /// <param name="extensions">The extensions that were agreed on; null for none.</param>
    /// <exception cref="ArgumentException">
    /// The key of the request is not valid; the client did not offer the subprotocol; a header's name is not a token or one that the
    /// handshake itself writes (Upgrade, Connection, Sec-WebSocket-*, Content-Length, Transfer-Encoding); or a header's value holds CR, LF,
    /// NUL, another control character or a character beyond ISO 8859-1; or an extension's name or parameter is not a token.
    /// </exception>
    public static void WriteAccept(
        IBufferWriter<byte> output, HandshakeRequest request, string? subprotocol = null, IEnumerable<KeyValuePair<string, string>>? headers = null,
        IReadOnlyList<NegotiatedExtension>? extensions = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(request);
        if (subprotocol is not null && !request.Subprotocols.Contains(subprotocol, StringComparer.Ordinal))
            throw new ArgumentException($"The client did not offer the subprotocol \"{HttpHeadWriter.Printable(subprotocol)}\".", nameof(subprotocol));
        var fields = HttpHeadWriter.Validate(headers, ReservedOnAccept);
        var elements = string.Join(", ", (extensions ?? []).Select(extension => HttpHeadWriter.ExtensionElement(extension.Name, extension.Parameters)));
        Span<byte> accept = stackalloc byte[AcceptKey.AcceptLength];
        AcceptKey.Write(request.Key, accept);

        // RFC 6455 4.2.2, step 5.
        output.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "u8);
        output.Write(accept);
        output.Write("\r\n"u8);
        if (subprotocol is not null) output.WriteField(HeaderNames.Protocol, subprotocol);
        if (elements.Length != 0) output.WriteField(HeaderNames.Extensions, elements);
        output.WriteEnd(fields);
    }

    /// <summary>Writes the response to a request that broke a rule. The server ends the transport after it.</summary>
    /// <param name="output">Where the response goes.</param>
    /// <param name="error">The broken rule, which decides the status and the text.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="error"/> is not a violation by a request.</exception>
    public static void WriteRefusal(IBufferWriter<byte> output, HandshakeError error) => WriteRefusal(output, error.StatusCode(), error.Message());

    /// <summary>Writes a response that refuses the request. The server ends the transport after it.</summary>
    /// <param name="output">Where the response goes. Nothing is written if an exception is thrown.</param>
    /// <param name="status">The HTTP status, from 300 to 599.</param>
    /// <param name="text">The body, plain text that goes out in UTF-8; empty for none.</param>
    /// <param name="headers">Further headers, such as WWW-Authenticate, Location or Retry-After; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="status"/> is out of range.</exception>
    /// <exception cref="ArgumentException">As for <see cref="WriteResponse"/>.</exception>
    public static void WriteRefusal(
        IBufferWriter<byte> output, int status, string text = "", IEnumerable<KeyValuePair<string, string>>? headers = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 300);
        WriteResponse(output, status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text), headers);
    }

    /// <summary>
    /// Writes a complete HTTP response, for a request that is no upgrade. It says <c>Connection: close</c>, and the server ends the transport
    /// after it. Status 405 gets its Allow header, 426 its Upgrade and Sec-WebSocket-Version headers.
    /// </summary>
    /// <param name="output">Where the response goes. Nothing is written if an exception is thrown.</param>
    /// <param name="status">The HTTP status, from 200 to 599.</param>
    /// <param name="contentType">The type of the body, such as <c>text/html; charset=utf-8</c>.</param>
    /// <param name="body">The body; empty for the statuses 204 and 304, which have none.</param>
    /// <param name="headers">Further headers; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="status"/> is out of range.</exception>
    /// <exception cref="ArgumentException">
    /// A header's name is not a token or one that the response itself has (Upgrade, Connection, Sec-WebSocket-*, Content-Length, Content-Type,
    /// Transfer-Encoding); a value holds CR, LF, NUL, another control character or a character beyond ISO 8859-1; or there is a body where
    /// the status allows none.
    /// </exception>
    public static void WriteResponse(
        IBufferWriter<byte> output, int status, string contentType, ReadOnlySpan<byte> body, IEnumerable<KeyValuePair<string, string>>? headers = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 200);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        // RFC 9110 6.4.1: all 204 (No Content) and 304 (Not Modified) responses do not include content.
        bool hasBody = status is not (204 or 304);
        if (!hasBody && !body.IsEmpty) throw new ArgumentException($"A response with status {status} has no body.", nameof(body));
        _ = HttpHeadWriter.Validate([new(HeaderNames.ContentType, contentType)], []);
        var fields = HttpHeadWriter.Validate(headers, status == 405 ? [.. ReservedOnResponse, HeaderNames.Allow] : ReservedOnResponse);

        Span<char> number = stackalloc char[10];
        status.TryFormat(number, out int digits, default, CultureInfo.InvariantCulture);
        output.Write("HTTP/1.1 "u8);
        output.Write(number[..digits]);
        output.Write(" "u8);
        output.Write(ReasonPhrase(status));
        output.Write("\r\nConnection: close"u8);
        // RFC 9110 7.8 and 15.5.22: a sender of Upgrade MUST also send the connection option; 426 MUST send Upgrade.
        // RFC 6455 4.4: the server MUST send back the version that it is willing to use.
        output.Write(status == 426 ? ", Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"u8 : "\r\n"u8);
        // RFC 9110 15.5.6: the origin server MUST generate an Allow header field in a 405 response.
        if (status == 405) output.WriteField(HeaderNames.Allow, "GET");
        if (hasBody)
        {
            body.Length.TryFormat(number, out digits, default, CultureInfo.InvariantCulture);
            output.WriteField(HeaderNames.ContentType, contentType);
            output.WriteField(HeaderNames.ContentLength, number[..digits]);
        }
        output.WriteEnd(fields);
        output.Write(body);
    }

    // RFC 9112 3.2: 400 to a request that lacks a Host header field, has more than one, or one with an invalid value.
    private static HandshakeError CheckHost(HandshakeHeaders headers)
    {
        int host = headers.Find(HeaderNames.Host);
        if (host < 0) return HandshakeError.MissingHost;
        if (headers.Find(HeaderNames.Host, host + 1) >= 0) return HandshakeError.DuplicateHost;
        return HeaderGrammar.IsHost(headers.Value(host)) ? HandshakeError.None : HandshakeError.InvalidHost;
    }

    // RFC 9112 6: the presence of a message body in a request is signaled by Content-Length or Transfer-Encoding. What one side takes for
    // a body and the other for frames is smuggled, so nothing but an exact zero passes.
    private static bool HasBody(HandshakeHeaders headers)
    {
        if (headers.Contains(HeaderNames.TransferEncoding)) return true;
        for (int line = headers.Find(HeaderNames.ContentLength); line >= 0; line = headers.Find(HeaderNames.ContentLength, line + 1))
        {
            if (!headers.Value(line).SequenceEqual("0")) return true;
        }
        return false;
    }

    private static HandshakeError CheckUpgrade(HandshakeHeaders headers)
    {
        // RFC 6455 4.2.1: an |Upgrade| header field containing the value "websocket", treated as an ASCII case-insensitive value.
        var upgrade = HeaderGrammar.Find(headers, HeaderNames.Upgrade, "websocket", allowVersions: true);
        if (upgrade == ListSearch.Missing) return HandshakeError.NotAnUpgrade;
        if (upgrade == ListSearch.Malformed) return HandshakeError.InvalidUpgrade;

        // RFC 6455 4.2.1: a |Connection| header field that includes the token "Upgrade", ASCII case-insensitive.
        var connection = HeaderGrammar.Find(headers, HeaderNames.Connection, "upgrade", allowVersions: false);
        if (connection == ListSearch.Missing) return HandshakeError.MissingConnectionUpgrade;
        if (connection == ListSearch.Malformed) return HandshakeError.InvalidConnection;

        // RFC 6455 4.2.1: a |Sec-WebSocket-Version| header field, with a value of 13. 11.3.5: it MUST NOT appear more than once.
        int version = headers.Find(HeaderNames.Version);
        bool supported = version >= 0 && headers.Value(version).SequenceEqual("13") && headers.Find(HeaderNames.Version, version + 1) < 0;
        return supported ? HandshakeError.None : HandshakeError.UnsupportedVersion;
    }

    // RFC 6455 4.2.1: a base64-encoded value that, when decoded, is 16 bytes in length. 11.3.1: it MUST NOT appear more than once.
    private static HandshakeError CheckKey(HandshakeHeaders headers)
    {
        int key = headers.Find(HeaderNames.Key);
        if (key < 0) return HandshakeError.MissingKey;
        if (headers.Find(HeaderNames.Key, key + 1) >= 0) return HandshakeError.DuplicateKey;
        return AcceptKey.IsValid(headers.Value(key)) ? HandshakeError.None : HandshakeError.InvalidKey;
    }

    // RFC 6455 4.1: the elements MUST be non-empty strings without separators and MUST all be unique. 11.3.4: several lines are one list.
    private static HandshakeError CheckSubprotocols(HandshakeRequest request) =>
        request.Subprotocols.Count == 0 && request.Headers.Contains(HeaderNames.Protocol) ? HandshakeError.InvalidSubprotocol : HandshakeError.None;

    // RFC 6455 9.1: a value that does not conform to the ABNF MUST fail the connection. Every line of the header is a list of its own.
    private static HandshakeError CheckExtensions(HandshakeHeaders headers)
    {
        for (int line = headers.Find(HeaderNames.Extensions); line >= 0; line = headers.Find(HeaderNames.Extensions, line + 1))
        {
            var elements = new ExtensionElements(headers.Value(line));
            while (elements.MoveNext())
            {
            }
            if (elements.IsMalformed) return HandshakeError.InvalidExtensions;
        }
        return HandshakeError.None;
    }

    // RFC 6455 4.2.2: if the server does not wish to accept this origin, it MUST return 403 Forbidden.
    private static HandshakeError CheckOrigin(HandshakeRequest request, OriginPolicy origins)
    {
        int origin = request.Headers.Find(HeaderNames.Origin);
        if (origin < 0) return HandshakeError.None;
        if (request.Headers.Find(HeaderNames.Origin, origin + 1) >= 0) return HandshakeError.DuplicateOrigin;
        return origins.Allows(request.Origin, request.Host) ? HandshakeError.None : HandshakeError.OriginNotAllowed;
    }

    private static ReadOnlySpan<byte> ReasonPhrase(int status) => status switch
    {
        200 => "OK"u8,
        204 => "No Content"u8,
        301 => "Moved Permanently"u8,
        302 => "Found"u8,
        303 => "See Other"u8,
        304 => "Not Modified"u8,
        307 => "Temporary Redirect"u8,
        308 => "Permanent Redirect"u8,
        400 => "Bad Request"u8,
        401 => "Unauthorized"u8,
        403 => "Forbidden"u8,
        404 => "Not Found"u8,
        405 => "Method Not Allowed"u8,
        408 => "Request Timeout"u8,
        410 => "Gone"u8,
        426 => "Upgrade Required"u8,
        429 => "Too Many Requests"u8,
        431 => "Request Header Fields Too Large"u8,
        500 => "Internal Server Error"u8,
        503 => "Service Unavailable"u8,
        505 => "HTTP Version Not Supported"u8,
        // RFC 9112 4: the reason phrase may be empty, the space before it may not be missing.
        _ => default,
    };
}
