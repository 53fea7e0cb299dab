using WebSocketCore.Messages;
using WebSocketCore.Protocol;

namespace WebSocketCore.Tests.Protocol;

public class MessageReceiverLimitTests
{
    // RFC 6455 10.4. The last byte is that of the header that crosses the limit.
    public static TheoryData<string, string, long, int, int> Rows => new()
    {
        { "820A:00*10", "Binary 00000000000000000000", 10, 9, 9 },
        { "820B", "MessageTooBig", 10, 9, 9 },
        { "827E007E", "MessageTooBig", 125, 9, 9 },
        { "827E007E:AB*126", "Binary AB*126", 126, 9, 9 },
        { "827F0000000000010000", "MessageTooBig", 65535, 9, 9 },
        { "8100 8200", "Text | Binary", 0, 9, 9 },
        { "8101", "MessageTooBig", 0, 9, 9 },

        // Over all fragments; control frames between them do not count; the next message starts from nothing.
        { "0206010203040506 890170 800407080910 8203010203", "Ping 70 | Binary 01020304050607080910 | Binary 010203", 10, 9, 9 },
        { "0206010203040506 897D:70*125 8005", "Ping 70*125 | MessageTooBig", 10, 9, 9 },
        { "020A:00*10 0000 8000 020A:00*10 8001", "Binary 00000000000000000000 | MessageTooBig", 10, 9, 9 },

        // Near the largest length: nothing overflows, and the declared length alone is no reason to fail or to allocate.
        { "827F7FFFFFFFFFFFFFFF", "", long.MaxValue, 9, 9 },
        { "827F7FFFFFFFFFFFFFFF", "MessageTooBig", long.MaxValue - 1, 9, 9 },
        { "827F7FFFFFFFFFFFFFFE", "", long.MaxValue - 1, 9, 9 },
        { "02050102030405 807F7FFFFFFFFFFFFFFA", "", long.MaxValue, 9, 9 },
        { "02050102030405 807F7FFFFFFFFFFFFFFB", "MessageTooBig", long.MaxValue, 9, 9 },
        { "02050102030405 807F7FFFFFFFFFFFFFFF", "MessageTooBig", long.MaxValue, 9, 9 },
        { "0201AA 007F7FFFFFFFFFFFFFFF", "MessageTooBig", long.MaxValue, 9, 9 },
        { "827F0000000080000000", "", long.MaxValue, 9, 9 },
        { "827F0000000100000000", "MessageTooBig", int.MaxValue, 9, 9 },

        // Fragments.
        { "010161 000162 8900 800163 810161", "Ping | Text 616263 | Text 61", 99, 3, 0 },
        { "010161 000162 000163 8000", "TooManyFragments", 99, 3, 0 },
        { "010161 000162 000163 0000", "TooManyFragments", 99, 3, 9 },
        { "810161 8000", "Text 61 | UnexpectedContinuation", 99, 1, 0 },
        { "010161 8000", "TooManyFragments", 99, 1, 0 },

        // Empty fragments; the last frame of a message may always be empty.
        { "0100 0000 8000 0100 0000 8100", "Text | InterruptedMessage", 99, 9, 2 },
        { "0100 0000 0000", "TooManyEmptyFragments", 99, 9, 2 },
        { "0100 000161 0000 8900 000162 0000", "Ping | TooManyEmptyFragments", 99, 9, 2 },
        { "0100", "TooManyEmptyFragments", 99, 9, 0 },
        { "010161 8000 8100", "Text 61 | Text", 99, 9, 0 },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Limits_are_kept_from_the_header_on(string frames, string log, long maxSize, int maxFragments, int maxEmptyFragments)
    {
        var limits = new MessageLimits(maxSize, maxFragments, maxEmptyFragments);
        foreach (var role in new[] { WebSocketRole.Server, WebSocketRole.Client })
        {
            var wire = Wire.ToBytes(frames, role);
            var whole = new ReceiverRun(role, limits);
            whole.Feed(wire);
            whole.Log.Should().Be(log);
            whole.Pool.LargestRequest.Should().BeLessThan(1024, "memory follows the bytes that came");

            var byByte = new ReceiverRun(role, limits);
            for (var i = 0; i < wire.Length; i++)
            {
                byByte.HasFailed.Should().BeFalse("byte {0} is still to come", i);
                byByte.Feed(wire.AsSpan(i, 1));
            }

            byByte.Log.Should().Be(log);
            byByte.Receiver.End();
            byByte.Pool.Outstanding.Should().Be(0);
        }
    }

    [Theory]
    [InlineData("827F7FFFFFFFFFFFFFFF", "")]
    [InlineData("0206:00*6 0206", "InterruptedMessage")]
    [InlineData("0206:00*6 8007:00*7", "Binary 00000000000000000000000000")]
    [InlineData("0101:61 0001:62 0001:63 0001:64 8001:65", "Text 6162636465")]
    [InlineData("0100 0000 0000", "TooManyEmptyFragments")]
    public void Parts_are_bound_by_the_number_of_empty_fragments_alone(string frames, string log)
    {
        var run = new ReceiverRun(WebSocketRole.Server, new MessageLimits(10, 3, 2));
        run.Feed(Wire.ToBytes(frames, WebSocketRole.Server), ReceiveMode.Parts);
        run.Log.Should().Be(log);
    }

    [Fact]
    public void What_is_skipped_costs_nothing_and_has_no_limit()
    {
        var run = new ReceiverRun(WebSocketRole.Client, new MessageLimits(0, 1, 0));
        run.Feed(Wire.ToBytes("0264:00*100 0000 0000 8064:00*100 8900", WebSocketRole.Client), ReceiveMode.Skip);
        run.Log.Should().Be("Ping");
        run.Pool.Rents.Should().Be(0);
        run.Feed(Wire.ToBytes("8200 8201", WebSocketRole.Client));
        run.Log.Should().Be("Ping | Binary | MessageTooBig");
    }

    // Many small frames, the worst case of a receiver that keeps something for each of them.
    [Fact]
    public void Memory_of_an_unfinished_message_is_at_most_twice_its_bytes_however_it_is_cut()
    {
        var run = new ReceiverRun(WebSocketRole.Server);
        run.Feed(Wire.ToBytes("0100", WebSocketRole.Server));
        var frames = Wire.ToBytes("000161 0000", WebSocketRole.Server);
        for (var bytes = 1; bytes <= 200_000; bytes++)
        {
            run.Feed(frames);
            if (run.Pool.OutstandingBytes > 2 * bytes + 256) Assert.Fail($"{run.Pool.OutstandingBytes} bytes for {bytes}");
        }

        run.Feed(Wire.ToBytes("8000", WebSocketRole.Server));
        run.Log.Should().Be("Text 61*200000");
    }
}
