using System.Buffers;
using System.Text;
using WebSocketCore.Handshake;

namespace LoadTest.Traffic;

/// <summary>
/// The opening handshake of all connections of a run: one request, prepared in advance, with one key. A response is judged by all rules, unless it is
/// to the byte one that has passed before.
/// </summary>
internal sealed class Upgrade
{
    private const int MaxHeadLength = 8 * 1024;

    private readonly ClientHandshake _handshake;
    private byte[] _passed = [];

    public Upgrade(Uri uri)
    {
        _handshake = new ClientHandshake(uri);
        var request = new ArrayBufferWriter<byte>();
        _handshake.WriteRequest(request);
        Request = request.WrittenSpan.ToArray();
    }

    /// <summary>The request as it goes over the wire.</summary>
    public ReadOnlyMemory<byte> Request { get; }

    /// <summary>Reads the response at the start of the bytes.</summary>
    /// <returns>The length of its head; 0 when more bytes are needed.</returns>
    /// <exception cref="LoadException">The server did not upgrade, or breaks a rule.</exception>
    public int Read(ReadOnlySpan<byte> bytes)
    {
        if (_passed.Length > 0 && bytes.StartsWith(_passed)) return _passed.Length;

        int end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            if (bytes.Length > MaxHeadLength) throw new LoadException("The head of the response does not end.");
            return 0;
        }
        Judge(Encoding.Latin1.GetString(bytes[..end]));
        _passed = bytes[..(end + 4)].ToArray();
        return _passed.Length;
    }

    private void Judge(string head)
    {
        string[] lines = head.Split("\r\n");
        if (!lines[0].StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || lines[0].Length < 12 || !int.TryParse(lines[0].AsSpan(9, 3), out int status))
            throw new LoadException($"The response is not HTTP/1.1: {lines[0]}");

        HandshakeHeaders headers;
        try
        {
            headers = new HandshakeHeaders(lines.Skip(1).Select(line => line.Split(':', 2)).Select(pair => KeyValuePair.Create(pair[0], pair.ElementAtOrDefault(1) ?? "")));
        }
        catch (ArgumentException exception)
        {
            throw new LoadException($"The response has a malformed header: {exception.Message}");
        }
        var error = _handshake.Check(new HandshakeResponse(status, lines[0][12..].TrimStart(), headers), out _, out _);
        if (error != HandshakeError.None) throw new LoadException($"The server did not upgrade ({lines[0]}): {error.Message()}");
    }
}
