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

    /// <summary>How many bytes the <see cref="Payload"/> has.</summary>
    public long Length { get; private init; } = payload.Length;

    /// <summary>Whether extensions have done what they do: the frame goes out as it is.</summary>
    public bool IsPrepared { get; init; }

    /// <summary>Whether, of a frame that <see cref="IsPrepared"/>, they have encoded it, with a bit set or without.</summary>
    public bool IsEncoded { get; init; }

    /// <summary>Whether the header was written before and lies in front of the payload.</summary>
    public bool IsWritten { get; private init; }

    /// <summary>How many bytes go out, or a few more.</summary>
    public long MaxLength => Length + FrameHeaderParser.MaxLength;

    /// <summary>The frame with its header in front of its payload. Not for a client, whose frames are masked each in its own way.</summary>
    public OutgoingFrame WithWrittenHeader(in ReadOnlySequence<byte> headerAndPayload) =>
        this with { Payload = headerAndPayload, Length = headerAndPayload.Length, IsWritten = true };

    /// <summary>The frame with a copy of its bytes.</summary>
    public OutgoingFrame Copy() => this with { Payload = new ReadOnlySequence<byte>(Payload.ToArray()) };
}
