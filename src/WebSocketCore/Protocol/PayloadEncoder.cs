using System.Buffers;
using WebSocketCore.Messages;

namespace WebSocketCore.Protocol;

/// <summary>Has an extension encode payload on its way into a frame.</summary>
internal static class PayloadEncoder
{
    private const int SmallestHint = 64;
    private const int LargestHint = 16 * 1024;

    /// <summary>Encodes payload.</summary>
    /// <param name="encoder">The extension's encoder, in a message.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="end">What ends behind it.</param>
    /// <param name="encoded">Gets what comes of it.</param>
    /// <exception cref="InvalidOperationException">The encoder did not do as it should.</exception>
    public static void Encode(MessageEncoder encoder, in ReadOnlySequence<byte> payload, EncodingEnd end, PayloadBuffer encoded)
    {
        if (payload.IsSingleSegment)
        {
            Encode(encoder, payload.FirstSpan, end, encoded);
            return;
        }
        foreach (var segment in payload) Encode(encoder, segment.Span, EncodingEnd.None, encoded);
        Encode(encoder, [], end, encoded);
    }

    private static void Encode(MessageEncoder encoder, ReadOnlySpan<byte> source, EncodingEnd end, PayloadBuffer encoded)
    {
        while (true)
        {
            var destination = encoded.GetSpan(Math.Clamp(source.Length / 2, SmallestHint, LargestHint));
            var status = encoder.Encode(source, destination, end, out var consumed, out var written);
            encoded.Advance(written);
            source = source[consumed..];
            if (status == OperationStatus.Done && source.IsEmpty) return;

            // Without progress there would be no end.
            if (status != OperationStatus.DestinationTooSmall || consumed + written == 0) throw new InvalidOperationException($"An extension could not encode a message: {status}.");
        }
    }
}
