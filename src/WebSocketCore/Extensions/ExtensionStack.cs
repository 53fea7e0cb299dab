using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Extensions;

/// <summary>What all extensions of a connection together do with its messages.</summary>
internal static class ExtensionStack
{
    /// <summary>Makes the encoder and the decoder; null without extensions.</summary>
    /// <param name="extensions">The extensions, in the order of the response.</param>
    /// <param name="pool">Where they take their buffers from.</param>
    public static (MessageEncoder? Encoder, MessageDecoder? Decoder, ReservedBits Claimed) Create(
        IReadOnlyList<NegotiatedExtension> extensions, ArrayPool<byte> pool)
    {
        MessageEncoder? encoder = null;
        MessageDecoder? decoder = null;
        var claimed = ReservedBits.None;
        for (var i = 0; i < extensions.Count; i++)
        {
            var nextEncoder = extensions[i].CreateEncoder(pool);
            var nextDecoder = extensions[i].CreateDecoder(pool);
            encoder = encoder is null ? nextEncoder : new ChainedEncoder(encoder, nextEncoder, pool);

            // What was encoded last is decoded first.
            decoder = decoder is null ? nextDecoder : new ChainedDecoder(nextDecoder, extensions[i].ReservedBits, decoder, claimed, pool);
            claimed |= extensions[i].ReservedBits;
        }
        return (encoder, decoder, claimed);
    }
}
