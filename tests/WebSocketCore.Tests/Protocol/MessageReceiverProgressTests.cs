using WebSocketCore.Messages;
using WebSocketCore.Protocol;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Protocol;

/// <summary>Every call makes progress whatever the bytes are, and none allocates once the receiver is warm.</summary>
public class MessageReceiverProgressTests
{
    private static readonly string[] Seeds =
    [
        "810548656C6C6F 890170 0203010203 8A00 0000 80020405 880203E8",
        "0102F09F 890100 000198 0000 800180 8200 827E007E:AB*126",
        "827F0000000000010000:AB*40",
    ];

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void Random_bytes_end_in_an_event_or_a_wish_for_more(WebSocketRole receiver)
    {
        var wires = Seeds.Select(frames => Wire.ToBytes(frames, receiver)).ToArray();
        var failures = 0;
        for (var seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            var run = new ReceiverRun(receiver, random.Next(2) == 0 ? null : new MessageLimits(random.Next(200), 1 + random.Next(5), random.Next(3)));
            var wire = Scramble(wires, random);
            for (var position = 0; position < wire.Length;)
            {
                var length = Math.Min(random.Next(1, 40), wire.Length - position);
                position += run.Feed(wire.AsSpan(position, length), () => (ReceiveMode)random.Next(4));
                if (random.Next(20) == 0) run.Receiver.SkipMessage();
                if (random.Next(20) == 0) run.Receiver.ReleaseIdleBuffer();
            }

            if (run.Pool.LargestRequest > 1024) Assert.Fail($"Seed {seed}: {run.Pool.LargestRequest} bytes rented");
            if (run.HasFailed) failures++;
            run.Receiver.End();
            if (run.Pool.Outstanding != 0) Assert.Fail($"Seed {seed}: {run.Pool.Outstanding} arrays not returned");
        }

        failures.Should().BeInRange(1000, 4900, "the bytes should be neither all lawful nor all refused at once");
    }

    [Theory]
    [InlineData(WebSocketRole.Server, 5)]
    [InlineData(WebSocketRole.Client, 5)]
    [InlineData(WebSocketRole.Server, 1000)]
    [InlineData(WebSocketRole.Client, 1000)]
    [InlineData(WebSocketRole.Server, 65_536)]
    [InlineData(WebSocketRole.Client, 65_536)]
    [InlineData(WebSocketRole.Server, 300_000)]
    [InlineData(WebSocketRole.Client, 300_000)]
    public void Nothing_is_allocated_per_message(WebSocketRole role, int size)
    {
        var header = size switch { < 126 => $"01{size:X2}", <= 65535 => $"017E{size:X4}", _ => $"017F{size:X16}" };
        var wire = Wire.ToBytes($"{header}:61*{size} 890470696E67 8000 8A00", role);
        var receiver = new MessageReceiver(role, ReceiverRun.NoLimits, new CountingPool());
        foreach (var mode in new[] { ReceiveMode.Messages, ReceiveMode.Parts, ReceiveMode.Skip })
        {
            var bytes = 0L;
            for (var i = 0; i < 10; i++) bytes += Receive(receiver, wire, mode);
            bytes.Should().Be(mode == ReceiveMode.Skip ? 0 : 10L * size);

            // The runtime may allocate once in a while on its own account; what a message costs comes back in every round.
            var least = long.MaxValue;
            for (var round = 0; round < 4; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var i = 0; i < 20; i++) Receive(receiver, wire, mode);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }
            least.Should().Be(0, "in mode {0}", mode);
        }
    }

    private static long Receive(MessageReceiver receiver, byte[] wire, ReceiveMode mode)
    {
        // Pieces of a size that cuts headers too.
        const int piece = 4093;
        var bytes = 0L;
        for (var start = 0; start < wire.Length; start += piece)
        {
            var rest = wire.AsSpan(start, Math.Min(piece, wire.Length - start));
            ReceiveEvent happened;
            do
            {
                happened = receiver.Read(rest, mode, out var consumed);
                rest = rest[consumed..];
                if (happened is ReceiveEvent.MessagePart or ReceiveEvent.Message)
                {
                    bytes += receiver.Payload.Length;
                    receiver.ClearPayload();
                }
            }
            while (happened != ReceiveEvent.NeedMore);
            receiver.ReleaseIdleBuffer();
        }

        return bytes;
    }

    private static byte[] Scramble(byte[][] wires, Random random)
    {
        var wire = (byte[])wires[random.Next(wires.Length)].Clone();
        switch (random.Next(4))
        {
            case 0: random.NextBytes(wire); break;
            case 1: wire[random.Next(wire.Length)] ^= (byte)(1 << random.Next(8)); break;
            case 2: wire = [.. wire[..random.Next(wire.Length)], .. wire[random.Next(wire.Length)..]]; break;
            default: wire[random.Next(wire.Length)] = (byte)random.Next(256); goto case 1;
        }

        return wire;
    }
}
