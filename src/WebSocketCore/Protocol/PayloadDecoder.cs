using System.Buffers;
using System.Runtime.CompilerServices;
using WebSocketCore.Frames;
using WebSocketCore.Messages;

namespace WebSocketCore.Protocol;

/// <summary>
/// What lies between frames and message where an extension has encoded the payload: it is decoded as it arrives, straight into the message. The limits stand
/// here, above every extension, and apply to what comes out: no extension can skip them, and what would become too large is never made.
/// </summary>
internal sealed class PayloadDecoder(MessageDecoder decoder, MessageAssembler assembler)
{
    /// <summary>A message that is handed out in parts is decoded up to about this length before it is handed out: a few bytes can become many.</summary>
    private const int MaxPart = 64 * 1024;

    private const int PieceLength = 4 * 1024;
    private const int LargestHint = 16 * 1024;

    /// <summary>Begins a message. False: this one is not encoded.</summary>
    public bool Begin(MessageKind kind, ReservedBits bits) => decoder.Begin(kind, bits);

    /// <summary>Takes payload as it came over the wire, up to where a part is full.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="maskingKey">The frame's masking key; 0 where it is not masked.</param>
    /// <param name="phase">How many bytes of the frame's payload came before.</param>
    /// <param name="mode">Skip: what comes of it is dropped. Parts: it is handed out in parts.</param>
    /// <param name="taken">How many bytes were taken.</param>
    /// <param name="isFull">Whether a part is full, and there may be more.</param>
    [SkipLocalsInit]
    public ProtocolError Take(ReadOnlySpan<byte> payload, uint maskingKey, long phase, ReceiveMode mode, out int taken, out bool isFull)
    {
        Span<byte> unmasked = stackalloc byte[PieceLength];
        taken = 0;
        while (true)
        {
            scoped var piece = payload[taken..];
            if (maskingKey != 0)
            {
                if (piece.Length > PieceLength) piece = piece[..PieceLength];
                Masking.Apply(piece, unmasked, maskingKey, phase + taken);
                piece = unmasked[..piece.Length];
            }
            var error = Decode(piece, endOfMessage: false, mode, out var consumed, out isFull);
            taken += consumed;
            if (error != ProtocolError.None || isFull || taken == payload.Length) return error;
        }
    }

    /// <summary>Ends the message. Where a part is full, call it again.</summary>
    public ProtocolError End(ReceiveMode mode, out bool isFull) => Decode([], endOfMessage: true, mode, out _, out isFull);

    /// <summary>Gives up the extension's memory, when nothing more is decoded.</summary>
    public void Release() => decoder.Dispose();

    [SkipLocalsInit]
    private ProtocolError Decode(ReadOnlySpan<byte> encoded, bool endOfMessage, ReceiveMode mode, out int consumed, out bool isFull)
    {
        Span<byte> nowhere = mode == ReceiveMode.Skip ? stackalloc byte[PieceLength] : default;
        consumed = 0;
        isFull = false;
        while (true)
        {
            var room = mode == ReceiveMode.Parts ? MaxPart - assembler.PayloadLength : Math.Min(assembler.Room, int.MaxValue - 1) + 1;
            isFull = room <= 0;
            if (isFull) return ProtocolError.None;

            var destination = mode == ReceiveMode.Skip ? nowhere : assembler.GetSpan(Math.Clamp(4 * encoded.Length, 256, LargestHint), (int)room);
            var status = decoder.Decode(encoded[consumed..], destination, endOfMessage, out var read, out var written);
            consumed += read;
            if (mode != ReceiveMode.Skip)
            {
                var error = assembler.OnDecoded(destination[..written], streamed: mode == ReceiveMode.Parts);
                if (error != ProtocolError.None) return error;
            }
            if (status == OperationStatus.Done) return ProtocolError.None;

            // Without progress there would be no end.
            if (status != OperationStatus.DestinationTooSmall || (read == 0 && written == 0)) return ProtocolError.UndecodableMessage;
        }
    }
}
