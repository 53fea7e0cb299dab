using System.Buffers;
using WebSocketCore.Protocol;
using WebSocketCore.Tests.TestSupport;
using Bytes = WebSocketCore.Tests.TestSupport.Wire;

namespace WebSocketCore.Tests.Protocol;

/// <summary>Payload of large frames that is received into the message's own memory.</summary>
public class MessageReceiverDirectTests
{
    private const int Large = 200 * 1024;

    private readonly ReceiverRun _run = new(WebSocketRole.Server);

    private MessageReceiver Receiver => _run.Receiver;

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(50_001)]
    [InlineData(4097)]
    public void A_large_frame_is_put_together_from_what_was_received_there(int mostAtOnce)
    {
        var payload = Bytes.Bytes(Large);
        var wire = Bytes.Mask(Bytes.Frame(0x82, payload));
        var position = _run.Feed(wire.AsSpan(0, 1000));

        while (Receiver.TryGetDestination(ReceiveMode.Messages, out var destination))
        {
            var length = Math.Min(destination.Length, mostAtOnce);
            length.Should().BeLessThanOrEqualTo(wire.Length - position, "the room never reaches beyond the frame");
            wire.AsSpan(position, length).CopyTo(destination.Span);
            Receiver.OnReceived(length).Should().BeTrue();
            position += length;
            if (position < wire.Length) Receiver.Read([], ReceiveMode.Messages, out _).Should().Be(ReceiveEvent.NeedMore);
        }

        // What is little is read.
        var happened = Receiver.Read(wire.AsSpan(position), ReceiveMode.Messages, out var consumed);
        happened.Should().Be(ReceiveEvent.Message);
        consumed.Should().Be(wire.Length - position);
        Receiver.Payload.ToArray().Should().Equal(payload);
    }

    [Fact]
    public void The_next_read_ends_a_frame_that_was_received_to_its_end()
    {
        var wire = Bytes.Mask(Bytes.Frame(0x81, Enumerable.Repeat((byte)'a', 100_000).ToArray()));
        var position = _run.Feed(wire.AsSpan(0, 20_000));
        while (position < wire.Length)
        {
            Receiver.TryGetDestination(ReceiveMode.Messages, out var destination).Should().BeTrue();
            wire.AsSpan(position, destination.Length).CopyTo(destination.Span);
            Receiver.OnReceived(destination.Length).Should().BeTrue();
            position += destination.Length;
        }

        Receiver.Read([], ReceiveMode.Messages, out _).Should().Be(ReceiveEvent.Message);
        Receiver.Payload.Length.Should().Be(100_000);
    }

    [Fact]
    public void Text_that_is_no_UTF8_fails_when_its_byte_is_received()
    {
        var payload = Enumerable.Repeat((byte)'a', Large).ToArray();
        payload[70_000] = 0xFF;
        var wire = Bytes.Mask(Bytes.Frame(0x81, payload));
        var position = _run.Feed(wire.AsSpan(0, 69_990));
        Receiver.TryGetDestination(ReceiveMode.Messages, out var destination).Should().BeTrue();

        wire.AsSpan(position, 100).CopyTo(destination.Span);

        Receiver.OnReceived(100).Should().BeFalse();
        Receiver.Error.Should().Be(ProtocolError.InvalidUtf8);
        Receiver.TryGetDestination(ReceiveMode.Messages, out _).Should().BeFalse("whatever follows is discarded");
    }

    [Theory]
    [InlineData(ReceiveMode.Parts)]
    [InlineData(ReceiveMode.ControlOnly)]
    [InlineData(ReceiveMode.Skip)]
    internal void Only_whole_messages_are_received_there(ReceiveMode mode)
    {
        _run.Feed(Bytes.Mask(Bytes.Frame(0x82, new byte[Large])).AsSpan(0, 100));

        Receiver.TryGetDestination(mode, out _).Should().BeFalse();
        Receiver.TryGetDestination(ReceiveMode.Messages, out _).Should().BeTrue();
    }

    [Fact]
    public void Nothing_is_received_there_between_frames_nor_of_a_message_that_is_skipped()
    {
        Receiver.TryGetDestination(ReceiveMode.Messages, out _).Should().BeFalse();
        _run.Feed(Bytes.Mask(Bytes.Frame(0x02, new byte[Large])));
        Receiver.TryGetDestination(ReceiveMode.Messages, out _).Should().BeFalse("the next frame may be a ping");

        _run.Feed(Bytes.Mask(Bytes.Frame(0x00, new byte[Large])).AsSpan(0, 1000));
        Receiver.SkipMessage();
        Receiver.TryGetDestination(ReceiveMode.Messages, out _).Should().BeFalse();
    }

    [Fact]
    public void A_declared_length_rents_no_more_than_twice_what_has_come()
    {
        var pool = new CountingPool();
        var receiver = new MessageReceiver(WebSocketRole.Server, ReceiverRun.NoLimits, pool);
        var header = Convert.FromHexString("82FF0000000040000000" + "00000000");
        receiver.Read(header, ReceiveMode.Messages, out _);

        receiver.TryGetDestination(ReceiveMode.Messages, out var destination).Should().BeTrue();

        destination.Length.Should().BeLessThanOrEqualTo(64 * 1024, "the frame declares a gibibyte, and none of it is here");
    }
}
