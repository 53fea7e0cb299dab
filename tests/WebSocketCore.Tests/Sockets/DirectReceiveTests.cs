using System.Net.Sockets;
using WebSocketCore.Connections;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>Receiving straight into the caller's memory.</summary>
public class DirectReceiveTests : SocketPipeTest
{
    private DirectPipeReader Input => (DirectPipeReader)Pipe.Input;

    [Fact]
    public async Task Bytes_arrive_in_the_memory_of_the_caller()
    {
        var memory = new byte[10];
        var receiving = Input.ReceiveAsync(memory.AsMemory(2)).AsTask();
        receiving.IsCompleted.Should().BeFalse();
        await Sockets.Peer.SendAsync("abc"u8.ToArray());

        (await receiving.Within()).Should().Be(new DirectReadResult(3, IsCanceled: false, IsCompleted: false));
        memory.Should().Equal(0, 0, (byte)'a', (byte)'b', (byte)'c', 0, 0, 0, 0, 0);
        Pool.LargestRequest.Should().Be(0, "no buffer was needed");
    }

    [Fact]
    public async Task What_does_not_fit_waits_for_the_next_receive()
    {
        var bytes = PipeTransfer.Bytes(1 << 20);
        var sending = Sockets.Peer.SendAsync(bytes);
        var received = new byte[bytes.Length];
        for (var filled = 0; filled < bytes.Length;)
        {
            var result = await Input.ReceiveAsync(received.AsMemory(filled, Math.Min(7001, bytes.Length - filled))).AsTask().Within();
            result.Length.Should().BeInRange(1, 7001);
            filled += result.Length;
        }
        await sending;
        received.AsSpan().SequenceEqual(bytes).Should().BeTrue();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Reads_and_receives_take_turns()
    {
        await Sockets.Peer.SendAsync("abc"u8.ToArray());
        var result = await ReadAtLeastAsync(3);
        await FluentActions.Awaiting(async () => await Input.ReceiveAsync(new byte[1])).Should().ThrowAsync<InvalidOperationException>();
        Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);
        await FluentActions.Awaiting(async () => await Input.ReceiveAsync(new byte[1])).Should().ThrowAsync<InvalidOperationException>(
            "what was read is not consumed");
        Input.TryRead(out _).Should().BeFalse();
        await Sockets.Peer.SendAsync("d"u8.ToArray());
        result = await Input.ReadAsync().Within();
        result.Buffer.Length.Should().Be(3);
        Input.AdvanceTo(result.Buffer.End);

        var memory = new byte[4];
        var receiving = Input.ReceiveAsync(memory).AsTask();
        await FluentActions.Awaiting(async () => await Input.ReadAsync()).Should().ThrowAsync<InvalidOperationException>();
        await Sockets.Peer.SendAsync("e"u8.ToArray());
        (await receiving.Within()).Length.Should().Be(1);
        await Sockets.Peer.SendAsync("f"u8.ToArray());
        (await Input.ReadExactlyAsync(1)).Should().Equal((byte)'f');
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_cancelled_receive_loses_nothing_and_leaves_the_memory_alone()
    {
        var memory = new byte[10];
        using var source = new CancellationTokenSource();
        var receiving = Input.ReceiveAsync(memory, source.Token).AsTask();
        await source.CancelAsync();
        (await FluentActions.Awaiting(() => receiving.Within()).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(source.Token);

        receiving = Input.ReceiveAsync(memory).AsTask();
        Input.CancelPendingRead();
        (await receiving.Within()).Should().Be(new DirectReadResult(0, IsCanceled: true, IsCompleted: false));

        await Sockets.Peer.SendAsync("abc"u8.ToArray());
        var other = new byte[10];
        (await Input.ReceiveAsync(other).AsTask().Within()).Length.Should().Be(3);
        other.Should().StartWith("abc"u8.ToArray());
        memory.Should().AllBeEquivalentTo(0);

        Input.CancelPendingRead();
        (await Input.ReceiveAsync(other).AsTask().Within()).IsCanceled.Should().BeTrue("it was cancelled before it began");
    }

    [Fact]
    public async Task The_end_of_the_stream_is_told_again_and_again()
    {
        await Sockets.Peer.SendAsync("a"u8.ToArray());
        Sockets.Peer.Shutdown(SocketShutdown.Send);
        var memory = new byte[10];
        (await Input.ReceiveAsync(memory).AsTask().Within()).Should().Be(new DirectReadResult(1, IsCanceled: false, IsCompleted: false));
        for (var i = 0; i < 2; i++)
            (await Input.ReceiveAsync(memory).AsTask().Within()).Should().Be(new DirectReadResult(0, IsCanceled: false, IsCompleted: true));
        (await Input.ReadAsync().Within()).IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task A_reset_fails_it_and_every_later_one()
    {
        var receiving = Input.ReceiveAsync(new byte[10]).AsTask();
        SocketPair.Reset(Sockets.Peer);
        await Failing(() => receiving);
        await Failing(() => Input.ReceiveAsync(new byte[10]).AsTask());
        await Failing(() => Input.ReadAsync().AsTask());

        static async Task Failing(Func<Task> receiving) => (await FluentActions.Awaiting(() => receiving().Within()).Should().ThrowAsync<IOException>())
            .WithInnerException<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
    }

    [Fact]
    public async Task Completing_the_input_ends_it()
    {
        var receiving = Input.ReceiveAsync(new byte[10]).AsTask();
        Input.Complete();
        (await receiving.Within()).Should().Be(new DirectReadResult(0, IsCanceled: true, IsCompleted: true));
    }

    [Fact]
    public async Task Without_room_it_waits_for_input()
    {
        var waiting = Input.ReceiveAsync(Memory<byte>.Empty).AsTask();
        waiting.IsCompleted.Should().BeFalse();
        await Sockets.Peer.SendAsync("ab"u8.ToArray());
        (await waiting.Within()).Should().Be(new DirectReadResult(0, IsCanceled: false, IsCompleted: false));
        var memory = new byte[10];
        (await Input.ReceiveAsync(memory).AsTask().Within()).Length.Should().Be(2);
        Sockets.Peer.Shutdown(SocketShutdown.Send);
        (await Input.ReceiveAsync(Memory<byte>.Empty).AsTask().Within()).Length.Should().Be(0);
        (await Input.ReceiveAsync(memory).AsTask().Within()).IsCompleted.Should().BeTrue();
    }
}
