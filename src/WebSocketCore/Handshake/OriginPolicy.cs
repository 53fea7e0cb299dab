using System.Text;

namespace WebSocketCore.Handshake;

/// <summary>
/// Which pages may open a connection (RFC 6455, section 10.2). A browser lets every page open a WebSocket to every server, sends the
/// cookies of that server along, and leaves the decision to the server: one that trusts cookies and does not look at the Origin header
/// hands its users' sessions to any page they visit. Browsers always send Origin; a request without one comes from another kind of
/// client, which could send any Origin it likes, and passes every policy. Immutable: any number of threads may use it.
/// </summary>
public sealed class OriginPolicy
{
    private readonly bool _any;
    private readonly string[]? _list;

    private OriginPolicy(bool any, string[]? list)
    {
        _any = any;
        _list = list;
    }

    /// <summary>
    /// Every page may connect. Right for public services, and for those that authenticate by something else than cookies.
    /// </summary>
    public static OriginPolicy Any { get; } = new(any: true, list: null);

    /// <summary>
    /// Only pages of the host that the request is meant for may connect: the host and port of the Origin header must equal those of the
    /// Host header. The scheme is not compared, for TLS may end at a proxy; a missing port is the default port of the origin's scheme.
    /// The opaque origin <c>null</c>, which a browser sends for sandboxed pages and files, is refused.
    /// </summary>
    public static OriginPolicy SameOrigin { get; } = new(any: false, list: null);

    /// <summary>
    /// Only pages of these origins may connect. Compared without regard to ASCII case; the default port of a scheme may be written or not.
    /// </summary>
    /// <param name="origins">
    /// Origins such as <c>https://example.org</c> or <c>http://localhost:8080</c>: scheme, host, optional port, and nothing after it.
    /// <c>null</c> as a text stands for opaque origins, <c>file://</c> for the files of some embedded browsers.
    /// </param>
    /// <exception cref="ArgumentException">A text is not an origin, or there is none.</exception>
    public static OriginPolicy AllowList(params string[] origins)
    {
        ArgumentNullException.ThrowIfNull(origins);
        if (origins.Length == 0) throw new ArgumentException("The list of allowed origins is empty.", nameof(origins));
        foreach (string origin in origins)
        {
            if (!IsOrigin(origin))
                throw new ArgumentException($"\"{origin}\" is not scheme, host and optional port, without a slash at the end.", nameof(origins));
        }
        return new OriginPolicy(any: false, [.. origins]);
    }

    /// <summary>Whether a request may go on.</summary>
    /// <param name="origin">The value of its Origin header; null if it has none.</param>
    /// <param name="host">The host and optional port that it is meant for.</param>
    public bool Allows(string? origin, string host)
    {
        if (_any || origin is null) return true;
        return _list is null ? IsSameOrigin(origin, host) : IsListed(origin);
    }

    internal static bool IsOrigin(string? text) => text is "null" or "file://" || HeaderGrammar.TrySplitOrigin(text, out _, out _, out _);

    private static bool IsSameOrigin(ReadOnlySpan<char> origin, ReadOnlySpan<char> host)
    {
        if (!HeaderGrammar.TrySplitOrigin(origin, out var scheme, out var originHost, out int originPort)) return false;
        if (!HeaderGrammar.TrySplitHost(host, out var ownHost, out int ownPort)) return false;
        int defaultPort = HeaderGrammar.DefaultPort(scheme);
        if (defaultPort < 0) return false;
        if (originPort < 0) originPort = defaultPort;
        if (ownPort < 0) ownPort = defaultPort;
        return originPort == ownPort && Ascii.EqualsIgnoreCase(originHost, ownHost);
    }

    private bool IsListed(string origin)
    {
        if (!IsOrigin(origin)) return false;
        var found = WithoutDefaultPort(origin);
        foreach (string allowed in _list!)
        {
            if (Ascii.EqualsIgnoreCase(found, WithoutDefaultPort(allowed))) return true;
        }
        return false;
    }

    // RFC 6454 6.2: the port is left out of a serialised origin if it is the default port of the scheme.
    private static ReadOnlySpan<char> WithoutDefaultPort(ReadOnlySpan<char> origin)
    {
        int colon = origin.IndexOf(':');
        string suffix = (colon < 0 ? -1 : HeaderGrammar.DefaultPort(origin[..colon])) switch { 80 => ":80", 443 => ":443", _ => "" };
        return suffix.Length > 0 && origin.EndsWith(suffix) ? origin[..^suffix.Length] : origin;
    }
}
