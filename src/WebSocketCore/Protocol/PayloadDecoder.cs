using System.Buffers;
using System.Runtime.CompilerServices;
using WebSocketCore.Frames;
using WebSocketCore.Messages;

namespace WebSocketCore.Protocol;

/// <summary>
/// What lies between frames and message where an extension has encoded the payload: it is decoded as it arrives, straight into the message. The limits stand
/// here, above every extension, and apply to what comes out: no extension can skip them, and what would become too large is never made.
/// </summary>
internal sealed class PayloadDecoder(MessageDecoder decoder, MessageAssembler assembler, ArrayPool<byte> pool)
{
    /// <summary>A message that is handed out in parts is decoded up to about this length before it is handed out: a few bytes can become many.</summary>
    private const int MaxPart = 64 * 1024;

    private const int SmallPiece = 1024;
    private const int LargestPiece = 64 * 1024;
    private const int LargestHint = 32 * 1024;

    /// <summary>Begins a message. False: this one is not encoded.</summary>
    public bool Begin(MessageKind kind, ReservedBits bits) => decoder.Begin(kind, bits);

    /// <summary>Takes payload as it came over the wire, up to where a part is full.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="maskingKey">The frame's masking key; 0 where it is not masked.</param>
    /// <param name="phase">How many bytes of the frame's payload came before.</param>
    /// <param name="mode">Skip: what comes of it is dropped. Parts: it is handed out in parts.</param>
    /// <param name="taken">How many bytes were taken.</param>
    /// <param name="isFull">Whether a part is full, and there may be more.</param>
    public ProtocolError Take(ReadOnlySpan<byte> payload, uint maskingKey, long phase, ReceiveMode mode, out int taken, out bool isFull)
    {
        if (maskingKey == 0) return Decode(payload, endOfMessage: false, mode, out taken, out isFull);
        if (payload.Length <= SmallPiece) return UnmaskSmall(payload, maskingKey, phase, mode, out taken, out isFull);

        // Large pieces: a decoder that is called often has to look up what came before elsewhere than in its output.
        var unmasked = pool.Rent(Math.Min(payload.Length, LargestPiece));
        try
        {
            return Unmask(payload, unmasked, maskingKey, phase, mode, out taken, out isFull);
        }
        finally
        {
            pool.Return(unmasked);
        }
    }

    /// <summary>Ends the message. Where a part is full, call it again.</summary>
    public ProtocolError End(ReceiveMode mode, out bool isFull) => Decode([], endOfMessage: true, mode, out _, out isFull);

    /// <summary>Gives up the extension's memory, when nothing more is decoded.</summary>
    public void Release() => decoder.Dispose();

    [SkipLocalsInit]
    private ProtocolError UnmaskSmall(ReadOnlySpan<byte> payload, uint maskingKey, long phase, ReceiveMode mode, out int taken, out bool isFull) =>
        Unmask(payload, stackalloc byte[SmallPiece], maskingKey, phase, mode, out taken, out isFull);

    private ProtocolError Unmask(
        ReadOnlySpan<byte> payload, Span<byte> unmasked, uint maskingKey, long phase, ReceiveMode mode, out int taken, out bool isFull)
    {
        taken = 0;
        while (true)
        {
            var length = Math.Min(payload.Length - taken, unmasked.Length);
            Masking.Apply(payload.Slice(taken, length), unmasked, maskingKey, phase + taken);
            var error = Decode(unmasked[..length], endOfMessage: false, mode, out var consumed, out isFull);
            taken += consumed;
            if (error != ProtocolError.None || isFull || taken == payload.Length) return error;
        }
    }

    [SkipLocalsInit]
    private ProtocolError Decode(ReadOnlySpan<byte> encoded, bool endOfMessage, ReceiveMode mode, out int consumed, out bool isFull)
    {
        Span<byte> nowhere = mode == ReceiveMode.Skip ? stackalloc byte[SmallPiece] : default;
        consumed = 0;
        isFull = false;
        while (true)
        {
            var room = mode == ReceiveMode.Parts ? MaxPart - assembler.PayloadLength : Math.Min(assembler.Room, int.MaxValue - 1) + 1;
            isFull = room <= 0;
            if (isFull) return ProtocolError.None;

            var destination = mode == ReceiveMode.Skip ? nowhere : assembler.GetSpan(Math.Min(Expected(encoded.Length), LargestHint), (int)room);
            var status = decoder.Decode(encoded[consumed..], destination, endOfMessage, out var read, out var written);
            consumed += read;
            if (mode != ReceiveMode.Skip)
            {
                var error = assembler.OnDecoded(destination[..written], streamed: mode == ReceiveMode.Parts);
                if (error != ProtocolError.None) return error;
            }

            // Without progress there would be no end, and what is left over at the end would be lost.
            if (status == OperationStatus.Done) return consumed == encoded.Length ? ProtocolError.None : ProtocolError.UndecodableMessage;
            if (status != OperationStatus.DestinationTooSmall || (read == 0 && written == 0)) return ProtocolError.UndecodableMessage;
        }
    }

    // Text is often a sixth of its length when it is compressed. Room for more costs less than to ask twice.
    private static int Expected(int encodedLength) => (8 * encodedLength) + 256;
}
