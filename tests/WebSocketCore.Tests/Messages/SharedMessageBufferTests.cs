using System.Buffers;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Messages;

/// <summary>Reading a buffer changes nothing, so several threads may send it at once.</summary>
public class SharedMessageBufferTests
{
    private const int Size = 200_000;

    [Fact]
    public async Task What_is_written_can_be_read_by_several_threads_at_once()
    {
        var expected = Wire.Bytes(Size);
        for (var round = 0; round < 50; round++)
        {
            using var message = new MessageBuffer(MessageKind.Binary);
            message.Write(expected);
            using var start = new Barrier(2);
            var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                start.SignalAndWait();
                for (var i = 0; i < 20; i++)
                {
                    var written = message.Written;
                    if (written.Length != Size || !written.ToArray().AsSpan().SequenceEqual(expected)) return false;
                }
                return true;
            }));
            (await Task.WhenAll(readers).Within()).Should().Equal(true, true);
        }
    }

    [Fact]
    public async Task One_message_is_sent_to_two_peers_by_two_threads()
    {
        var expected = Wire.Bytes(Size);
        using var message = new MessageBuffer(MessageKind.Binary);
        for (var i = 0; i < Size; i += 1000) message.Write(expected.AsSpan(i, 1000));
        var sends = new[] { WebSocketRole.Server, WebSocketRole.Client }.Select(role => Task.Run(async () =>
        {
            var (connection, peer) = RawPeer.Connect(role);
            for (var i = 0; i < 30; i++)
            {
                await connection.SendAsync(message).Within();
                (await peer.ReceiveFrameAsync())!.Payload.AsSpan().SequenceEqual(expected).Should().BeTrue();
            }
        }));
        await Task.WhenAll(sends).Within();
        message.Length.Should().Be(Size);
    }
}
