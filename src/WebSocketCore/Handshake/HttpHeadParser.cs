using System.Buffers;
using System.Text;

namespace WebSocketCore.Handshake;

/// <summary>Where an <see cref="HttpHeadParser"/> stands.</summary>
internal enum HeadStatus
{
    /// <summary>All of the input was taken and the head goes on.</summary>
    NeedMore,

    /// <summary>The blank line was taken, and nothing after it.</summary>
    Complete,

    /// <summary>The head breaks the rule in <see cref="HttpHeadParser.Error"/>.</summary>
    Failed,
}

// Lines are copied into one rented buffer as they arrive and judged when their LF arrives, so every byte is looked at a fixed number of
// times however the input is cut, and the result does not depend on the cuts. Nothing is lenient here: what two parsers understand
// differently is what request smuggling is made of.

/// <summary>
/// Reads the head of an HTTP/1.1 request (as a server) or of a response (as a client), in pieces of any size. For one thread at a time.
/// </summary>
internal sealed class HttpHeadParser : IDisposable
{
    private const int InitialBufferBytes = 1024;

    private readonly WebSocketRole _role;
    private readonly ArrayPool<byte> _pool;
    private readonly int _maxHeadBytes;
    private readonly int _maxHeaders;
    private byte[] _buffer = [];
    private int _length;
    private int _lineStart;
    private int _headersStart;
    private HeaderField[] _fields = [];
    private int _count;
    private HeadStatus _status;
    private int _statusCode;
    private string? _target;
    private string? _reasonPhrase;

    /// <summary>Creates a parser for one head.</summary>
    /// <param name="role">A server reads a request, a client a response.</param>
    /// <param name="pool">Where the buffer comes from, and where <see cref="Dispose"/> returns it.</param>
    /// <param name="maxHeadBytes">How many bytes the head may have, from the start line to the blank line.</param>
    /// <param name="maxHeaders">How many header lines the head may have.</param>
    public HttpHeadParser(WebSocketRole role, ArrayPool<byte> pool, int maxHeadBytes, int maxHeaders)
    {
        _role = role;
        _pool = pool;
        _maxHeadBytes = maxHeadBytes;
        _maxHeaders = maxHeaders;
    }

    /// <summary>The broken rule after <see cref="HeadStatus.Failed"/>.</summary>
    public HandshakeError Error { get; private set; }

    /// <summary>Takes input up to the blank line.</summary>
    /// <param name="input">The next bytes from the peer.</param>
    /// <param name="consumed">How many bytes belong to the head. The rest belongs to whoever reads after the handshake.</param>
    public HeadStatus Append(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        while (_status == HeadStatus.NeedMore && consumed < input.Length)
        {
            var rest = input[consumed..];
            int room = _maxHeadBytes - _length;
            int lineFeed = rest.IndexOf((byte)'\n');
            int take = lineFeed < 0 ? rest.Length : lineFeed + 1;
            if (take > room)
            {
                consumed += room;
                Fail(HandshakeError.HeadTooLarge);
                break;
            }

            Copy(rest[..take]);
            consumed += take;
            if (lineFeed >= 0) EndLine();
        }
        return _status;
    }

    /// <summary>
    /// The request that was read, once it is <see cref="HeadStatus.Complete"/>. It does not refer to the parser's buffer.
    /// </summary>
    public HandshakeRequest ToRequest() => _target is not null && _status == HeadStatus.Complete
        ? new HandshakeRequest(_target, ToHeaders())
        : throw new InvalidOperationException("No request has been read.");

    /// <summary>
    /// The response that was read, once it is <see cref="HeadStatus.Complete"/>. It does not refer to the parser's buffer.
    /// </summary>
    public HandshakeResponse ToResponse() => _reasonPhrase is not null && _status == HeadStatus.Complete
        ? new HandshakeResponse(_statusCode, _reasonPhrase, ToHeaders())
        : throw new InvalidOperationException("No response has been read.");

    /// <summary>Returns the buffer to its pool.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0) _pool.Return(_buffer);
        _buffer = [];
        if (_fields.Length > 0) ArrayPool<HeaderField>.Shared.Return(_fields);
        _fields = [];
        if (_status == HeadStatus.NeedMore) Fail(HandshakeError.TruncatedHead);
    }

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _length)
        {
            var larger = _pool.Rent(Math.Max(_length + bytes.Length, Math.Max(InitialBufferBytes, _buffer.Length * 2)));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            if (_buffer.Length > 0) _pool.Return(_buffer);
            _buffer = larger;
        }
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void EndLine()
    {
        var line = _buffer.AsSpan(_lineStart, _length - _lineStart - 1);
        var error = CheckLine(line);
        _lineStart = _length;
        if (error != HandshakeError.None) Fail(error);
    }

    private HandshakeError CheckLine(ReadOnlySpan<byte> line)
    {
        // RFC 9112 2.2: a recipient MAY recognize a single LF as a line terminator; this one does not.
        if (!line.EndsWith((byte)'\r')) return HandshakeError.BareLineFeed;
        line = line[..^1];
        // RFC 9112 2.2: a recipient of a bare CR MUST consider that element to be invalid.
        if (line.Contains((byte)'\r')) return HandshakeError.BareCarriageReturn;

        if (_headersStart == 0)
        {
            _headersStart = _length;
            return _role == WebSocketRole.Server ? ReadRequestLine(line) : ReadStatusLine(line);
        }
        if (!line.IsEmpty) return ReadField(line);
        _status = HeadStatus.Complete;
        return HandshakeError.None;
    }

    // RFC 9112 3: request-line = method SP request-target SP HTTP-version.
    private HandshakeError ReadRequestLine(ReadOnlySpan<byte> line)
    {
        int first = line.IndexOf((byte)' ');
        int last = line.LastIndexOf((byte)' ');
        if (first == last || !HeaderGrammar.IsToken(line[..first]) || !IsVersion(line[(last + 1)..])) return HandshakeError.MalformedRequestLine;

        // RFC 6455 4.1: the method MUST be GET, and the HTTP version MUST be at least 1.1.
        if (!line[(last + 1)..].SequenceEqual("HTTP/1.1"u8)) return HandshakeError.UnsupportedHttpVersion;
        if (!line[..first].SequenceEqual("GET"u8)) return HandshakeError.MethodNotAllowed;
        _target = Encoding.Latin1.GetString(line[(first + 1)..last]);
        return HeaderGrammar.IsTarget(_target) ? HandshakeError.None : HandshakeError.InvalidTarget;
    }

    // RFC 9112 4: status-line = HTTP-version SP status-code SP [ reason-phrase ].
    private HandshakeError ReadStatusLine(ReadOnlySpan<byte> line)
    {
        const int codeStart = 9, reasonStart = 13;
        if (line.Length < reasonStart || !IsVersion(line[..8]) || line[8] != ' ' || line[12] != ' ') return HandshakeError.MalformedStatusLine;
        foreach (byte digit in line[codeStart..12])
        {
            if (!char.IsAsciiDigit((char)digit)) return HandshakeError.MalformedStatusLine;
            _statusCode = _statusCode * 10 + (digit - '0');
        }
        if (_statusCode < 100 || HeaderGrammar.HasControl(line[reasonStart..])) return HandshakeError.MalformedStatusLine;

        // A proxy may refuse in HTTP/1.0, and its status says more than its version does; an upgrade there is none.
        bool supported = line[..8].SequenceEqual("HTTP/1.1"u8) || line[..8].SequenceEqual("HTTP/1.0"u8) && _statusCode != 101;
        if (!supported) return HandshakeError.UnsupportedHttpVersion;
        _reasonPhrase = Encoding.Latin1.GetString(line[reasonStart..]);
        return HandshakeError.None;
    }

    // RFC 9112 2.3: HTTP-version = "HTTP" "/" DIGIT "." DIGIT, case-sensitive.
    private static bool IsVersion(ReadOnlySpan<byte> text) =>
        text.Length == 8 && text.StartsWith("HTTP/"u8) && char.IsAsciiDigit((char)text[5]) && text[6] == '.' && char.IsAsciiDigit((char)text[7]);

    private HandshakeError ReadField(ReadOnlySpan<byte> line)
    {
        // RFC 9112 5.2: a server that receives an obs-fold MUST either reject the message or replace it.
        if (line[0] is (byte)' ' or (byte)'\t') return HandshakeError.ObsoleteLineFolding;
        if (_count == _maxHeaders) return HandshakeError.TooManyHeaders;

        // RFC 9112 5.1: No whitespace is allowed between the field name and colon.
        int colon = line.IndexOf((byte)':');
        if (colon < 0 || !HeaderGrammar.IsToken(line[..colon])) return HandshakeError.InvalidHeaderName;
        var value = line[(colon + 1)..];
        if (HeaderGrammar.HasControl(value)) return HandshakeError.InvalidHeaderValue;

        int end = value.Length;
        while (end > 0 && value[end - 1] is (byte)' ' or (byte)'\t') end--;
        int start = 0;
        while (start < end && value[start] is (byte)' ' or (byte)'\t') start++;

        if (_count == _fields.Length) GrowFields();
        int nameStart = _lineStart - _headersStart;
        _fields[_count++] = new HeaderField(nameStart, colon, nameStart + colon + 1 + start, end - start);
        return HandshakeError.None;
    }

    private void GrowFields()
    {
        var larger = ArrayPool<HeaderField>.Shared.Rent(Math.Max(16, _count * 2));
        _fields.AsSpan(0, _count).CopyTo(larger);
        if (_fields.Length > 0) ArrayPool<HeaderField>.Shared.Return(_fields);
        _fields = larger;
    }

    private HandshakeHeaders ToHeaders() => new(Encoding.Latin1.GetString(_buffer, _headersStart, _length - _headersStart), _fields[.._count]);

    private void Fail(HandshakeError error)
    {
        _status = HeadStatus.Failed;
        Error = error;
    }
}
