using System.Buffers;
using System.Text;
using WebSocketCore.Extensions;
using WebSocketCore.Frames;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Extensions;

/// <summary>Several extensions, one after the other, with pieces and room of all sizes.</summary>
public class TransformChainTests
{
    public static TheoryData<string> Stacks => ["d", "2", "2d", "d2", "23", "2d3", "d23", "23d"];

    // The rooms of an encoder have at least 64 bytes; a decoder's may have one.
    [Theory]
    [MemberData(nameof(Stacks))]
    public void What_a_chain_encodes_a_chain_decodes(string extensions)
    {
        var random = new Random(extensions.Length + extensions[0]);
        var pool = new CountingPool();
        var (encoder, _, claimed) = ExtensionStack.Create(Agree(extensions), pool);
        var (_, decoder, _) = ExtensionStack.Create(Agree(extensions), pool);
        for (var round = 0; round < 80; round++)
        {
            var message = Message(random, round % 10 == 0 ? random.Next(100_000) : random.Next(500));
            var options = random.Next(6) == 0 ? MessageOptions.DisableCompression : MessageOptions.None;
            var encodes = encoder!.Begin(MessageKind.Binary, random.Next(2) == 0 ? message.Length : null, options, out var bits);
            encodes.Should().Be(options == MessageOptions.None);
            decoder!.Begin(MessageKind.Binary, bits).Should().Be(encodes);
            if (!encodes) continue;
            bits.Should().Be(claimed);

            var wire = new List<byte>();
            var left = message.AsSpan();
            while (random.Next(4) != 0)
            {
                var length = random.Next(left.Length + 1);
                var end = (EncodingEnd)random.Next(2);
                Encode(encoder, left[..length], end, random, wire);
                left = left[length..];
            }
            Encode(encoder, left, EncodingEnd.Message, random, wire);
            Decode(decoder, [.. wire], random).Should().Equal(message, "it is message {0}", round);
            pool.Outstanding.Should().Be(0, "between messages a chain holds nothing");
        }

        // Given up in mid-message.
        encoder!.Begin(MessageKind.Binary, null, MessageOptions.None, out var last);
        decoder!.Begin(MessageKind.Binary, last);
        encoder.Encode(new byte[10], new byte[64], EncodingEnd.None, out _, out _);
        decoder.Decode([], new byte[1], endOfMessage: false, out _, out _);
        encoder.Dispose();
        decoder.Dispose();
        pool.Outstanding.Should().Be(0);
    }

    // What a fragment holds can be decoded before the next one comes.
    [Theory]
    [MemberData(nameof(Stacks))]
    public void The_end_of_a_fragment_goes_through_the_whole_chain(string extensions)
    {
        var random = new Random(1);
        var (encoder, decoder, _) = ExtensionStack.Create(Agree(extensions), ArrayPool<byte>.Shared);
        encoder!.Begin(MessageKind.Text, null, MessageOptions.None, out var bits);
        decoder!.Begin(MessageKind.Text, bits);
        foreach (var fragment in new[] { "first", "", "second, second", "x" })
        {
            var wire = new List<byte>();
            Encode(encoder, Encoding.ASCII.GetBytes(fragment), EncodingEnd.Fragment, random, wire);
            var decoded = new byte[100];
            decoder.Decode(wire.ToArray(), decoded, endOfMessage: false, out _, out var written).Should().Be(OperationStatus.Done);
            Encoding.ASCII.GetString(decoded, 0, written).Should().Be(fragment);
        }
        encoder.Dispose();
        decoder.Dispose();
    }

    // Each sees the bits that it claims, as if it were alone.
    [Fact]
    public void A_decoder_does_not_see_the_bits_of_others()
    {
        var seen = new List<(string Name, ReservedBits Bits)>();
        NegotiatedExtension[] extensions = [.. new[] { ReservedBits.Rsv1, ReservedBits.Rsv2, ReservedBits.Rsv3, ReservedBits.None }.Select(bit => new Noting(bit, seen))];
        var (encoder, decoder, _) = ExtensionStack.Create(extensions, ArrayPool<byte>.Shared);
        decoder!.Begin(MessageKind.Text, ReservedBits.Rsv1 | ReservedBits.Rsv3);
        seen.Should().BeEquivalentTo(new[]
        {
            ("Rsv1", ReservedBits.Rsv1), ("Rsv2", ReservedBits.None), ("Rsv3", ReservedBits.Rsv3), ("None", ReservedBits.None),
        });
        encoder!.Dispose();
        decoder.Dispose();
    }

    // A part that is full is handed out; the bytes behind it come with others that have arrived meanwhile.
    [Theory]
    [InlineData(WebSocketRole.Server, 1000)]
    [InlineData(WebSocketRole.Client, 1000)]
    [InlineData(WebSocketRole.Client, 1)]
    [InlineData(WebSocketRole.Client, 100_000)]
    public async Task A_chain_decodes_what_is_received_in_parts(WebSocketRole role, int piece)
    {
        var random = new Random(piece);
        foreach (var extensions in new[] { "2d", "d2", "2d3" })
        {
            var (encoder, unused, _) = ExtensionStack.Create(Agree(extensions), ArrayPool<byte>.Shared);
            var (connection, peer) = RawPeer.Connect(role, extensions: Agree(extensions));
            var first = new byte[300_000];
            first.AsSpan(100_000, 50_000).Fill(7);
            foreach (var message in new[] { first, Message(random, 1000), first })
            {
                encoder!.Begin(MessageKind.Binary, null, MessageOptions.None, out var bits);
                var payload = new List<byte>();
                Encode(encoder, message, EncodingEnd.Message, random, payload);
                var wire = peer.OnWire([.. Wire.Frame((byte)(0x02 | (byte)bits), payload[..(payload.Count / 2)].ToArray()), .. Wire.Frame(0x80, payload[(payload.Count / 2)..].ToArray())]);
                var received = new List<byte>();
                var reading = Task.Run(async () =>
                {
                    using var reader = (await connection.ReceiveStreamingAsync())!;
                    while (await reader.ReadAsync() is { } part) received.AddRange(part.ToArray());
                });
                for (var start = 0; start < wire.Length; start += piece) await peer.SendBytesAsync(wire.AsMemory(start, Math.Min(piece, wire.Length - start)));
                await reading.Within();
                received.Should().Equal(message);
            }
            encoder!.Dispose();
            unused!.Dispose();
            connection.Abort();
        }
    }

    // One that leaves bytes and says that it is done, or does nothing and wants more room, must neither hold the connection up nor lose anything unnoticed.
    [Theory]
    [InlineData(OperationStatus.Done)]
    [InlineData(OperationStatus.DestinationTooSmall)]
    [InlineData(OperationStatus.NeedMoreData)]
    public async Task An_extension_that_does_nothing_ends_the_connection(OperationStatus status)
    {
        var idle = new Noting(ReservedBits.Rsv1, [], status);
        foreach (var extensions in new NegotiatedExtension[][] { [idle], [idle, .. Agree("2")], [.. Agree("2"), idle] })
        {
            foreach (var role in new[] { WebSocketRole.Server, WebSocketRole.Client })
            {
                var (receiving, peer) = RawPeer.Connect(role, extensions: extensions);
                await peer.SendAsync(extensions.Length == 1 ? "c102 6161" : "e102 6161");
                var failure = await receiving.Awaiting(ws => ws.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
                failure.Which.Error.Should().Be(ProtocolError.UndecodableMessage);

                var (sending, _) = RawPeer.Connect(role, extensions: extensions);
                await sending.Awaiting(ws => ws.SendTextAsync("abc").Within()).Should().ThrowAsync<InvalidOperationException>();
                (await sending.Closed.Within()).Cause.Should().Be(ClosureCause.Aborted);
            }
        }
    }

    private static NegotiatedExtension[] Agree(string extensions) => [.. extensions.Select(extension => extension switch
    {
        'd' => new PermessageDeflate { Threshold = 0 }.Accept(ExtensionParameters.None)!,
        '2' => new DoublingExtension("two", ReservedBits.Rsv2).Agree(),
        _ => new DoublingExtension("three", ReservedBits.Rsv3).Agree(),
    })];

    private static byte[] Message(Random random, int size)
    {
        var message = new byte[size];
        random.NextBytes(message);
        for (var i = 0; i < size; i++)
        {
            if (i % 100 > 60) message[i] = message[i - random.Next(1, 50)];
        }
        return message;
    }

    private static void Encode(MessageEncoder encoder, ReadOnlySpan<byte> source, EncodingEnd end, Random random, List<byte> wire)
    {
        while (true)
        {
            var room = new byte[random.Next(64, random.Next(2) == 0 ? 80 : 9000)];
            var status = encoder.Encode(source, room, end, out var consumed, out var written);
            wire.AddRange(room[..written]);
            source = source[consumed..];
            if (status == OperationStatus.Done)
            {
                source.IsEmpty.Should().BeTrue();
                return;
            }
            status.Should().Be(OperationStatus.DestinationTooSmall);
            (consumed + written).Should().BePositive();
        }
    }

    // What was not taken may come again with more behind it.
    private static byte[] Decode(MessageDecoder decoder, byte[] wire, Random random)
    {
        var decoded = new List<byte>();
        var start = 0;
        var end = 0;
        while (true)
        {
            end = Math.Min(wire.Length, end + random.Next(random.Next(2) == 0 ? 3 : 10_000));
            var room = new byte[random.Next(1, random.Next(2) == 0 ? 8 : 9000)];
            var status = decoder.Decode(wire.AsSpan(start, end - start), room, endOfMessage: false, out var consumed, out var written);
            decoded.AddRange(room[..written]);
            start += consumed;
            if (status == OperationStatus.Done) start.Should().Be(end, "all is taken when it is done");
            else status.Should().Be(OperationStatus.DestinationTooSmall);
            if (status == OperationStatus.Done && end == wire.Length) break;
        }
        while (true)
        {
            var room = new byte[random.Next(1, 8)];
            var status = decoder.Decode([], room, endOfMessage: true, out _, out var written);
            decoded.AddRange(room[..written]);
            if (status == OperationStatus.Done) return [.. decoded];
            status.Should().Be(OperationStatus.DestinationTooSmall);
        }
    }

    /// <summary>Notes the bits that its decoders see. With a status, it does nothing else than to give that.</summary>
    private sealed class Noting(ReservedBits bit, List<(string, ReservedBits)> seen, OperationStatus? status = null)
        : NegotiatedExtension(new DoublingExtension(bit.ToString(), bit), ExtensionParameters.None)
    {
        public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) => new Encoder(ReservedBits, status);

        public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => new Decoder(Name, seen, status);

        private sealed class Encoder(ReservedBits bits, OperationStatus? status) : MessageEncoder
        {
            public override bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits)
            {
                reservedBits = bits;
                return status is not null;
            }

            public override OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written)
            {
                consumed = written = 0;
                return status!.Value;
            }

            protected override void Dispose(bool disposing)
            {
            }
        }

        private sealed class Decoder(string name, List<(string, ReservedBits)> seen, OperationStatus? status) : MessageDecoder
        {
            public override bool Begin(MessageKind kind, ReservedBits reservedBits)
            {
                seen.Add((name, reservedBits));
                return status is not null;
            }

            public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written)
            {
                consumed = written = 0;
                return status!.Value;
            }

            protected override void Dispose(bool disposing)
            {
            }
        }
    }
}
