using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Protocol;

/// <summary>A frame that is to be sent. Its bytes are its owner's until they have been written.</summary>
internal readonly struct OutgoingFrame(Opcode opcode, bool fin, in ReadOnlySequence<byte> payload, ReservedBits reservedBits = ReservedBits.None)
{
    public Opcode Opcode => opcode;

    public bool Fin => fin;

    public ReservedBits ReservedBits => reservedBits;

    /// <summary>The payload, unmasked; of a frame that is <see cref="IsWritten"/>, header and payload as they go over the wire.</summary>
    public ReadOnlySequence<byte> Payload { get; private init; } = payload;

    /// <summary>Whether the frame was written before, for many connections, and only needs to be copied. Not for a client: it masks every frame anew.</summary>
    public bool IsWritten { get; init; }

    /// <summary>How many bytes go out, or a few more.</summary>
    public long MaxLength => Payload.Length + FrameHeaderParser.MaxLength;

    /// <summary>The frame with a copy of its bytes.</summary>
    public OutgoingFrame Copy() => this with { Payload = new ReadOnlySequence<byte>(Payload.ToArray()) };
}
