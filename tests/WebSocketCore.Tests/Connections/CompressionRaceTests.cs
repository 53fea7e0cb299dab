using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Frames;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>
/// Everything at once on connections that keep their contexts: whatever is received is what was sent, nobody waits for ever, encoders and decoders are used by
/// one thread at a time and never after they were given up, and all memory comes back.
/// </summary>
public class CompressionRaceTests
{
    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Sends_of_all_kinds_race_with_each_other_and_with_every_end(WebSocketRole sender)
    {
        for (var seed = 0; seed < 25; seed++)
        {
            var round = new Round(sender, seed);
            try
            {
                await round.RunAsync().Within();
            }
            catch (Exception exception)
            {
                Assert.Fail($"Seed {seed}: {exception}");
            }
        }
    }

    private sealed class Round
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly PoisoningPool _pool = new();
        private readonly FakeTimeProvider _time = new();
        private readonly Watched _senderExtension;
        private readonly Watched _receiverExtension;
        private readonly WebSocketConnection _sender;
        private readonly WebSocketConnection _receiver;
        private readonly PreparedMessage[] _prepared;

        public Round(WebSocketRole sender, int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            var deflate = new PermessageDeflate { ServerMaxWindowBits = _random.Next(9, 16), Threshold = _random.Next(2) * 64 };
            var accepted = deflate.Accept(deflate.CreateOffers()[0])!;
            var confirmed = deflate.Confirm(accepted.Parameters)!;
            var receiver = sender == WebSocketRole.Server ? WebSocketRole.Client : WebSocketRole.Server;
            _senderExtension = new Watched(sender == WebSocketRole.Server ? accepted : confirmed);
            _receiverExtension = new Watched(sender == WebSocketRole.Server ? confirmed : accepted);
            var pair = new DuplexPair(_random.Next(3) switch { 0 => RawPeer.Tiny, 1 => RawPeer.Unbounded, _ => PipeOptions.Default });
            var options = new WebSocketServerOptions { TimeProvider = _time, BufferPool = _pool, KeepAliveInterval = TimeSpan.FromSeconds(10), KeepAliveTimeout = Timeout.InfiniteTimeSpan, CloseTimeout = Timeout.InfiniteTimeSpan };
            _sender = WebSocketConnection.FromUpgraded(sender == WebSocketRole.Server ? pair.Server : pair.Client, sender, options, extensions: [_senderExtension]);
            _receiver = WebSocketConnection.FromUpgraded(sender == WebSocketRole.Server ? pair.Client : pair.Server, receiver, options, extensions: [_receiverExtension]);
            _prepared = [.. Enumerable.Range(0, 3).Select(i => PreparedMessage.Text(Text(1000 + i, i * 40_000), (MessageOptions)(i % 2), _pool))];
        }

        public async Task RunAsync()
        {
            var sending = Enumerable.Range(0, 4).Select(i => Task.Run(() => SendAsync(new Random((_seed * 10) + i)))).ToArray();
            var receiving = Task.Run(() => ReceiveAsync(new Random((_seed * 10) + 5)));
            var aging = Task.Run(async () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    _time.Advance(TimeSpan.FromSeconds(10));
                    await Task.Yield();
                }
            });

            // At any time, or when all has been sent.
            for (var delay = _random.Next(200); delay > 0; delay--) await Task.Yield();
            if (_random.Next(3) == 0) await Task.WhenAll(sending);
            switch (_random.Next(5))
            {
                case 0:
                    _sender.Abort();
                    break;

                case 1:
                    _receiver.Abort();
                    break;

                case 2:
                    _sender.StartClose();
                    break;

                case 3:
                    await _sender.CloseAsync();
                    break;

                default:
                    await _receiver.CloseAsync();
                    break;
            }
            await Task.WhenAll(sending);
            await receiving;
            await aging;
            await _sender.DisposeAsync();
            await _receiver.DisposeAsync();
            foreach (var message in _prepared) message.Dispose();
            _senderExtension.ShouldBeGivenUp();
            _receiverExtension.ShouldBeGivenUp();
            _pool.ShouldBeBalanced();
        }

        private async Task SendAsync(Random random)
        {
            try
            {
                for (var i = 0; i < 25; i++)
                {
                    using var cancellation = new CancellationTokenSource();
                    var cancels = random.Next(4) == 0;
                    try
                    {
                        var sending = SendOneAsync(random, cancels ? cancellation.Token : CancellationToken.None);
                        if (cancels && random.Next(2) == 0) await Task.Yield();
                        if (cancels) await cancellation.CancelAsync();
                        await sending;
                    }
                    catch (OperationCanceledException) when (cancels)
                    {
                    }
                }
            }
            catch (WebSocketClosedException)
            {
            }
        }

        private async Task SendOneAsync(Random random, CancellationToken cancellation)
        {
            var text = Text(random.Next(1000), random.Next(8) == 0 ? 150_000 : random.Next(600));
            switch (random.Next(8))
            {
                case 0:
                    await SendInFragmentsAsync(text, random, cancellation);
                    break;

                case 1:
                    await _sender.SendAsync(_prepared[random.Next(3)], cancellation);
                    break;

                case 2:
                    await _sender.SendTextAsync(text, (MessageOptions)random.Next(2), cancellation);
                    break;

                case 3:
                    await _sender.SendPingAsync("ping"u8.ToArray(), cancellation);
                    break;

                default:
                    var rented = Encoding.ASCII.GetBytes(text);
                    try
                    {
                        await _sender.SendAsync(MessageKind.Text, rented, cancellation);
                    }
                    finally
                    {
                        // The memory is the caller's again, cancelled or not.
                        rented.AsSpan().Fill((byte)'!');
                    }
                    break;
            }
        }

        private async Task SendInFragmentsAsync(string text, Random random, CancellationToken cancellation)
        {
            await using var writer = await _sender.StartMessageAsync(MessageKind.Text, (MessageOptions)random.Next(2), cancellation);
            for (var left = Encoding.ASCII.GetBytes(text).AsMemory(); !left.IsEmpty;)
            {
                var length = random.Next(left.Length + 1);
                var fragment = left[..length].ToArray();
                left = left[length..];
                try
                {
                    await writer.WriteAsync(fragment, cancellation);
                }
                catch (OperationCanceledException)
                {
                    // The fragment is sent all the same.
                    cancellation = CancellationToken.None;
                }
                fragment.AsSpan().Fill((byte)'!');
            }
            await writer.CompleteAsync(CancellationToken.None);
        }

        private async Task ReceiveAsync(Random random)
        {
            while (true)
            {
                using var cancellation = new CancellationTokenSource();
                try
                {
                    if (random.Next(3) == 0) await cancellation.CancelAsync();
                    else if (random.Next(3) == 0) _ = Task.Run(cancellation.Cancel, CancellationToken.None);
                    if (random.Next(3) != 0)
                    {
                        if (await _receiver.ReceiveAsync(cancellation.Token) is not { } message) return;
                        Check(message.GetText());
                        continue;
                    }
                    using var reader = await _receiver.ReceiveStreamingAsync(cancellation.Token);
                    if (reader is null) return;
                    var skipsAfter = random.Next(4) == 0 ? random.Next(3) : int.MaxValue;
                    var received = new ArrayBufferWriter<byte>();
                    ReadOnlySequence<byte>? part = default;
                    while (skipsAfter-- > 0 && (part = await reader.ReadAsync()) is not null)
                    {
                        foreach (var segment in part.Value) received.Write(segment.Span);
                    }
                    if (skipsAfter >= 0) Check(Encoding.ASCII.GetString(received.WrittenSpan));
                }
                catch (OperationCanceledException)
                {
                }
                catch (WebSocketClosedException)
                {
                    return;
                }
            }
        }

        // Compressible, with what others repeat, and no two alike.
        private static string Text(int number, int length)
        {
            var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{number}:{length}:");
            var random = new Random(number);
            while (text.Length < length) text.Append(CultureInfo.InvariantCulture, $"{random.Next(100) * number},");
            return text.ToString();
        }

        private static void Check(string received)
        {
            var parts = received.Split(':');
            if (received != Text(int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture)))
                throw new InvalidDataException($"What was received was not sent: {received[..Math.Min(50, received.Length)]}");
        }
    }

    /// <summary>Another extension, and an eye on who calls it.</summary>
    private sealed class Watched(NegotiatedExtension inner) : NegotiatedExtension(new PermessageDeflate(), inner.Parameters)
    {
        private readonly Watch _encoding = new();
        private readonly Watch _decoding = new();

        public override object? PreparationKey => inner.PreparationKey;

        public override MessageEncoder CreatePreparingEncoder(ArrayPool<byte> pool) => inner.CreatePreparingEncoder(pool);

        public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) => new Encoder(inner.CreateEncoder(pool), _encoding);

        public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => new Decoder(inner.CreateDecoder(pool), _decoding);

        public void ShouldBeGivenUp()
        {
            _encoding.ShouldBeGivenUp();
            _decoding.ShouldBeGivenUp();
        }

        private sealed class Watch
        {
            private int _calls;
            private int _disposed;
            private int _violations;

            public void Enter(bool dispose = false)
            {
                if (Interlocked.Increment(ref _calls) != 1) Interlocked.Increment(ref _violations);
                if (!dispose && Volatile.Read(ref _disposed) != 0) Interlocked.Increment(ref _violations);
                if (dispose) Volatile.Write(ref _disposed, 1);
            }

            public void Leave() => Interlocked.Decrement(ref _calls);

            public void ShouldBeGivenUp()
            {
                _violations.Should().Be(0, "one thread at a time calls it, and nobody when it has been disposed of");
                _disposed.Should().Be(1);
            }
        }

        private sealed class Encoder(MessageEncoder inner, Watch watch) : MessageEncoder
        {
            public override bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits)
            {
                watch.Enter();
                var encodes = inner.Begin(kind, length, options, out reservedBits);
                watch.Leave();
                return encodes;
            }

            public override OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written)
            {
                watch.Enter();
                var status = inner.Encode(source, destination, end, out consumed, out written);
                watch.Leave();
                return status;
            }

            public override bool TryForget() => inner.TryForget();

            public override void ForgetContext()
            {
                watch.Enter();
                inner.ForgetContext();
                watch.Leave();
            }

            public override void ReleaseContext()
            {
                watch.Enter();
                inner.ReleaseContext();
                watch.Leave();
            }

            protected override void Dispose(bool disposing)
            {
                watch.Enter(dispose: true);
                inner.Dispose();
                watch.Leave();
            }
        }

        private sealed class Decoder(MessageDecoder inner, Watch watch) : MessageDecoder
        {
            public override bool Begin(MessageKind kind, ReservedBits reservedBits)
            {
                watch.Enter();
                var decodes = inner.Begin(kind, reservedBits);
                watch.Leave();
                return decodes;
            }

            public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written)
            {
                watch.Enter();
                var status = inner.Decode(source, destination, endOfMessage, out consumed, out written);
                watch.Leave();
                return status;
            }

            protected override void Dispose(bool disposing)
            {
                watch.Enter(dispose: true);
                inner.Dispose();
                watch.Leave();
            }
        }
    }
}
