using System.Buffers;

namespace WebSocketCore.Tests.Protocol;

/// <summary>
/// Conversations as hex, a frame a word, written as a server sends them. For a server that receives, every frame is masked, with a key of its own.
/// <c>61*5</c> repeats a byte; a colon may stand between parts of a frame; a word that begins with <c>=</c> goes onto the wire as it stands.
/// </summary>
internal static class Wire
{
    public static byte[] ToBytes(string frames, WebSocketRole receiver)
    {
        var wire = new List<byte>();
        foreach (var word in frames.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word[0] == '=') wire.AddRange(Expand(word[1..]));
            else if (receiver == WebSocketRole.Client) wire.AddRange(Expand(word));
            else wire.AddRange(Mask(Expand(word), wire.Count));
        }

        return [.. wire];
    }

    /// <summary>A payload in the notation of the conversations: hex, or one repeated byte.</summary>
    public static string Describe(in ReadOnlySequence<byte> payload)
    {
        var bytes = payload.ToArray();
        return bytes.Length > 32 && bytes.AsSpan().IndexOfAnyExcept(bytes[0]) < 0 ? $"{bytes[0]:X2}*{bytes.Length}" : Convert.ToHexString(bytes);
    }

    private static byte[] Expand(string word) =>
        [.. word.Split(':').SelectMany(part => part.Split('*') is [var value, var count]
            ? Enumerable.Repeat(Convert.ToByte(value, 16), int.Parse(count, System.Globalization.CultureInfo.InvariantCulture))
            : Convert.FromHexString(part))];

    private static byte[] Mask(byte[] frame, int seed)
    {
        var headerLength = (frame[1] & 0x7F) switch { 126 => 4, 127 => 10, _ => 2 };
        byte[] key = [(byte)(0x37 + seed), 0xFA, (byte)(0x21 + 3 * seed), 0x3D];
        frame[1] |= 0x80;
        var payload = frame[headerLength..];
        for (var i = 0; i < payload.Length; i++) payload[i] ^= key[i % 4];
        return [.. frame[..headerLength], .. key, .. payload];
    }
}
