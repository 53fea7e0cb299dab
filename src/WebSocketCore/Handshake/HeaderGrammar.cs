using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WebSocketCore.Handshake;

/// <summary>What a search for an element in a comma-separated header found.</summary>
internal enum ListSearch
{
    Missing,
    Found,
    Malformed,
}

/// <summary>The grammar of HTTP header fields and targets (RFC 9110, RFC 9112, RFC 3986). Every method reads its input once.</summary>
internal static class HeaderGrammar
{
    // RFC 9110 5.6.1: a recipient MUST parse and ignore a reasonable number of empty list elements.
    private const int MaxEmptyElements = 16;

    private const string Alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const string Token = "!#$%&'*+-.^_`|~" + Alphanumeric;

    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(Token);
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create(Encoding.ASCII.GetBytes(Token));

    // RFC 9110 5.5: field-content is VCHAR, obs-text, SP and HTAB; CR, LF, NUL and other controls are not.
    private static readonly SearchValues<char> ControlCharacters = SearchValues.Create(ControlCodes().Select(code => (char)code).ToArray());
    private static readonly SearchValues<byte> ControlBytes = SearchValues.Create(ControlCodes().ToArray());

    // RFC 3986 3.2.2: reg-name = *( unreserved / pct-encoded / sub-delims ).
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create(Alphanumeric + "-._~%!$&'()*+,;=");
    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789ABCDEFabcdef:.");
    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create(Alphanumeric + "+-.");

    /// <summary>Optional white space around a value (RFC 9110, section 5.6.3).</summary>
    private static ReadOnlySpan<char> OptionalWhiteSpace => " \t";

    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenCharacters);

    public static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenBytes);

    public static bool HasControl(ReadOnlySpan<char> text) => text.ContainsAny(ControlCharacters);

    public static bool HasControl(ReadOnlySpan<byte> text) => text.ContainsAny(ControlBytes);

    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text) => text.Trim(OptionalWhiteSpace);

    public static ReadOnlySpan<char> TrimStart(ReadOnlySpan<char> text) => text.TrimStart(OptionalWhiteSpace);

    /// <summary>How long the token is with which the text begins; 0 where it begins with none.</summary>
    public static int TokenLength(ReadOnlySpan<char> text)
    {
        int length = text.IndexOfAnyExcept(TokenCharacters);
        return length < 0 ? text.Length : length;
    }

    /// <summary>Looks for a token, in any case, in all lines of a comma-separated header. All elements must be well formed.</summary>
    /// <param name="headers">The headers.</param>
    /// <param name="name">The name of the header.</param>
    /// <param name="token">The element that is wanted.</param>
    /// <param name="allowVersions">Whether the elements are protocols: a token and optionally a slash and a version, again a token.</param>
    public static ListSearch Find(HandshakeHeaders headers, string name, string token, bool allowVersions)
    {
        var result = ListSearch.Missing;
        int empty = 0;
        var elements = new HeaderElements(headers, name);
        while (elements.MoveNext())
        {
            var element = elements.Current;
            if (element.IsEmpty)
            {
                if (++empty > MaxEmptyElements) return ListSearch.Malformed;
                continue;
            }

            int slash = allowVersions ? element.IndexOf('/') : -1;
            bool valid = slash < 0 ? IsToken(element) : IsToken(element[..slash]) && IsToken(element[(slash + 1)..]);
            if (!valid) return ListSearch.Malformed;
            if (Ascii.EqualsIgnoreCase(element, token)) result = ListSearch.Found;
        }
        return result;
    }

    /// <summary>Reads a comma-separated header whose elements are tokens, none of them empty and none of them twice.</summary>
    public static bool TryReadUniqueTokens(HandshakeHeaders headers, string name, out IReadOnlyList<string> tokens)
    {
        tokens = [];
        if (headers.Find(name) < 0) return true;

        var list = new List<string>();
        var elements = new HeaderElements(headers, name);
        while (elements.MoveNext())
        {
            if (!IsToken(elements.Current)) return false;
            list.Add(elements.Current.ToString());
        }
        if (!AreUnique(list)) return false;
        tokens = list;
        return true;
    }

    /// <summary>Whether no string stands in the list twice (ordinal).</summary>
    public static bool AreUnique(IReadOnlyList<string> list) =>
        list.Count < 2 || new HashSet<string>(list, StringComparer.Ordinal).Count == list.Count;

    /// <summary>Whether the text is a target in origin form (<c>/path?query</c>) or in absolute form (RFC 9112, section 3.2).</summary>
    public static bool IsTarget(ReadOnlySpan<char> target)
    {
        if (target.IsEmpty || target.ContainsAnyExceptInRange('!', '~') || target.Contains('#')) return false;
        return target[0] == '/' || TrySplitAbsoluteTarget(target, out _, out _);
    }

    /// <summary>Splits a target in absolute form into its authority and the rest: the path, possibly empty, and the query.</summary>
    public static bool TrySplitAbsoluteTarget(ReadOnlySpan<char> target, out ReadOnlySpan<char> authority, out ReadOnlySpan<char> pathAndQuery)
    {
        authority = pathAndQuery = default;
        if (target.StartsWith('/')) return false;
        int colon = target.IndexOf(':');
        if (colon < 0 || DefaultPort(target[..colon]) < 0 || !target[(colon + 1)..].StartsWith("//")) return false;

        var rest = target[(colon + 3)..];
        int end = rest.IndexOfAny('/', '?');
        if (end < 0) end = rest.Length;
        authority = rest[..end];
        pathAndQuery = rest[end..];
        return IsHost(authority);
    }

    public static bool IsHost(ReadOnlySpan<char> text) => TrySplitHost(text, out _, out _);

    /// <summary>Splits <c>host [":" port]</c>. No userinfo, no empty host. The port is -1 when there is none.</summary>
    public static bool TrySplitHost(ReadOnlySpan<char> text, out ReadOnlySpan<char> host, out int port)
    {
        host = default;
        port = -1;
        int end;
        if (text.StartsWith('['))
        {
            end = text.IndexOf(']') + 1;
            if (end == 0 || !IsIPv6Address(text[1..(end - 1)])) return false;
        }
        else
        {
            end = text.IndexOf(':');
            if (end < 0) end = text.Length;
            if (!IsRegisteredName(text[..end])) return false;
        }

        host = text[..end];
        var rest = text[end..];
        if (rest.IsEmpty) return true;
        if (rest[0] != ':') return false;
        // RFC 3986 3.2.3: port = *DIGIT, so nothing at all may follow the colon.
        if (rest.Length == 1) return true;
        if (rest[1..].ContainsAnyExceptInRange('0', '9') || !ushort.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)) return false;
        port = number;
        return true;
    }

    /// <summary>
    /// Splits a serialised origin, <c>scheme "://" host [":" port]</c> (RFC 6454, section 6.1). The port is -1 when there is none.
    /// </summary>
    public static bool TrySplitOrigin(ReadOnlySpan<char> origin, out ReadOnlySpan<char> scheme, out ReadOnlySpan<char> host, out int port)
    {
        host = default;
        port = -1;
        int end = origin.IndexOf("://");
        scheme = end < 0 ? default : origin[..end];
        return !scheme.IsEmpty && char.IsAsciiLetter(scheme[0]) && !scheme.ContainsAnyExcept(SchemeCharacters)
            && TrySplitHost(origin[(end + 3)..], out host, out port);
    }

    /// <summary>The default port of an HTTP or WebSocket scheme, in any case; -1 for every other scheme.</summary>
    public static int DefaultPort(ReadOnlySpan<char> scheme)
    {
        if (Ascii.EqualsIgnoreCase(scheme, "https") || Ascii.EqualsIgnoreCase(scheme, "wss")) return 443;
        if (Ascii.EqualsIgnoreCase(scheme, "http") || Ascii.EqualsIgnoreCase(scheme, "ws")) return 80;
        return -1;
    }

    private static bool IsIPv6Address(ReadOnlySpan<char> text) =>
        // The parser of the base library also takes zones and prefixes, which RFC 3986 3.2.2 does not.
        !text.ContainsAnyExcept(AddressCharacters) && IPAddress.TryParse(text, out var address)
            && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static bool IsRegisteredName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.ContainsAnyExcept(HostCharacters)) return false;
        for (int percent = text.IndexOf('%'); percent >= 0; percent = text.IndexOf('%'))
        {
            if (text.Length < percent + 3 || !char.IsAsciiHexDigit(text[percent + 1]) || !char.IsAsciiHexDigit(text[percent + 2])) return false;
            text = text[(percent + 3)..];
        }
        return true;
    }

    private static IEnumerable<byte> ControlCodes() =>
        Enumerable.Range(0, 128).Where(code => code != '\t' && char.IsControl((char)code)).Select(code => (byte)code);
}

/// <summary>
/// The elements of a comma-separated header over all its lines, in order, trimmed, empty ones included (RFC 9110, section 5.6.1).
/// </summary>
internal ref struct HeaderElements(HandshakeHeaders headers, string name)
{
    private int _line = -1;
    private bool _inLine;
    private ReadOnlySpan<char> _rest;

    public ReadOnlySpan<char> Current { get; private set; }

    public bool MoveNext()
    {
        if (!_inLine)
        {
            int next = headers.Find(name, _line + 1);
            if (next < 0) return false;
            _line = next;
            _rest = headers.Value(next);
            _inLine = true;
        }

        int comma = _rest.IndexOf(',');
        _inLine = comma >= 0;
        Current = HeaderGrammar.Trim(_inLine ? _rest[..comma] : _rest);
        if (_inLine) _rest = _rest[(comma + 1)..];
        return true;
    }
}
