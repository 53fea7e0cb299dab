using System.Buffers;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class SocketDuplexPipeTests : SocketPipeTest
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 7)]
    [InlineData(4095, 5000)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 4096)]
    [InlineData(65_536, 65_536)]
    [InlineData(1_000_003, 70_001)]
    [InlineData(16 << 20, 300_000)]
    public async Task Bytes_arrive_as_they_were_written_in_both_directions_at_once(int length, int flushEvery)
    {
        var peerPool = new PoisoningPool();
        var peer = new SocketDuplexPipe(Sockets.Peer, peerPool);
        var (sent, sentByPeer) = (PipeTransfer.Bytes(length, 1), PipeTransfer.Bytes(length, 2));

        var sending = Task.Run(() => Pipe.Output.WriteInPartsAsync(sent, flushEvery));
        var peerSending = Task.Run(async () => await peer.Output.WriteAsync(sentByPeer));
        var peerReceiving = Task.Run(() => peer.Input.ReadExactlyAsync(length));
        var received = await Pipe.Input.ReadExactlyAsync(length);
        await Task.WhenAll(sending, peerSending, peerReceiving);

        received.AsSpan().SequenceEqual(sentByPeer).Should().BeTrue();
        (await peerReceiving).AsSpan().SequenceEqual(sent).Should().BeTrue();
        Pool.ShouldBeBalanced();
        peerPool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completing_the_output_sends_the_rest_and_half_closes(bool synchronously)
    {
        "rest"u8.CopyTo(Pipe.Output.GetSpan(4));
        Pipe.Output.Advance(4);
        Pipe.Output.UnflushedBytes.Should().Be(4);
        if (synchronously) Pipe.Output.Complete();
        else await Pipe.Output.CompleteAsync();

        var peer = new SocketDuplexPipe(Sockets.Peer);
        (await peer.Input.ReadToEndAsync()).Should().Equal("rest"u8.ToArray());

        // The other direction is still open.
        await peer.Output.WriteAsync("reply"u8.ToArray());
        await peer.Output.CompleteAsync();
        (await Pipe.Input.ReadToEndAsync()).Should().Equal("reply"u8.ToArray());
        IsClosed.Should().BeFalse();
        await Pipe.Input.CompleteAsync();
        IsClosed.Should().BeTrue();
        await peer.Input.CompleteAsync();
        Sockets.Peer.SafeHandle.IsClosed.Should().BeTrue();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Completing_the_input_first_leaves_the_output_open()
    {
        await Pipe.Input.CompleteAsync();
        IsClosed.Should().BeFalse();
        await Pipe.Output.WriteAsync("a"u8.ToArray());
        await Pipe.Output.CompleteAsync();
        IsClosed.Should().BeTrue();

        (await new SocketDuplexPipe(Sockets.Peer).Input.ReadToEndAsync()).Should().Equal("a"u8.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completing_with_an_exception_resets_at_once(bool byOutput)
    {
        Pipe.Output.GetSpan(4);
        Pipe.Output.Advance(4);
        if (byOutput) Pipe.Output.Complete(new IOException());
        else Pipe.Input.Complete(new IOException());

        IsClosed.Should().BeTrue();
        await PeerShouldBeResetAsync();
        Pipe.Output.Complete(new IOException());
        Pipe.Input.Complete(new IOException());
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task An_abort_ends_what_is_pending()
    {
        var reading = Pipe.Input.ReadAsync().AsTask();
        var writing = Pipe.Output.WriteAsync(new byte[16 << 20]).AsTask();
        writing.IsCompleted.Should().BeFalse();

        Pipe.Input.CancelPendingRead();
        Pipe.Output.CancelPendingFlush();
        Pipe.Output.Complete(new IOException());
        Pipe.Input.Complete(new IOException());

        (await reading).IsCanceled.Should().BeTrue();
        (await writing).IsCanceled.Should().BeTrue();
        await PeerShouldBeResetAsync();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Completing_the_one_end_with_an_exception_fails_what_is_pending_at_the_other()
    {
        var reading = Pipe.Input.ReadAsync().AsTask();
        Pipe.Output.Complete(new IOException());
        await FluentActions.Awaiting(() => reading).Should().ThrowAsync<IOException>();

        using var others = await SocketPair.ConnectAsync(bufferSize: 16 * 1024);
        var other = Open(others.Local, Pool);
        other.Output.GetMemory(16 << 20);
        other.Output.Advance(16 << 20);
        var flushing = other.Output.FlushAsync().AsTask();
        Pool.Outstanding.Should().Be(1, "the send still reads the buffer");
        other.Input.Complete(new IOException());
        await FluentActions.Awaiting(() => flushing).Should().ThrowAsync<IOException>();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_peer_that_resets_fails_reads_and_flushes_but_not_completion()
    {
        var reading = Pipe.Input.ReadAsync().AsTask();
        SocketPair.Reset(Sockets.Peer);
        (await FluentActions.Awaiting(() => reading).Should().ThrowAsync<IOException>())
            .WithInnerException<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        (await FluentActions.Awaiting(async () => await Pipe.Output.WriteAsync(new byte[1])).Should().ThrowAsync<IOException>())
            .WithInnerException<SocketException>();

        await Pipe.Output.CompleteAsync();
        await Pipe.Input.CompleteAsync();
        IsClosed.Should().BeTrue();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Connections_talk_over_it()
    {
        await using var server = WebSocketConnection.FromUpgraded(Pipe, WebSocketRole.Server);
        await using var client = WebSocketConnection.FromUpgraded(new SocketDuplexPipe(Sockets.Peer), WebSocketRole.Client);
        var echo = Task.Run(async () =>
        {
            await foreach (var message in server.ReadAllAsync()) await server.SendAsync(message);
        });
        foreach (var length in new[] { 0, 1, 125, 126, 65_536, 1_000_000 })
        {
            var bytes = PipeTransfer.Bytes(length);
            var sending = client.SendAsync(MessageKind.Binary, bytes).AsTask();
            (await client.ReceiveAsync())!.Value.Payload.ToArray().AsSpan().SequenceEqual(bytes).Should().BeTrue();
            await sending;
        }
        await client.CloseAsync();
        await echo;
        (await server.Closed).IsClean.Should().BeTrue();
        (await client.Closed).IsClean.Should().BeTrue();
        IsClosed.Should().BeTrue();
        Sockets.Peer.SafeHandle.IsClosed.Should().BeTrue();
        Pool.ShouldBeBalanced();
    }
}
