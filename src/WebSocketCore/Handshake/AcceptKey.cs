using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace WebSocketCore.Handshake;

/// <summary>
/// The proof that a server understood the handshake: Sec-WebSocket-Key and the Sec-WebSocket-Accept that belongs to it (RFC 6455, section
/// 1.3).
/// </summary>
public static class AcceptKey
{
    /// <summary>How many characters a Sec-WebSocket-Key has: 16 bytes in base64.</summary>
    internal const int KeyLength = 24;

    /// <summary>How many characters a Sec-WebSocket-Accept has: 20 bytes in base64.</summary>
    internal const int AcceptLength = 28;

    private static readonly SearchValues<char> Base64Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    /// <summary>Creates a Sec-WebSocket-Key of 16 bytes from a cryptographic generator.</summary>
    public static string CreateKey()
    {
        Span<byte> nonce = stackalloc byte[16];
        RandomNumberGenerator.Fill(nonce);
        return Convert.ToBase64String(nonce);
    }

    /// <summary>Whether the text is the one base64 form of 16 bytes (RFC 6455, section 4.1).</summary>
    /// <param name="key">The value of a Sec-WebSocket-Key header.</param>
    public static bool IsValid(ReadOnlySpan<char> key) =>
        // RFC 4648 3.5: the last character before the padding carries two bits, and its other four MUST be zero.
        key.Length == KeyLength && key.EndsWith("==") && key[21] is 'A' or 'Q' or 'g' or 'w' && !key[..22].ContainsAnyExcept(Base64Characters);

    /// <summary>Computes the Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, section 4.2.2): 28 characters.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="ArgumentException"><paramref name="key"/> is not valid (<see cref="IsValid"/>).</exception>
    public static string Compute(ReadOnlySpan<char> key)
    {
        Span<byte> accept = stackalloc byte[AcceptLength];
        Write(key, accept);
        return Encoding.ASCII.GetString(accept);
    }

    /// <summary>Writes the Sec-WebSocket-Accept for a key as 28 ASCII bytes.</summary>
    internal static void Write(ReadOnlySpan<char> key, Span<byte> destination)
    {
        if (!IsValid(key)) throw new ArgumentException(HandshakeError.InvalidKey.Message(), nameof(key));
        var guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;
        Span<byte> text = stackalloc byte[KeyLength + guid.Length];
        Encoding.ASCII.GetBytes(key, text);
        guid.CopyTo(text[KeyLength..]);
        Span<byte> hash = stackalloc byte[Sha1.HashSize];
        Sha1.Hash(text, hash);
        var status = System.Buffers.Text.Base64.EncodeToUtf8(hash, destination, out _, out int written);
        Debug.Assert(status == OperationStatus.Done && written == AcceptLength);
    }
}
