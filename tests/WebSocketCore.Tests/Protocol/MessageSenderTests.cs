using System.Buffers;
using System.Buffers.Binary;
using WebSocketCore.Frames;
using WebSocketCore.Protocol;
using WebSocketCore.Tests.Frames;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Protocol;

public class MessageSenderTests
{
    private static readonly byte[] Payload = new byte[70_000];

    static MessageSenderTests() => new Random(1).NextBytes(Payload);

    [Theory]
    [InlineData(Opcode.Text, true, "48656C6C6F", "810548656C6C6F")]
    [InlineData(Opcode.Text, false, "48656C", "010348656C")]
    [InlineData(Opcode.Continuation, true, "6C6F", "80026C6F")]
    [InlineData(Opcode.Continuation, false, "", "0000")]
    [InlineData(Opcode.Binary, true, "FF", "8201FF")]
    [InlineData(Opcode.Close, true, "03E8", "880203E8")]
    [InlineData(Opcode.Ping, true, "", "8900")]
    [InlineData(Opcode.Pong, true, "48656C6C6F", "8A0548656C6C6F")]
    public void Each_role_writes_its_own_frames(Opcode opcode, bool fin, string payload, string frame)
    {
        Convert.ToHexString(Write(WebSocketRole.Server, opcode, fin, new(Convert.FromHexString(payload)))).Should().Be(frame);

        var masked = Write(WebSocketRole.Client, opcode, fin, new(Convert.FromHexString(payload)));
        masked[1].Should().Be((byte)(0x80 | payload.Length / 2));
        Convert.ToHexString(Unmask(masked, headerLength: 2)).Should().Be(frame);
    }

    [Theory]
    [InlineData(0, "8200")]
    [InlineData(125, "827D")]
    [InlineData(126, "827E007E")]
    [InlineData(65_535, "827EFFFF")]
    [InlineData(65_536, "827F0000000000010000")]
    [InlineData(70_000, "827F0000000000011170")]
    public void The_length_takes_its_shortest_form_and_the_payload_follows_whole(int length, string header)
    {
        var payload = Payload.AsMemory(0, length);
        byte[] expected = [.. Convert.FromHexString(header), .. payload.Span];
        ReadOnlySequence<byte>[] shapes =
        [
            new(payload),
            Segments.Of(payload[..(length / 3)], default, payload[(length / 3)..(length / 2)], payload[(length / 2)..]),
        ];
        foreach (var shape in shapes)
        {
            // However small the writer's spans are, and whatever lies in them.
            foreach (var spanLength in new[] { 1, 3, 4096, 100_000 })
            {
                Write(WebSocketRole.Server, Opcode.Binary, true, shape, spanLength).AsSpan().SequenceEqual(expected).Should().BeTrue();
                var masked = Write(WebSocketRole.Client, Opcode.Binary, true, shape, spanLength);
                Unmask(masked, header.Length / 2).AsSpan().SequenceEqual(expected).Should().BeTrue();
            }
        }
    }

    [Fact]
    public void A_payload_may_follow_its_header_in_pieces()
    {
        foreach (var role in new[] { WebSocketRole.Server, WebSocketRole.Client })
        {
            var output = new PoisonedWriter(5);
            var mask = new MessageSender(role).WriteHeader(output, new OutgoingFrame(Opcode.Text, fin: true, new ReadOnlySequence<byte>(new byte[1000])));
            var written = 0;
            for (var piece = 0; written < 1000; piece++)
            {
                var length = Math.Min(piece, 1000 - written);
                MessageSender.WritePayload(output, Payload.AsSpan(written, length), ref mask);
                written += length;
            }

            mask.Phase.Should().Be(1000);
            var frame = role == WebSocketRole.Client ? Unmask(output.ToArray(), 4) : output.ToArray();
            frame.AsSpan().SequenceEqual([.. Convert.FromHexString("817E03E8"), .. Payload[..1000]]).Should().BeTrue();
        }
    }

    // RFC 6455 5.3: "The masking key needs to be unpredictable", a fresh one for each frame.
    [Fact]
    public void Every_client_frame_has_a_key_of_its_own()
    {
        var keys = Enumerable.Range(0, 1000)
            .Select(_ => BinaryPrimitives.ReadUInt32LittleEndian(Write(WebSocketRole.Client, Opcode.Ping, true, default).AsSpan(2)));
        keys.Distinct().Count().Should().BeGreaterThanOrEqualTo(999);
    }

    [Fact]
    public void A_key_of_zero_leaves_the_payload_as_it_is()
    {
        var output = new PoisonedWriter(3);
        var mask = new MessageSender.PayloadMask(0, 0);
        MessageSender.WritePayload(output, "Hello"u8, ref mask);
        output.ToArray().Should().Equal("Hello"u8.ToArray());
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void What_is_sent_is_what_the_peer_receives(WebSocketRole role)
    {
        var sender = new MessageSender(role);
        var output = new ArrayBufferWriter<byte>();
        sender.WriteFrame(output, Opcode.Text, fin: false, "Hel"u8);
        sender.WriteFrame(output, Opcode.Ping, fin: true, "p"u8);
        sender.WriteFrame(output, new OutgoingFrame(Opcode.Continuation, fin: true, Segments.OnePerByte("lo"u8.ToArray())));
        sender.WriteFrame(output, new OutgoingFrame(Opcode.Binary, fin: true, default));
        sender.WriteFrame(output, Opcode.Close, fin: true, [0x03, 0xE8]);

        var run = new ReceiverRun(role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client);
        run.Feed(output.WrittenSpan);
        run.Log.Should().Be("Ping 70 | Text 48656C6C6F | Binary | Close 1000");
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void Nothing_is_allocated_per_frame(WebSocketRole role)
    {
        var output = new ArrayBufferWriter<byte>(200_000);
        var segments = Segments.Of(Payload.AsMemory(0, 10), Payload.AsMemory(10));
        var least = long.MaxValue;

        // The runtime may allocate something of its own, but not every time.
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();

            // More frames than keys are fetched at a time.
            for (var i = 0; i < 100; i++)
            {
                var sender = new MessageSender(role);
                output.ResetWrittenCount();
                sender.WriteFrame(output, Opcode.Text, fin: true, "Hello"u8);
                sender.WriteFrame(output, new OutgoingFrame(Opcode.Binary, fin: true, segments));
            }
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        least.Should().Be(0);
    }

    private static byte[] Write(WebSocketRole role, Opcode opcode, bool fin, in ReadOnlySequence<byte> payload, int spanLength = 64)
    {
        var output = new PoisonedWriter(spanLength);
        new MessageSender(role).WriteFrame(output, new OutgoingFrame(opcode, fin, payload));
        if (role == WebSocketRole.Server && payload.IsSingleSegment)
        {
            var bySpan = new PoisonedWriter(spanLength);
            new MessageSender(role).WriteFrame(bySpan, opcode, fin, payload.FirstSpan);
            bySpan.ToArray().AsSpan().SequenceEqual(output.ToArray()).Should().BeTrue("both overloads write the same");
        }

        return output.ToArray();
    }

    /// <summary>The frame as a server would have sent it. By the RFC's formula, a byte at a time.</summary>
    private static byte[] Unmask(byte[] frame, int headerLength)
    {
        (frame[1] & 0x80).Should().Be(0x80, "a client masks");
        var key = frame[headerLength..(headerLength + 4)];
        byte[] plain = [.. frame[..headerLength], .. frame[(headerLength + 4)..]];
        plain[1] &= 0x7F;
        for (var i = headerLength; i < plain.Length; i++) plain[i] ^= key[(i - headerLength) % 4];
        return plain;
    }

    /// <summary>Hands out spans of one length, or as long as is asked, full of bytes that must not come out.</summary>
    private sealed class PoisonedWriter(int spanLength) : IBufferWriter<byte>
    {
        private readonly List<byte> _written = [];
        private byte[] _span = [];

        public byte[] ToArray() => [.. _written];

        public void Advance(int count)
        {
            _written.AddRange(_span.AsSpan(0, count));
            _span = [];
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            _span = new byte[Math.Max(sizeHint, spanLength)];
            _span.AsSpan().Fill(CountingPool.Fresh);
            return _span;
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
