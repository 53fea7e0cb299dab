using System.Diagnostics.CodeAnalysis;

namespace WebSocketCore.Handshake;

/// <summary>
/// The head of a GET request, as a server reads it before it accepts or refuses (RFC 6455, section 4.2.1). Immutable: any number of
/// threads may read it, and it stays valid for as long as it is referenced. Until <see cref="ServerHandshake.Check"/> has passed,
/// nothing but the grammar of the request line and of the header lines is certain.
/// </summary>
public sealed class HandshakeRequest
{
    private readonly int _pathStart;
    private readonly int _pathEnd;
    private string? _path;
    private string? _query;
    private string? _host;
    private IReadOnlyList<string>? _subprotocols;

    /// <summary>Describes a GET request, such as one that another HTTP server has parsed.</summary>
    /// <param name="target">The request target: a path with an optional query, or an absolute http, https, ws or wss URI.</param>
    /// <param name="headers">The headers.</param>
    /// <exception cref="ArgumentException"><paramref name="target"/> is no such target.</exception>
    public HandshakeRequest(string target, HandshakeHeaders headers)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(headers);
        if (!HeaderGrammar.IsTarget(target)) throw new ArgumentException(HandshakeError.InvalidTarget.Message(), nameof(target));
        Target = target;
        Headers = headers;
        if (HeaderGrammar.TrySplitAbsoluteTarget(target, out var authority, out var pathAndQuery))
        {
            // RFC 9112 3.2.2: an origin server MUST ignore the received Host header field and use the host of the request-target.
            _host = authority.ToString();
            _pathStart = target.Length - pathAndQuery.Length;
        }
        int mark = target.IndexOf('?', _pathStart);
        _pathEnd = mark < 0 ? target.Length : mark;
    }

    /// <summary>The request target as it was sent.</summary>
    public string Target { get; }

    /// <summary>The headers.</summary>
    public HandshakeHeaders Headers { get; }

    /// <summary>The path of the target, beginning with a slash, with percent-encoding as it was sent.</summary>
    public string Path => _path ??= _pathStart == _pathEnd ? "/" : Target[_pathStart.._pathEnd];

    /// <summary>The query of the target without its question mark, with percent-encoding as it was sent; empty if there is none.</summary>
    public string Query => _query ??= _pathEnd == Target.Length ? "" : Target[(_pathEnd + 1)..];

    /// <summary>
    /// The host and optional port for which the request is meant: that of the target if it is absolute, else the Host header; empty if
    /// there is none.
    /// </summary>
    public string Host => _host ??= FirstValue(HeaderNames.Host);

    /// <summary>
    /// The origin of the page whose script opens the connection (RFC 6454, section 7); null if the client sent none, as clients other than
    /// browsers do.
    /// </summary>
    public string? Origin => Headers.TryGetValue(HeaderNames.Origin, out string? origin) ? origin : null;

    /// <summary>
    /// The subprotocols that the client offers, the one that it likes best first; empty if it offers none, or not in valid form.
    /// </summary>
    public IReadOnlyList<string> Subprotocols =>
        _subprotocols ??= HeaderGrammar.TryReadUniqueTokens(Headers, HeaderNames.Protocol, out var tokens) ? tokens : [];

    /// <summary>The Sec-WebSocket-Key; empty if there is none.</summary>
    public string Key => FirstValue(HeaderNames.Key);

    /// <summary>Gets a cookie by its name, which is case-sensitive; the first one if several have it (RFC 6265, section 4.2).</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The value as it was sent, undecoded.</param>
    public bool TryGetCookie(string name, [NotNullWhen(true)] out string? value)
    {
        ArgumentNullException.ThrowIfNull(name);
        for (int line = Headers.Find(HeaderNames.Cookie); line >= 0; line = Headers.Find(HeaderNames.Cookie, line + 1))
        {
            // RFC 6265 4.2.1: cookie-string = cookie-pair *( ";" SP cookie-pair ).
            var cookies = Headers.Value(line);
            foreach (var range in cookies.Split(';'))
            {
                var pair = HeaderGrammar.Trim(cookies[range]);
                int equals = pair.IndexOf('=');
                if (equals < 0 || !pair[..equals].SequenceEqual(name)) continue;
                value = pair[(equals + 1)..].ToString();
                return true;
            }
        }
        value = null;
        return false;
    }

    private string FirstValue(string name) => Headers.TryGetValue(name, out string? value) ? value : "";
}
