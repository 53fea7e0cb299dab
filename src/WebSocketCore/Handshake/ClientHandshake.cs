using System.Buffers;
using System.Text;
using WebSocketCore.Extensions;

namespace WebSocketCore.Handshake;

/// <summary>
/// The client's side of the opening handshake (RFC 6455, section 4.1): writes one request and judges the response to it. No I/O. Immutable;
/// the key is good for one connection, so each attempt needs a new instance.
/// </summary>
public sealed class ClientHandshake
{
    private static readonly string[] Reserved =
        [HeaderNames.Host, HeaderNames.Upgrade, HeaderNames.Connection, HeaderNames.Origin, HeaderNames.ContentLength, HeaderNames.TransferEncoding];

    private readonly string _target;
    private readonly string _host;
    private readonly string? _origin;
    private readonly KeyValuePair<string, string>[] _headers;
    private readonly string[] _subprotocols;
    private readonly WebSocketExtension[] _extensions;
    private readonly string _extensionOffers;

    /// <summary>Prepares a handshake with a fresh random key. What the application supplies is judged here.</summary>
    /// <param name="uri">An absolute ws or wss URI without fragment and without user information.</param>
    /// <param name="subprotocols">The subprotocols to offer, the one that the client likes best first; null for none.</param>
    /// <param name="origin">
    /// The value of the Origin header, such as <c>https://example.org</c>; null for none, which is usual outside browsers.
    /// </param>
    /// <param name="headers">Further headers, such as Authorization or Cookie; null for none.</param>
    /// <param name="extensions">The extensions to offer, the one that the client likes best first; null for none.</param>
    /// <exception cref="ArgumentException">
    /// The URI is not absolute, its scheme is not ws or wss, it has a fragment or user information, or its host or path cannot stand in a request;
    /// a subprotocol is not a token or is offered twice; the origin is not scheme, host and optional port; a header's name is not a token or one
    /// that the handshake itself writes (Host, Upgrade, Connection, Origin, Sec-WebSocket-*, Content-Length, Transfer-Encoding); or a header's
    /// value holds CR, LF, NUL, another control character or a character beyond ISO 8859-1; two extensions have the same name, or an extension's name
    /// or parameter is not a token.
    /// </exception>
    public ClientHandshake(
        Uri uri, IEnumerable<string>? subprotocols = null, string? origin = null, IEnumerable<KeyValuePair<string, string>>? headers = null,
        IEnumerable<WebSocketExtension>? extensions = null)
        : this(uri, AcceptKey.CreateKey(), subprotocols, origin, headers, extensions)
    {
    }

    internal ClientHandshake(
        Uri uri, string key, IEnumerable<string>? subprotocols, string? origin = null, IEnumerable<KeyValuePair<string, string>>? headers = null,
        IEnumerable<WebSocketExtension>? extensions = null)
    {
        ArgumentNullException.ThrowIfNull(uri);
        CheckUri(uri);
        Uri = uri;
        Key = key;
        _target = uri.PathAndQuery.Length == 0 ? "/" : uri.PathAndQuery;
        string host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        _host = uri.IsDefaultPort ? host : $"{host}:{uri.Port}";
        if (!HeaderGrammar.IsTarget(_target)) throw new ArgumentException("The path of the URI holds a character that a request cannot hold.", nameof(uri));
        if (!HeaderGrammar.IsHost(_host)) throw new ArgumentException("The host of the URI cannot stand in a Host header.", nameof(uri));

        // RFC 6455 4.1: the elements MUST be non-empty strings without separators and MUST all be unique.
        _subprotocols = subprotocols is null ? [] : [.. subprotocols];
        foreach (string subprotocol in _subprotocols)
        {
            if (!HeaderGrammar.IsToken(subprotocol))
                throw new ArgumentException($"The subprotocol \"{HttpHeadWriter.Printable(subprotocol)}\" is not a token.", nameof(subprotocols));
        }
        if (!HeaderGrammar.AreUnique(_subprotocols)) throw new ArgumentException("A subprotocol is offered twice.", nameof(subprotocols));

        if (origin is not null && !OriginPolicy.IsOrigin(origin))
            throw new ArgumentException("The origin is not scheme, host and optional port, without a slash at the end.", nameof(origin));
        _origin = origin;
        _headers = HttpHeadWriter.Validate(headers, Reserved);

        var offers = (extensions ?? []).Select(extension => (Extension: extension, Offers: extension.CreateOffers())).Where(offer => offer.Offers.Count != 0).ToArray();
        _extensions = [.. offers.Select(offer => offer.Extension)];
        if (!HeaderGrammar.AreUnique([.. _extensions.Select(extension => extension.Name)]))
            throw new ArgumentException("Two extensions have the same name.", nameof(extensions));
        _extensionOffers = string.Join(
            ", ", offers.SelectMany(offer => offer.Offers.Select(parameters => HttpHeadWriter.ExtensionElement(offer.Extension.Name, parameters))));
    }

    /// <summary>Where the connection goes.</summary>
    public Uri Uri { get; }

    /// <summary>The Sec-WebSocket-Key of this attempt.</summary>
    public string Key { get; }

    /// <summary>The subprotocols that are offered, in order.</summary>
    public IReadOnlyList<string> Subprotocols => _subprotocols;

    /// <summary>Writes the request. Nothing more may be sent until the response has passed <see cref="Check"/>.</summary>
    /// <param name="output">Where the request goes.</param>
    public void WriteRequest(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write("GET "u8);
        output.Write(_target);
        output.Write(" HTTP/1.1\r\n"u8);
        output.WriteField(HeaderNames.Host, _host);
        output.Write("Upgrade: websocket\r\nConnection: Upgrade\r\n"u8);
        output.WriteField(HeaderNames.Key, Key);
        output.Write("Sec-WebSocket-Version: 13\r\n"u8);
        if (_subprotocols.Length > 0) output.WriteField(HeaderNames.Protocol, string.Join(", ", _subprotocols));
        if (_extensionOffers.Length > 0) output.WriteField(HeaderNames.Extensions, _extensionOffers);
        if (_origin is not null) output.WriteField(HeaderNames.Origin, _origin);
        output.WriteEnd(_headers);
    }

    /// <summary>Judges the response by every rule of RFC 6455, section 4.1.</summary>
    /// <param name="response">The response.</param>
    /// <param name="subprotocol">The subprotocol that the server chose; null if it chose none or a rule is broken.</param>
    /// <param name="extensions">The extensions that were agreed on, in the order of the response; empty if there are none or a rule is broken.</param>
    /// <returns>The first rule that is broken, or <see cref="HandshakeError.None"/>.</returns>
    public HandshakeError Check(HandshakeResponse response, out string? subprotocol, out IReadOnlyList<NegotiatedExtension> extensions)
    {
        ArgumentNullException.ThrowIfNull(response);
        subprotocol = null;
        extensions = [];
        var headers = response.Headers;

        // RFC 6455 4.1: if the status code received from the server is not 101, the client handles the response per HTTP procedures.
        if (response.StatusCode != 101) return HandshakeError.UnexpectedStatus;

        // RFC 6455 4.1: Upgrade missing, or a value that is not an ASCII case-insensitive match for "websocket": MUST fail.
        int upgrade = headers.Find(HeaderNames.Upgrade);
        if (upgrade < 0 || headers.Find(HeaderNames.Upgrade, upgrade + 1) >= 0) return HandshakeError.UpgradeNotConfirmed;
        if (!Ascii.EqualsIgnoreCase(headers.Value(upgrade), "websocket")) return HandshakeError.UpgradeNotConfirmed;

        // RFC 6455 4.1: Connection missing, or without the token "Upgrade", ASCII case-insensitive: MUST fail.
        var connection = HeaderGrammar.Find(headers, HeaderNames.Connection, "upgrade", allowVersions: false);
        if (connection != ListSearch.Found) return HandshakeError.ConnectionNotConfirmed;

        var error = CheckAccept(headers);
        if (error == HandshakeError.None) error = CheckExtensions(headers, out extensions);
        if (error == HandshakeError.None) error = CheckSubprotocol(headers, out subprotocol);
        if (error != HandshakeError.None) extensions = [];
        return error;
    }

    private static void CheckUri(Uri uri)
    {
        if (!uri.IsAbsoluteUri) throw new ArgumentException("The URI is not absolute.", nameof(uri));
        if (uri.Scheme is not ("ws" or "wss"))
            throw new ArgumentException($"The scheme of the URI is {uri.Scheme}. Expected ws or wss.", nameof(uri));
        // RFC 6455 3: fragment identifiers MUST NOT be used on these URIs.
        if (uri.Fragment.Length > 0) throw new ArgumentException("A WebSocket URI has no fragment.", nameof(uri));
        // RFC 6455 3: the grammar of ws and wss URIs has no userinfo.
        if (uri.UserInfo.Length > 0)
            throw new ArgumentException("A WebSocket URI has no user information. Send an Authorization header instead.", nameof(uri));
    }

    // RFC 6455 4.1: Sec-WebSocket-Accept missing or other than the expected value: MUST fail. 11.3.3: it MUST NOT appear more than once.
    private HandshakeError CheckAccept(HandshakeHeaders headers)
    {
        int accept = headers.Find(HeaderNames.Accept);
        if (accept < 0) return HandshakeError.MissingAccept;
        if (headers.Find(HeaderNames.Accept, accept + 1) >= 0) return HandshakeError.DuplicateAccept;
        return headers.Value(accept).SequenceEqual(AcceptKey.Compute(Key)) ? HandshakeError.None : HandshakeError.WrongAccept;
    }

    // RFC 6455 4.1: use of an extension that was not present in the client's handshake: MUST fail. 9.1: so does what cannot be agreed to.
    private HandshakeError CheckExtensions(HandshakeHeaders headers, out IReadOnlyList<NegotiatedExtension> extensions)
    {
        extensions = [];
        var negotiator = new ExtensionNegotiator(_extensions);
        for (int line = headers.Find(HeaderNames.Extensions); line >= 0; line = headers.Find(HeaderNames.Extensions, line + 1))
        {
            var responses = new ExtensionElements(headers.Value(line));
            while (responses.MoveNext())
            {
                if (negotiator.Find(responses.Name) is not { } extension) return HandshakeError.UnexpectedExtension;
                if (!negotiator.IsFree(extension) || !negotiator.Agree(extension.Confirm(responses.ReadParameters())))
                    return HandshakeError.UnacceptableExtension;
            }
            if (responses.IsMalformed) return HandshakeError.InvalidExtensions;
        }
        extensions = negotiator.Agreed;
        return HandshakeError.None;
    }

    // RFC 6455 4.1: use of a subprotocol that was not present in the client's handshake: MUST fail. 11.3.4: at most one in a response.
    private HandshakeError CheckSubprotocol(HandshakeHeaders headers, out string? subprotocol)
    {
        subprotocol = null;
        int line = headers.Find(HeaderNames.Protocol);
        if (line < 0) return HandshakeError.None;
        if (headers.Find(HeaderNames.Protocol, line + 1) >= 0) return HandshakeError.DuplicateSubprotocol;
        foreach (string offered in _subprotocols)
        {
            if (headers.Value(line).SequenceEqual(offered)) subprotocol = offered;
        }
        return subprotocol is null ? HandshakeError.UnexpectedSubprotocol : HandshakeError.None;
    }
}
