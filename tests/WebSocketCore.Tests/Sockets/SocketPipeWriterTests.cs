using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class SocketPipeWriterTests : SocketPipeTest
{
    [Fact]
    public async Task CancelPendingFlush_ends_a_flush_and_with_it_the_output()
    {
        var writing = Pipe.Output.WriteAsync(new byte[16 << 20]).AsTask();
        writing.IsCompleted.Should().BeFalse();
        Pipe.Output.CancelPendingFlush();
        (await writing).IsCanceled.Should().BeTrue();

        await FluentActions.Awaiting(async () => await Pipe.Output.WriteAsync(new byte[1])).Should().ThrowAsync<IOException>();
        await Pipe.Output.CompleteAsync();
        IsClosed.Should().BeFalse("the input may still be read");
        await Pipe.Input.CompleteAsync();
        await PeerShouldBeResetAsync();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task CancelPendingFlush_without_a_flush_ends_the_next_one_and_keeps_its_bytes()
    {
        Pipe.Output.CancelPendingFlush();
        (await Pipe.Output.WriteAsync("a"u8.ToArray())).IsCanceled.Should().BeTrue();
        Pipe.Output.UnflushedBytes.Should().Be(1);
        (await Pipe.Output.FlushAsync()).IsCanceled.Should().BeFalse();
        (await new SocketDuplexPipe(Sockets.Peer).Input.ReadExactlyAsync(1)).Should().Equal("a"u8.ToArray());
    }

    [Fact]
    public async Task CancelPendingFlush_cuts_completion_short()
    {
        Pipe.Output.GetMemory(16 << 20);
        Pipe.Output.Advance(16 << 20);
        var completing = Pipe.Output.CompleteAsync().AsTask();
        completing.IsCompleted.Should().BeFalse();
        Pipe.Output.CancelPendingFlush();
        await completing;
        await Pipe.Input.CompleteAsync();
        await PeerShouldBeResetAsync();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task An_exception_cuts_completion_short()
    {
        Pipe.Output.GetMemory(16 << 20);
        Pipe.Output.Advance(16 << 20);
        var completing = Pipe.Output.CompleteAsync().AsTask();
        await Pipe.Output.CompleteAsync(new IOException());
        await completing;
        IsClosed.Should().BeTrue();
        await PeerShouldBeResetAsync();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_flush_that_its_token_cancels_ends_the_output()
    {
        using var source = new CancellationTokenSource();
        var writing = Pipe.Output.WriteAsync(new byte[16 << 20], source.Token).AsTask();
        await source.CancelAsync();
        (await FluentActions.Awaiting(() => writing).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(source.Token);
        await FluentActions.Awaiting(async () => await Pipe.Output.WriteAsync(new byte[1])).Should().ThrowAsync<IOException>();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_token_that_is_cancelled_before_the_flush_leaves_the_bytes_unflushed()
    {
        Pipe.Output.GetSpan(1)[0] = (byte)'a';
        Pipe.Output.Advance(1);
        await FluentActions.Awaiting(async () => await Pipe.Output.FlushAsync(new CancellationToken(true))).Should().ThrowAsync<OperationCanceledException>();
        await Pipe.Output.FlushAsync();
        (await new SocketDuplexPipe(Sockets.Peer).Input.ReadExactlyAsync(1)).Should().Equal("a"u8.ToArray());
    }

    [Fact]
    public void The_writer_refuses_what_cannot_be()
    {
        FluentActions.Invoking(() => Pipe.Output.Advance(1)).Should().Throw<ArgumentOutOfRangeException>();
        var length = Pipe.Output.GetMemory().Length;
        FluentActions.Invoking(() => Pipe.Output.Advance(length + 1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => Pipe.Output.Advance(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => Pipe.Output.GetSpan(-1)).Should().Throw<ArgumentOutOfRangeException>();
        Pipe.Output.Complete();
        FluentActions.Invoking(() => Pipe.Output.GetSpan()).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => Pipe.Output.FlushAsync()).Should().Throw<InvalidOperationException>();
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task The_writer_is_not_touched_while_it_flushes()
    {
        var writing = Pipe.Output.WriteAsync(new byte[16 << 20]).AsTask();
        FluentActions.Invoking(() => Pipe.Output.GetSpan()).Should().Throw<InvalidOperationException>();
        await FluentActions.Awaiting(async () => await Pipe.Output.FlushAsync()).Should().ThrowAsync<InvalidOperationException>();

        // The flush goes on undisturbed.
        (await new SocketDuplexPipe(Sockets.Peer).Input.ReadExactlyAsync(16 << 20)).AsSpan().ContainsAnyExcept((byte)0).Should().BeFalse();
        (await writing).IsCanceled.Should().BeFalse();
    }

    [Fact]
    public async Task A_large_write_goes_out_after_what_is_unflushed_and_is_not_copied()
    {
        var bytes = PipeTransfer.Bytes(100_000);
        "head"u8.CopyTo(Pipe.Output.GetSpan(4));
        Pipe.Output.Advance(4);
        var writing = Pipe.Output.WriteAsync(bytes).AsTask();
        var received = await new SocketDuplexPipe(Sockets.Peer).Input.ReadExactlyAsync(100_004);
        await writing;

        received.AsSpan(0, 4).SequenceEqual("head"u8).Should().BeTrue();
        received.AsSpan(4).SequenceEqual(bytes).Should().BeTrue();
        Pool.LargestRequest.Should().BeLessThan(bytes.Length);
    }
}
