using System.Buffers;
using System.Runtime.CompilerServices;
using WebSocketCore.Frames;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>What an extension holds is given up with the connection, however that ends, and what it throws ends the connection.</summary>
public class ExtensionLifeTests
{
    [Fact]
    public void Extensions_that_claim_the_same_bit_or_stand_twice_are_refused()
    {
        var doubling = new DoublingExtension();
        foreach (var other in new[] { new DoublingExtension("x-other"), new DoublingExtension(bit: ReservedBits.Rsv3) })
        {
            var pair = new DuplexPair();
            ((Action)(() => WebSocketConnection.FromUpgraded(pair.Server, WebSocketRole.Server, extensions: [doubling.Agree(), other.Agree()])))
                .Should().Throw<ArgumentException>().WithParameterName("extensions");
            (doubling.Alive + other.Alive).Should().Be(0, "nothing was made for a connection that is none");
        }
    }

    [Fact]
    public async Task A_handshake_makes_what_it_agrees_on_and_closing_gives_it_up_at_both_ends()
    {
        var server = new DoublingExtension();
        var client = new DoublingExtension();
        var pair = new DuplexPair();
        var accepting = WebSocketConnection.AcceptAsync(pair.Server, new WebSocketServerOptions { Extensions = [server] });
        var connected = await WebSocketConnection.ConnectAsync(pair.Client, new Uri("ws://localhost/"), new WebSocketClientOptions { Extensions = [client] }).Within();
        var accepted = await accepting.Within();
        connected.Extensions.Should().ContainSingle().Which.Name.Should().Be("x-double");
        accepted.Extensions.Should().ContainSingle().Which.ReservedBits.Should().Be(ReservedBits.Rsv2);
        (server.Alive, client.Alive).Should().Be((2, 2));

        await connected.SendTextAsync("abc").Within();
        (await accepted.ReceiveAsync().Within())!.Value.GetText().Should().Be("abc");
        await Task.WhenAll(accepted.CloseAsync().AsTask(), connected.CloseAsync().AsTask()).Within();
        (server.Alive, client.Alive).Should().Be((0, 0));
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("violation")]
    [InlineData("end of stream")]
    [InlineData("dispose")]
    [InlineData("peer's close")]
    [InlineData("abandoned message")]
    [InlineData("message in progress")]
    public async Task Every_end_gives_it_up(string how)
    {
        var extension = new DoublingExtension();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, extensions: extension.Agree());
        extension.Alive.Should().Be(2);
        switch (how)
        {
            case "abort":
                connection.Abort();
                break;

            case "violation":
                await peer.SendAsync("a103 616162");
                peer.End();
                await connection.Awaiting(ws => ws.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
                break;

            case "end of stream":
                peer.End();
                (await connection.ReceiveAsync().Within()).Should().BeNull();
                break;

            case "dispose":
                await peer.SendAsync("880203e8");
                peer.End();
                await connection.DisposeAsync().AsTask().Within();
                break;

            case "peer's close":
                await peer.SendAsync("2101 61", "880203e8");
                peer.End();
                (await connection.ReceiveAsync().Within()).Should().BeNull();
                break;

            case "abandoned message":
                await (await connection.StartMessageAsync(MessageKind.Text).Within()).DisposeAsync();
                peer.End();
                (await connection.ReceiveAsync().Within()).Should().BeNull();
                break;

            default:
                var writer = await connection.StartMessageAsync(MessageKind.Text).Within();
                await writer.WriteAsync("abc"u8.ToArray()).Within();
                connection.Abort();
                await writer.Awaiting(w => w.WriteAsync("abc"u8.ToArray()).Within()).Should().ThrowAsync<WebSocketClosedException>();
                break;
        }
        await connection.Closed.Within();
        extension.Alive.Should().Be(0);
        await connection.Awaiting(ws => ws.SendTextAsync("late").Within()).Should().ThrowAsync<WebSocketClosedException>();
    }

    [Fact]
    public async Task Compressors_and_decompressors_of_a_connection_that_was_forgotten_are_collected()
    {
        var forgotten = await ForgetAsync();
        for (var i = 0; i < 10 && forgotten.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        forgotten.IsAlive.Should().BeFalse();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Task<WeakReference> ForgetAsync()
        {
            var pair = new DuplexPair();
            var options = new WebSocketServerOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan };
            var connection = WebSocketConnection.FromUpgraded(pair.Server, WebSocketRole.Server, options, extensions: [new PermessageDeflate().Accept(ExtensionParameters.None)!]);
            await connection.SendTextAsync(new string('x', 1000));
            return new WeakReference(connection);
        }
    }

    [Fact]
    public async Task An_encoder_that_throws_loses_its_message_and_ends_the_connection()
    {
        foreach (var fragmented in new[] { false, true })
        {
            var (connection, _) = RawPeer.Connect(WebSocketRole.Server, extensions: new Broken());
            var send = async () =>
            {
                if (!fragmented)
                {
                    await connection.SendTextAsync("abc").Within();
                    return;
                }
                await using var writer = await connection.StartMessageAsync(MessageKind.Text).Within();
                await writer.WriteAsync("abc"u8.ToArray()).Within();
            };
            await send.Should().ThrowAsync<DivideByZeroException>();
            var closure = await connection.Closed.Within();
            closure.Cause.Should().Be(ClosureCause.Aborted);
            closure.TransportError.Should().BeOfType<DivideByZeroException>();
            await connection.Awaiting(ws => ws.SendTextAsync("abc").Within()).Should().ThrowAsync<WebSocketClosedException>();
        }
    }

    [Fact]
    public async Task A_decoder_that_throws_ends_the_connection()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, extensions: new Broken());
        await peer.SendAsync("a101 61");
        await connection.Awaiting(ws => ws.ReceiveAsync().Within()).Should().ThrowAsync<DivideByZeroException>();
        (await connection.Closed.Within()).TransportError.Should().BeOfType<DivideByZeroException>();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
    }

    private sealed class Broken() : NegotiatedExtension(new DoublingExtension(), ExtensionParameters.None)
    {
        public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) => new Encoder();

        public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => new Decoder();

        private sealed class Encoder : MessageEncoder
        {
            public override bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits)
            {
                reservedBits = ReservedBits.Rsv2;
                return true;
            }

            public override OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written) =>
                throw new DivideByZeroException();

            protected override void Dispose(bool disposing)
            {
            }
        }

        private sealed class Decoder : MessageDecoder
        {
            public override bool Begin(MessageKind kind, ReservedBits reservedBits) => true;

            public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written) =>
                throw new DivideByZeroException();

            protected override void Dispose(bool disposing)
            {
            }
        }
    }
}
