using System.Buffers.Binary;
using System.IO.Pipelines;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Many threads send whole messages, pings and fragmented messages at once. Everything arrives intact, and in each thread's own order.</summary>
public class ConcurrentSendingTests
{
    private const int Threads = 8;
    private const int MessagesPerThread = 1000;
    private const int FragmentedMessages = 100;

    // The last sender is the one of fragmented messages.
    private readonly int[] _received = new int[Threads + 1];

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task On_the_wire_no_frame_stands_inside_another_message(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role, toPeer: new PipeOptions(pauseWriterThreshold: 4096, resumeWriterThreshold: 1024));
        var sending = SendAllAsync(connection);
        var pings = 0;
        var message = new List<byte>();
        var inMessage = false;
        var fragments = 0;
        while (_received.Sum() < Threads * MessagesPerThread + FragmentedMessages)
        {
            var frame = (await peer.ReceiveFrameAsync())!;
            if (frame.IsControl)
            {
                frame.First.Should().Be(0x89);
                pings++;
                continue;
            }
            frame.Opcode.Should().Be(inMessage ? 0 : 2, "a continuation frame stands in a message and a new message does not");
            inMessage = !frame.Fin;
            if (inMessage) fragments++;
            message.AddRange(frame.Payload);
            if (inMessage) continue;
            Check([.. message]);
            message.Clear();
        }
        await sending.Within();
        fragments.Should().Be(3 * FragmentedMessages);
        while (peer.HasOutput()) pings += (await peer.ReceiveFrameAsync())!.First == 0x89 ? 1 : 0;
        pings.Should().Be(MessagesPerThread);
    }

    [Fact]
    public async Task Our_own_other_end_receives_them_all()
    {
        var (server, client) = DuplexPair.Connect();
        var sending = SendAllAsync(server);
        while (_received.Sum() < Threads * MessagesPerThread + FragmentedMessages) Check((await client.ReceiveAsync().Within())!.Value.ToArray());
        await sending.Within();
        var ping = server.PingAsync().AsTask();
        var closing = server.CloseAsync().AsTask();
        (await client.ReceiveAsync().Within()).Should().BeNull();
        await closing.Within();
        server.Closure!.IsClean.Should().BeTrue();
        (await ping.Within()).Should().BeGreaterThanOrEqualTo(TimeSpan.Zero, "the pong comes in front of the Close frame");
    }

    [Fact]
    public async Task A_close_in_the_middle_of_it_all_leaves_whole_frames_in_order_and_is_the_last()
    {
        for (var run = 0; run < 100; run++)
        {
            var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: new PipeOptions(pauseWriterThreshold: 4096, resumeWriterThreshold: 1024));
            Task[] senders =
            [
                .. Enumerable.Range(0, 3).Select(_ => UntilClosedAsync(() => connection.SendAsync(MessageKind.Binary, new byte[10]).AsTask())),
                UntilClosedAsync(() => SendFragmentsAsync(connection)),
                UntilClosedAsync(() => connection.SendPongAsync(new byte[3]).AsTask()),
            ];
            Task? closing = null;
            var inMessage = false;
            for (var frames = 0; ; frames++)
            {
                if (frames == run % 20) closing = Task.Run(() => connection.StartClose(CloseCode.NormalClosure));
                var frame = (await peer.ReceiveFrameAsync())!;
                if (frame.First == 0x88) break;
                if (frame.IsControl) continue;
                frame.Opcode.Should().Be(inMessage ? 0 : 2, "in run {0}, a message that the end has cut is followed by no other", run);
                inMessage = !frame.Fin;
            }
            await Task.WhenAll([closing!, .. senders]).Within();
            peer.End();
            await connection.DisposeAsync().Within();
            (await peer.ReceiveFrameAsync()).Should().BeNull("the Close frame is the last");
        }
    }

    private static Task UntilClosedAsync(Func<Task> send) => Task.Run(async () =>
    {
        try
        {
            while (true) await send();
        }
        catch (WebSocketClosedException)
        {
            // That is the end.
        }
    });

    private static async Task SendFragmentsAsync(WebSocketConnection connection)
    {
        await using var writer = await connection.StartMessageAsync(MessageKind.Binary);
        await writer.WriteAsync(new byte[5]);
        await writer.WriteAsync(new byte[5]);
        await writer.CompleteAsync();
    }

    private static async Task SendAllAsync(WebSocketConnection connection)
    {
        var senders = Enumerable.Range(0, Threads).Select(sender => Task.Run(async () =>
        {
            for (var i = 0; i < MessagesPerThread; i++) await connection.SendAsync(MessageKind.Binary, Message(sender, i));
        }));
        var fragmented = Task.Run(async () =>
        {
            for (var i = 0; i < FragmentedMessages; i++)
            {
                var message = Message(Threads, i);
                await using var writer = await connection.StartMessageAsync(MessageKind.Binary);
                await writer.WriteAsync(message.AsMemory(0, 3));
                await writer.WriteAsync(message.AsMemory(3, 20));
                await Task.Yield();
                await writer.WriteAsync(message.AsMemory(23));
                await writer.CompleteAsync();
            }
        });
        var pinging = Task.Run(async () =>
        {
            for (var i = 0; i < MessagesPerThread; i++) await connection.SendPingAsync(new byte[1]);
        });
        await Task.WhenAll([.. senders, fragmented, pinging]);
    }

    // Sender, number, and bytes that depend on both; now and then more than one chunk.
    private static byte[] Message(int sender, int number)
    {
        var message = new byte[number % 250 == 249 ? 70_000 : 24 + (number * 7 + sender) % 200];
        BinaryPrimitives.WriteInt32LittleEndian(message, sender);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), number);
        for (var i = 8; i < message.Length; i++) message[i] = (byte)(i * 31 + sender * 7 + number);
        return message;
    }

    private void Check(byte[] message)
    {
        var sender = BinaryPrimitives.ReadInt32LittleEndian(message);
        var number = _received[sender]++;
        message.AsSpan().SequenceEqual(Message(sender, number)).Should().BeTrue("message {0} of sender {1} is next", number, sender);
    }
}
