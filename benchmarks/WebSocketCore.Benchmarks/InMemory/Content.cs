using System.Text;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>What messages hold.</summary>
public enum Content
{
    Binary,
    Ascii,
    Chinese,
}

internal static class ContentExtensions
{
    public static MessageKind Kind(this Content content) => content == Content.Binary ? MessageKind.Binary : MessageKind.Text;

    /// <summary>A payload of exactly this many bytes.</summary>
    public static byte[] Create(this Content content, int size, Random random)
    {
        var payload = new byte[size];
        switch (content)
        {
            case Content.Binary:
                random.NextBytes(payload);
                break;

            case Content.Ascii:
                for (var i = 0; i < size; i++) payload[i] = (byte)random.Next(' ', 0x7F);
                break;

            case Content.Chinese:
                // The common characters, three bytes each; what is left over at the end is full stops.
                payload.AsSpan().Fill((byte)'.');
                for (var i = 0; i + 3 <= size; i += 3) new Rune(random.Next(0x4E00, 0x9FA6)).EncodeToUtf8(payload.AsSpan(i));
                break;
        }
        return payload;
    }
}
