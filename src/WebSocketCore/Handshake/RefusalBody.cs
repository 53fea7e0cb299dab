using System.Buffers.Text;
using System.Globalization;

namespace WebSocketCore.Handshake;

/// <summary>Reads the first bytes of the body with which a server refuses (RFC 9112, section 6). Lenient: a refusal is a refusal, however malformed.</summary>
internal static class RefusalBody
{
    /// <summary>Takes the body from what has been received so far.</summary>
    /// <param name="response">The head of the response.</param>
    /// <param name="received">All bytes behind the head.</param>
    /// <param name="max">How many bytes of the body are wanted at the most.</param>
    /// <param name="body">The body so far.</param>
    /// <returns>Whether this is all there is, or all that is wanted.</returns>
    public static bool TryRead(HandshakeResponse response, ReadOnlySpan<byte> received, int max, out byte[] body)
    {
        body = [];

        // RFC 9112 6.3: 1xx, 204 and 304 have no body; else Transfer-Encoding goes before Content-Length; else it ends with the connection.
        if (response.StatusCode is < 200 or 204 or 304) return true;
        if (response.Headers.TryGetValue(HeaderNames.TransferEncoding, out var coding) && coding.EndsWith("chunked", StringComparison.OrdinalIgnoreCase))
            return TryReadChunks(received, max, out body);
        if (response.Headers.TryGetValue(HeaderNames.ContentLength, out var text)
            && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            max = (int)Math.Min((ulong)max, length);
        }
        body = received[..Math.Min(received.Length, max)].ToArray();
        return body.Length == max;
    }

    private static bool TryReadChunks(ReadOnlySpan<byte> received, int max, out byte[] body)
    {
        var chunks = new List<byte>();
        var isComplete = false;
        while (!isComplete && received.IndexOf("\r\n"u8) is >= 0 and var lineLength)
        {
            // RFC 9112 7.1: chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF, the last of size 0.
            isComplete = !Utf8Parser.TryParse(received[..lineLength], out int size, out _, 'x') || size <= 0;
            if (isComplete) break;
            received = received[(lineLength + 2)..];
            var taken = Math.Min(Math.Min(size, received.Length), max - chunks.Count);
            chunks.AddRange(received[..taken]);
            isComplete = chunks.Count == max;
            if (received.Length < (long)size + 2) break;
            received = received[(size + 2)..];
        }
        body = [.. chunks];
        return isComplete;
    }
}
