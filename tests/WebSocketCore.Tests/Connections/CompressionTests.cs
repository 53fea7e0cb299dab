using System.Text;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>permessage-deflate on a connection, the test at its other end.</summary>
public class CompressionTests
{
    private static readonly string Json = string.Concat(Enumerable.Range(0, 30).Select(i => $"{{\"id\":{i},\"name\":\"Zoë\"}},"));

    // RFC 7692, section 7.2.3: "Hello" in two fragments, and again by the context.
    [Fact]
    public async Task Fragments_with_control_frames_between_them_are_one_message()
    {
        var (connection, peer) = Connect(WebSocketRole.Server, keepsContext: true);
        await peer.SendAsync("4103 f248cd", "8901 70", "0000", "8004 c9c90700", "c105 f200110000", "8105 48656c6c6f");
        for (var i = 0; i < 3; i++) (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("Hello");
        (await peer.ReceiveAsync()).Should().Be("8a01 70");
    }

    [Theory]
    [InlineData("4103 f248cd", "c004 c9c90700", ProtocolError.ReservedBitSet, "03ea")]
    [InlineData("c900", "", ProtocolError.ReservedBitSet, "03ea")]
    [InlineData("c800", "", ProtocolError.ReservedBitSet, "03ea")]
    [InlineData("a100", "", ProtocolError.ReservedBitSet, "03ea")]
    [InlineData("c101 06", "", ProtocolError.UndecodableMessage, "03ef")]
    [InlineData("c105 f200110000", "", ProtocolError.UndecodableMessage, "03ef")]
    [InlineData("c106 f248cdc9c907", "", ProtocolError.UndecodableMessage, "03ef")]
    [InlineData("4108 000200fdffc328 00", "", ProtocolError.InvalidUtf8, "03ef")]
    [InlineData("c107 000100feffc300", "", ProtocolError.InvalidUtf8, "03ef")]
    public async Task What_is_wrong_fails_the_connection_with_the_code_that_says_so(string first, string second, ProtocolError error, string code)
    {
        foreach (var role in new[] { WebSocketRole.Server, WebSocketRole.Client })
        {
            var (connection, peer) = Connect(role, keepsContext: false);
            await peer.SendAsync(first, second);
            var failure = await connection.Awaiting(ws => ws.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
            failure.Which.Error.Should().Be(error);
            (await peer.ReceiveFrameAsync())!.Hex.Should().StartWith("88").And.Contain(" " + code);
            peer.End();
            await connection.Closed.Within();
        }
    }

    // A client of ours compresses, too; what goes out is read by a judge that enforces what was agreed on.
    [Theory]
    [InlineData(WebSocketRole.Server, true)]
    [InlineData(WebSocketRole.Server, false)]
    [InlineData(WebSocketRole.Client, true)]
    [InlineData(WebSocketRole.Client, false)]
    public async Task Messages_of_all_kinds_go_out_compressed(WebSocketRole role, bool keepsContext)
    {
        var (connection, peer) = Connect(role, keepsContext);
        var judge = new StrictInflater(15, keepsContext);
        var large = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 60_000).Select(i => (i * i) % 9973)));
        await connection.SendTextAsync(Json).Within();
        await connection.SendAsync(MessageKind.Text, Encoding.UTF8.GetBytes(Json)).Within();
        await connection.SendAsync(MessageKind.Binary, Frames.Segments.OnePerByte(Encoding.UTF8.GetBytes(Json))).Within();
        await connection.SendAsync(MessageKind.Binary, large).Within();
        foreach (var (first, payload) in new[] { (0xC1, Encoding.UTF8.GetBytes(Json)), (0xC1, Encoding.UTF8.GetBytes(Json)), (0xC2, Encoding.UTF8.GetBytes(Json)), (0xC2, large) })
        {
            var frame = (await peer.ReceiveFrameAsync())!;
            frame.First.Should().Be((byte)first);
            frame.Payload.Length.Should().BeLessThan(payload.Length);
            judge.Inflate(frame.Payload).Should().Equal(payload);
        }

        // Not these: by the sender's wish, and too short.
        await connection.SendTextAsync(Json, MessageOptions.DisableCompression).Within();
        await connection.SendAsync(MessageKind.Text, Encoding.UTF8.GetBytes(Json), MessageOptions.DisableCompression).Within();
        await connection.SendTextAsync("short").Within();
        for (var i = 0; i < 3; i++) (await peer.ReceiveFrameAsync())!.First.Should().Be(0x81);

        // What does not become shorter goes out as it is, unless the context is kept: then the peer expects to have seen it.
        await connection.SendAsync(MessageKind.Binary, Wire.Bytes(500)).Within();
        var random = (await peer.ReceiveFrameAsync())!;
        random.First.Should().Be(keepsContext ? (byte)0xC2 : (byte)0x82);
        (keepsContext ? judge.Inflate(random.Payload) : random.Payload).Should().Equal(Wire.Bytes(500));
        await connection.SendTextAsync(Json).Within();
        judge.Inflate((await peer.ReceiveFrameAsync())!.Payload).Should().Equal(Encoding.UTF8.GetBytes(Json));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_in_fragments_can_be_read_as_far_as_it_was_written(bool keepsContext)
    {
        var (connection, peer) = Connect(WebSocketRole.Server, keepsContext);
        var judge = new StrictInflater(15, keepsContext);
        for (var message = 0; message < 2; message++)
        {
            var payload = new List<byte>();
            await using (var writer = await connection.StartMessageAsync(MessageKind.Text).Within())
            {
                foreach (var part in new[] { "{\"a\":1}", "", Json, "é" })
                {
                    await writer.WriteAsync(Encoding.UTF8.GetBytes(part)).Within();
                    if (part.Length == 0) continue;
                    var frame = (await peer.ReceiveFrameAsync())!;
                    frame.First.Should().Be(payload.Count == 0 ? (byte)0x41 : (byte)0x00);
                    payload.AddRange(frame.Payload);

                    // An empty block ends what has come.
                    payload[^4..].Should().Equal(0, 0, 0xFF, 0xFF);
                    await connection.SendPingAsync(default).Within();
                    (await peer.ReceiveAsync()).Should().Be("8900");
                }
                await writer.CompleteAsync().Within();
            }
            var last = (await peer.ReceiveFrameAsync())!;
            last.First.Should().Be(0x80);
            judge.Inflate([.. payload, .. last.Payload]).Should().Equal(Encoding.UTF8.GetBytes("{\"a\":1}" + Json + "é"));
        }

        await using var plain = await connection.StartMessageAsync(MessageKind.Text, MessageOptions.DisableCompression).Within();
        await plain.WriteAsync("abc"u8.ToArray()).Within();
        await plain.CompleteAsync().Within();
        (await peer.ReceiveAsync()).Should().Be("0103 616263");
        (await peer.ReceiveAsync()).Should().Be("8000");
    }

    // A context that has seen what the peer has not, or the other way round, would make a mess of what follows.
    [Fact]
    public async Task Sends_that_are_cancelled_leave_the_context_as_the_peer_has_it()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny, extensions: Agree(WebSocketRole.Server, keepsContext: true));
        var judge = new StrictInflater(15, keepsContext: true);
        var random = new Random(5);
        var messages = Enumerable.Range(0, 40).Select(i => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"message {i % 7},", random.Next(10, 20_000))))).ToArray();
        using var cancellation = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            var read = new List<byte[]>();
            while (await peer.ReceiveFrameAsync() is { Opcode: 2 } frame) read.Add(frame.First == 0xC2 ? judge.Inflate(frame.Payload) : frame.Payload);
            return read;
        });
        var sends = messages.Select((message, i) => connection.SendAsync(MessageKind.Binary, message, i % 2 == 0 ? CancellationToken.None : cancellation.Token).AsTask()).ToArray();
        cancellation.Cancel();
        for (var i = 0; i < sends.Length; i += 2) await sends[i].Within();
        await Task.WhenAll(sends.Select(send => send.ContinueWith(_ => { }, TaskScheduler.Default))).Within();
        connection.StartClose();
        var arrived = await reading.Within();
        arrived.Should().OnlyContain(message => messages.Any(sent => sent.SequenceEqual(message)));
        arrived.Count.Should().BeGreaterThanOrEqualTo(sends.Length / 2);
        messages.Where((_, i) => i % 2 == 0).Should().OnlyContain(message => arrived.Any(sent => sent.SequenceEqual(message)));
        connection.Abort();
    }

    [Fact]
    public async Task Any_number_of_threads_send_at_once_and_every_message_arrives()
    {
        foreach (var takeover in new[] { true, false })
        {
            var (server, client) = ConnectBoth(takeover);
            const int threads = 4;
            const int each = 200;
            var sending = Enumerable.Range(0, threads).Select(thread => Task.Run(async () =>
            {
                for (var i = 0; i < each; i++)
                {
                    var text = $"{thread}:{i}:{new string((char)('a' + (i % 26)), i % 50 == 0 ? 200_000 : i * 3)}";
                    if (i % 10 != 0)
                    {
                        await server.SendTextAsync(text);
                        continue;
                    }
                    await using var writer = await server.StartMessageAsync(MessageKind.Text);
                    await writer.WriteAsync(Encoding.ASCII.GetBytes(text[..(text.Length / 2)]));
                    await writer.WriteAsync(Encoding.ASCII.GetBytes(text[(text.Length / 2)..]));
                    await writer.CompleteAsync();
                }
            })).ToArray();
            var next = new int[threads];
            for (var i = 0; i < threads * each; i++)
            {
                var text = (await client.ReceiveAsync().Within())!.Value.GetText().Split(':');
                var thread = int.Parse(text[0], System.Globalization.CultureInfo.InvariantCulture);
                text[1].Should().Be(next[thread].ToString(System.Globalization.CultureInfo.InvariantCulture));
                var number = next[thread]++;
                text[2].Should().Be(new string((char)('a' + (number % 26)), number % 50 == 0 ? 200_000 : number * 3));
            }
            await Task.WhenAll(sending).Within();
            await Task.WhenAll(server.CloseAsync().AsTask(), client.CloseAsync().AsTask()).Within();
        }
    }

    // The context is given up in between: what follows does not refer to what came before, so a judge without history reads it.
    [Fact]
    public async Task A_connection_that_has_sent_nothing_for_a_while_gives_its_context_up()
    {
        var time = new FakeTimeProvider();
        var options = new WebSocketServerOptions { TimeProvider = time, KeepAliveInterval = TimeSpan.FromSeconds(20), KeepAliveTimeout = Timeout.InfiniteTimeSpan };
        var (connection, peer) = Connect(WebSocketRole.Server, keepsContext: true, options);
        var payloads = new List<byte[]>();
        foreach (var seconds in new[] { 0, 1, 60 })
        {
            for (var i = 0; i < seconds; i++) time.Advance(TimeSpan.FromSeconds(1));
            await connection.SendTextAsync(Json).Within();
            RawFrame frame;
            do
            {
                frame = (await peer.ReceiveFrameAsync())!;
            }
            while (frame.IsControl);
            payloads.Add(frame.Payload);
        }
        payloads[1].Length.Should().BeLessThan(payloads[0].Length / 2);
        payloads[2].Should().Equal(payloads[0]);
        new StrictInflater(15, keepsContext: false).Inflate(payloads[2]).Should().Equal(Encoding.UTF8.GetBytes(Json));
    }

    private static (WebSocketConnection Connection, RawPeer Peer) Connect(WebSocketRole role, bool keepsContext, WebSocketConnectionOptions? options = null) =>
        RawPeer.Connect(role, options, extensions: Agree(role, keepsContext));

    private static (WebSocketConnection Server, WebSocketConnection Client) ConnectBoth(bool keepsContext)
    {
        var pair = new DuplexPair();
        return (WebSocketConnection.FromUpgraded(pair.Server, WebSocketRole.Server, extensions: [Agree(WebSocketRole.Server, keepsContext)]),
            WebSocketConnection.FromUpgraded(pair.Client, WebSocketRole.Client, extensions: [Agree(WebSocketRole.Client, keepsContext)]));
    }

    private static NegotiatedExtension Agree(WebSocketRole role, bool keepsContext)
    {
        var deflate = new PermessageDeflate { ServerNoContextTakeover = !keepsContext, ClientNoContextTakeover = !keepsContext };
        var accepted = deflate.Accept(deflate.CreateOffers()[0])!;
        return role == WebSocketRole.Server ? accepted : deflate.Confirm(accepted.Parameters)!;
    }
}
