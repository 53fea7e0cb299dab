using System.Buffers;
using System.Text;
using WebSocketCore.Extensions;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;
using WebSocketCore.Tests.Protocol;
using WebSocketCore.Tests.TestSupport;
using Wire = WebSocketCore.Tests.TestSupport.Wire;

namespace WebSocketCore.Tests.Extensions;

/// <summary>Compressed messages at the limits, and received now in this mode and now in that.</summary>
public class CompressedReceivingTests
{
    private static readonly ReceiveMode[] Modes = [ReceiveMode.Messages, ReceiveMode.Parts, ReceiveMode.ControlOnly];

    // The limit is on what comes out. What comes behind it without giving anything, such as empty blocks, is no message too big.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(300_000)]
    public void A_message_of_exactly_the_limit_is_received_and_one_byte_more_is_not(int limit)
    {
        foreach (var role in new[] { WebSocketRole.Server, WebSocketRole.Client })
        {
            foreach (var zeros in new[] { true, false })
            {
                foreach (var (length, emptyBlocks, outcome) in new[] { (limit, false, true), (limit, true, true), (limit + 1, false, false), (limit + 70_000, false, false) })
                {
                    var message = zeros ? new byte[length] : Wire.Bytes(length);
                    byte[] payload = !emptyBlocks ? Deflate(message) : [.. Deflate(message), .. Wire.Hex("0000ffff 000000ffff 000000ffff 00")];
                    var run = new ReceiverRun(role, new MessageLimits(limit, 100, 100), new PermessageDeflate().Accept(ExtensionParameters.None));
                    var wire = new List<byte>();
                    var half = payload.Length / 2;
                    wire.AddRange(Wire.Frame(0x42, payload.AsSpan(0, half)));
                    wire.AddRange(Wire.Frame(0x89, "p"u8));
                    wire.AddRange(Wire.Frame(0x00, []));
                    wire.AddRange(Wire.Frame(0x80, payload.AsSpan(half)));
                    run.Feed(role == WebSocketRole.Server ? Wire.Mask([.. wire]) : [.. wire]);
                    run.Receiver.Error.Should().Be(outcome ? ProtocolError.None : ProtocolError.MessageTooBig, "{0} bytes at a limit of {1}", length, limit);
                }
            }
        }
    }

    [Theory]
    [InlineData(WebSocketRole.Server, true)]
    [InlineData(WebSocketRole.Server, false)]
    [InlineData(WebSocketRole.Client, true)]
    [InlineData(WebSocketRole.Client, false)]
    public void Whatever_is_wanted_of_a_message_the_next_one_can_be_decoded(WebSocketRole role, bool keepsContext)
    {
        int[] sizes = [0, 1, 100, 5000, 65_535, 65_536, 65_537, 131_072, 200_000];
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var deflate = new PermessageDeflate { ServerNoContextTakeover = !keepsContext, ClientNoContextTakeover = !keepsContext };
            var accepted = deflate.Accept(deflate.CreateOffers()[0])!;
            var pool = new CountingPool();
            var receiver = new MessageReceiver(role, new MessageLimits(long.MaxValue, 100_000, 100_000), pool,
                (role == WebSocketRole.Server ? accepted : deflate.Confirm(accepted.Parameters)!).CreateDecoder(pool), ReservedBits.Rsv1);
            using var encoder = new DeflateEncoder(new DeflateSettings(15, 6, 0), keepsContext);
            for (var i = 0; i < 8; i++)
            {
                // Characters of three bytes, so that every cut falls into one, and zeros, which become many at once.
                var size = sizes[random.Next(sizes.Length)];
                var text = random.Next(3) == 0 ? new string('\0', size) : new string('€', size / 3) + new string('x', size % 3);
                var message = Encoding.UTF8.GetBytes(text);
                var wire = Frames(encoder, message, random);
                var received = Receive(receiver, role == WebSocketRole.Server ? Wire.Mask(wire) : wire, random, isLast: false);
                if (received is not null && received != Convert.ToHexString(message)) Assert.Fail($"Seed {seed}: message {i} was not received as it was sent.");
            }
            var last = Encoding.UTF8.GetBytes(new string('€', 1000));
            var lastWire = Frames(encoder, last, random);
            Receive(receiver, role == WebSocketRole.Server ? Wire.Mask(lastWire) : lastWire, random, isLast: true).Should().Be(Convert.ToHexString(last));
            receiver.End();
            receiver.ReleaseDecoder();
            pool.Outstanding.Should().Be(0);
        }
    }

    /// <returns>What was received as hex; null where it was skipped.</returns>
    private static string? Receive(MessageReceiver receiver, ReadOnlySpan<byte> wire, Random random, bool isLast)
    {
        var received = new ArrayBufferWriter<byte>();
        var isSkipped = false;
        var available = 0;
        while (true)
        {
            var mode = isLast ? ReceiveMode.Messages : random.Next(40) == 0 ? ReceiveMode.Skip : Modes[random.Next(Modes.Length)];
            if (mode != ReceiveMode.ControlOnly) available = Math.Min(wire.Length, available + random.Next(random.Next(2) == 0 ? 10 : 20_000));
            var happened = receiver.Read(wire[..available], mode, out var consumed);
            wire = wire[consumed..];
            available -= consumed;
            isSkipped |= mode == ReceiveMode.Skip;
            switch (happened)
            {
                case ReceiveEvent.NeedMore:
                    available.Should().Be(0, "all is taken before more is asked for");
                    if (wire.IsEmpty && !receiver.IsInMessage) return isSkipped ? null : Convert.ToHexString(received.WrittenSpan);
                    break;

                case ReceiveEvent.MessagePart or ReceiveEvent.Message:
                    receiver.Payload.Length.Should().BeLessThan(400_000);
                    foreach (var segment in receiver.Payload) received.Write(segment.Span);
                    receiver.ClearPayload();
                    if (happened == ReceiveEvent.Message) return wire.IsEmpty ? Convert.ToHexString(received.WrittenSpan) : throw new InvalidDataException("There are bytes behind the message.");
                    break;

                case ReceiveEvent.MessageStart or ReceiveEvent.DataAhead or ReceiveEvent.Ping:
                    break;

                default:
                    throw new InvalidDataException($"{happened}: {receiver.Error}");
            }
        }
    }

    private static byte[] Frames(DeflateEncoder encoder, ReadOnlySpan<byte> message, Random random)
    {
        encoder.Begin(MessageKind.Text, null, MessageOptions.None, out _);
        var wire = new List<byte>();
        var first = 0x41;
        while (random.Next(3) != 0)
        {
            var length = random.Next(message.Length + 1);
            wire.AddRange(Wire.Frame((byte)first, Encode(encoder, message[..length], (EncodingEnd)random.Next(2))));
            if (random.Next(2) == 0) wire.AddRange(Wire.Frame(0x89, "p"u8));
            message = message[length..];
            first = 0x00;
        }
        wire.AddRange(Wire.Frame((byte)(0x80 | first), Encode(encoder, message, EncodingEnd.Message)));
        return [.. wire];
    }

    private static byte[] Deflate(ReadOnlySpan<byte> message)
    {
        using var encoder = new DeflateEncoder(new DeflateSettings(15, 6, 0), keepsContext: true);
        encoder.Begin(MessageKind.Binary, null, MessageOptions.None, out _);
        return Encode(encoder, message, EncodingEnd.Message);
    }

    private static byte[] Encode(DeflateEncoder encoder, ReadOnlySpan<byte> source, EncodingEnd end)
    {
        var encoded = new byte[source.Length + 1000 + (source.Length / 8)];
        encoder.Encode(source, encoded, end, out _, out var written).Should().Be(OperationStatus.Done);
        return encoded[..written];
    }
}
