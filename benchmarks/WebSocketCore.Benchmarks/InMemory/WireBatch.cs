using WebSocketCore.Frames;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>What a peer sends at once: some messages of one frame each, every one with its own payload and, from a client, its own masking key.</summary>
internal sealed class WireBatch
{
    public WireBatch(Content content, int size, int messages, bool masked)
    {
        var random = new Random(6455);
        Payloads = new byte[messages][];
        using var wire = new MemoryStream();
        Span<byte> head = stackalloc byte[FrameHeaderParser.MaxLength];
        for (var i = 0; i < messages; i++)
        {
            var payload = Payloads[i] = content.Create(size, random);
            var header = new FrameHeader((Opcode)content.Kind(), size, maskingKey: masked ? (uint)random.NextInt64(1, uint.MaxValue) : null);
            wire.Write(head[..FrameHeaderWriter.Write(head, header)]);
            var sent = payload.ToArray();
            Masking.Apply(sent, header.MaskingKey);
            wire.Write(sent);
        }
        Bytes = wire.ToArray();
    }

    public byte[][] Payloads { get; }

    public byte[] Bytes { get; }
}
