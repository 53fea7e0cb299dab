using System.Buffers;
using System.Text;
using WebSocketCore.Frames;
using WebSocketCore.Tests.Frames;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class PreparedMessageTests
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 40).Select(i => $"{{\"id\":{i},\"name\":\"é\"}},"));

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task It_goes_out_as_it_is_where_nothing_was_negotiated(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        using var text = PreparedMessage.Text("héllo");
        using var binary = PreparedMessage.Create(MessageKind.Binary, Segments.OnePerByte(Wire.Bytes(70_000)));
        using var empty = PreparedMessage.Create(MessageKind.Binary, ReadOnlyMemory<byte>.Empty);
        (text.Kind, text.Length, binary.Kind, binary.Length).Should().Be((MessageKind.Text, 6, MessageKind.Binary, 70_000));
        for (var i = 0; i < 2; i++)
        {
            foreach (var message in new[] { text, binary, empty }) await connection.SendAsync(message).Within();
            (await peer.ReceiveAsync()).Should().Be("8106 68c3a96c6c6f");
            (await peer.ReceiveFrameAsync())!.Should().BeEquivalentTo(new RawFrame(0x82, Wire.Bytes(70_000)));
            (await peer.ReceiveAsync()).Should().Be("8200");
        }
    }

    [Fact]
    public void What_is_no_message_is_not_prepared()
    {
        var pool = new CountingPool();
        ((Action)(() => PreparedMessage.Text("\ud800", pool: pool))).Should().Throw<ArgumentException>();
        ((Action)(() => PreparedMessage.Create(MessageKind.Text, new byte[] { 0xC3 }, pool: pool))).Should().Throw<ArgumentException>();
        ((Action)(() => PreparedMessage.Create((MessageKind)8, new byte[1], pool: pool))).Should().Throw<ArgumentOutOfRangeException>();
        ((Action)(() => PreparedMessage.Text(null!, pool: pool))).Should().Throw<ArgumentNullException>();
        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public async Task After_disposing_it_cannot_be_sent_and_sends_under_way_keep_its_memory()
    {
        var pool = new CountingPool();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        var message = PreparedMessage.Create(MessageKind.Binary, Wire.Bytes(200_000), pool: pool);
        var sending = connection.SendAsync(message).AsTask();
        sending.IsCompleted.Should().BeFalse("the transport is full");
        message.Dispose();
        message.Dispose();
        pool.Outstanding.Should().Be(1);
        await connection.Awaiting(ws => ws.SendAsync(message)).Should().ThrowAsync<ObjectDisposedException>();

        (await peer.ReceiveFrameAsync())!.Payload.Should().Equal(Wire.Bytes(200_000), "what is returned to the pool is overwritten");
        await sending.Within();
        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public async Task A_send_that_fails_or_is_cancelled_gives_the_memory_back()
    {
        var pool = new CountingPool();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        using (var message = PreparedMessage.Create(MessageKind.Binary, Wire.Bytes(200_000), pool: pool))
        {
            using var cancellation = new CancellationTokenSource();
            var cancelled = connection.SendAsync(message, cancellation.Token).AsTask();
            var queued = connection.SendAsync(message).AsTask();
            cancellation.Cancel();
            await cancelled.Awaiting(send => send.Within()).Should().ThrowAsync<OperationCanceledException>();
            connection.Abort();
            await queued.Awaiting(send => send.Within()).Should().ThrowAsync<WebSocketClosedException>();
            await connection.Awaiting(ws => ws.SendAsync(message).Within()).Should().ThrowAsync<WebSocketClosedException>();
            await connection.Awaiting(ws => ws.SendAsync(message, new CancellationToken(true)).Within()).Should().ThrowAsync<OperationCanceledException>();
        }
        pool.Outstanding.Should().Be(0);
    }

    // Connections of every window, with and without takeover, of both roles.
    [Fact]
    public async Task It_is_compressed_once_for_each_window_and_everybody_can_read_it()
    {
        var pool = new CountingPool();
        var expected = Encoding.UTF8.GetBytes(Text);
        var payloads = new Dictionary<int, byte[]>();
        using (var message = PreparedMessage.Text(Text, pool: pool))
        {
            foreach (var role in new[] { WebSocketRole.Server, WebSocketRole.Client })
            {
                foreach (var bits in new[] { 9, 10, 12, 15 })
                {
                    foreach (var keeps in new[] { true, false })
                    {
                        var (connection, peer) = Connect(role, bits, keeps);
                        var inflater = new StrictInflater(bits, keeps);
                        await connection.SendAsync(MessageKind.Text, expected).Within();
                        inflater.Inflate((await peer.ReceiveFrameAsync())!.Payload).Should().Equal(expected);

                        await connection.SendAsync(message).Within();
                        var frame = (await peer.ReceiveFrameAsync())!;
                        frame.First.Should().Be(0xC1);
                        inflater.Inflate(frame.Payload).Should().Equal(expected);
                        payloads.TryAdd(bits, frame.Payload);
                        frame.Payload.Should().Equal(payloads[bits], "it is the same for all with this window");

                        // What follows does not refer past the prepared message.
                        await connection.SendAsync(MessageKind.Text, expected).Within();
                        inflater.Inflate((await peer.ReceiveFrameAsync())!.Payload).Should().Equal(expected);
                        await connection.SendAsync(message).Within();
                        await connection.SendAsync(message).Within();
                        for (var i = 0; i < 2; i++) inflater.Inflate((await peer.ReceiveFrameAsync())!.Payload).Should().Equal(expected);
                        connection.Abort();
                    }
                }
            }
            pool.Outstanding.Should().Be(1 + payloads.Count);
        }
        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public async Task What_is_short_or_does_not_become_shorter_or_is_not_to_be_compressed_goes_out_as_it_is()
    {
        var (connection, peer) = Connect(WebSocketRole.Server, 15, keepsContext: true);
        using var shortOne = PreparedMessage.Text("short");
        using var random = PreparedMessage.Create(MessageKind.Binary, Wire.Bytes(1000));
        using var secret = PreparedMessage.Text(Text, MessageOptions.DisableCompression);
        foreach (var message in new[] { shortOne, random, secret })
        {
            await connection.SendAsync(message).Within();
            var frame = (await peer.ReceiveFrameAsync())!;
            (frame.First & 0x70).Should().Be(0);
            frame.Payload.Should().HaveCount(message.Length);
        }
    }

    // An extension without a key, and two extensions at once, encode for each connection.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_it_cannot_be_encoded_once_it_is_encoded_for_the_connection(bool chained)
    {
        var pair = new DuplexPair();
        var doubling = new DoublingExtension().Agree();
        NegotiatedExtension[] agreed = chained ? [new PermessageDeflate().Accept(ExtensionParameters.None)!, doubling] : [doubling];
        NegotiatedExtension[] confirmed = chained ? [new PermessageDeflate().Confirm(ExtensionParameters.None)!, doubling] : [doubling];
        var server = WebSocketConnection.FromUpgraded(pair.Server, WebSocketRole.Server, extensions: agreed);
        var client = WebSocketConnection.FromUpgraded(pair.Client, WebSocketRole.Client, extensions: confirmed);
        using var message = PreparedMessage.Text(Text);
        for (var i = 0; i < 3; i++)
        {
            await server.SendAsync(message).Within();
            await client.SendAsync(message).Within();
            (await client.ReceiveAsync().Within())!.Value.GetText().Should().Be(Text);
            (await server.ReceiveAsync().Within())!.Value.GetText().Should().Be(Text);
        }
        await Task.WhenAll(server.CloseAsync().AsTask(), client.CloseAsync().AsTask()).Within();
    }

    [Fact]
    public async Task Any_number_of_threads_send_it_and_it_is_encoded_once()
    {
        var extension = new KeyedExtension();
        var pool = new LimitedPool();
        for (var round = 0; round < 50; round++)
        {
            using var start = new Barrier(4);
            var message = PreparedMessage.Text(Text, pool: pool);
            var frames = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, extensions: extension.Agreed);
                start.SignalAndWait();
                try
                {
                    for (var i = 0; i < 10; i++) await connection.SendAsync(message);
                }
                catch (ObjectDisposedException)
                {
                    // The first who was done has disposed of it.
                }
                message.Dispose();
                var closing = connection.CloseAsync();
                peer.End();
                var received = await peer.ReceiveAllAsync();
                await closing;
                return received;
            }))).Within();
            frames.SelectMany(all => all[..^1]).Distinct().Should().ContainSingle().Which.Should().StartWith("a17e");
            frames.Should().Contain(all => all.Length == 11);
            extension.Encoded.Should().Be(round + 1);
        }
    }

    // Also where no bit says so.
    [Fact]
    public async Task The_encoder_is_told_of_what_was_encoded_without_it()
    {
        foreach (var bit in new[] { ReservedBits.Rsv1, ReservedBits.None })
        {
            var extension = new ForgettingExtension(bit);
            var (connection, _) = RawPeer.Connect(WebSocketRole.Server, extensions: extension);
            using var encoded = PreparedMessage.Text(Text);
            using var plain = PreparedMessage.Text(Text, MessageOptions.DisableCompression);
            await connection.SendAsync(plain).Within();
            extension.Forgotten.Should().Be(0);
            await connection.SendAsync(encoded).Within();
            await connection.SendAsync(encoded).Within();
            extension.Forgotten.Should().Be(2);
        }
    }

    private static (WebSocketConnection Connection, RawPeer Peer) Connect(WebSocketRole role, int bits, bool keepsContext)
    {
        var deflate = new PermessageDeflate
        {
            ServerMaxWindowBits = role == WebSocketRole.Server ? bits : 15,
            ClientMaxWindowBits = role == WebSocketRole.Client ? bits : 15,
            ServerNoContextTakeover = !keepsContext,
            ClientNoContextTakeover = !keepsContext,
        };
        var agreed = role == WebSocketRole.Server ? deflate.Accept(ExtensionParameters.None)! : deflate.Confirm(new PermessageDeflate
        {
            ServerNoContextTakeover = !keepsContext,
        }.Accept(ExtensionParameters.None)!.Parameters)!;
        return RawPeer.Connect(role, extensions: agreed);
    }

    /// <summary>Doubles every byte, and says that this can be done once for all. Counts how often it is.</summary>
    private sealed class KeyedExtension
    {
        private readonly DoublingExtension _doubling = new();
        private int _encoded;

        public KeyedExtension() => Agreed = new Keyed(this);

        public NegotiatedExtension Agreed { get; }

        public int Encoded => Volatile.Read(ref _encoded);

        private sealed class Keyed(KeyedExtension extension) : NegotiatedExtension(extension._doubling, ExtensionParameters.None)
        {
            private readonly NegotiatedExtension _doubled = extension._doubling.Agree();

            public override object? PreparationKey => "doubled";

            public override MessageEncoder CreatePreparingEncoder(ArrayPool<byte> pool)
            {
                Interlocked.Increment(ref extension._encoded);
                return _doubled.CreateEncoder(pool);
            }

            public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) => _doubled.CreateEncoder(pool);

            public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => _doubled.CreateDecoder(pool);
        }
    }

    /// <summary>Changes nothing, and counts how often its encoder is to forget.</summary>
    private sealed class ForgettingExtension(ReservedBits bit) : NegotiatedExtension(new DoublingExtension(bit: bit), ExtensionParameters.None)
    {
        public int Forgotten { get; private set; }

        public override object? PreparationKey => this;

        public override MessageEncoder CreatePreparingEncoder(ArrayPool<byte> pool) => new Encoder(this);

        public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) => new Encoder(this);

        public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => new DoublingExtension().Agree().CreateDecoder(pool);

        private sealed class Encoder(ForgettingExtension extension) : MessageEncoder
        {
            public override bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits)
            {
                var encodes = options == MessageOptions.None;
                reservedBits = encodes ? extension.ReservedBits : ReservedBits.None;
                return encodes;
            }

            public override OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written)
            {
                consumed = written = Math.Min(source.Length, destination.Length);
                source[..consumed].CopyTo(destination);
                return consumed == source.Length ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
            }

            public override void ForgetContext() => extension.Forgotten++;

            protected override void Dispose(bool disposing)
            {
            }
        }
    }
}
