using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class SocketPipeReaderTests : SocketPipeTest
{
    [Fact]
    public async Task Bytes_arrive_one_at_a_time()
    {
        var bytes = PipeTransfer.Bytes(300);
        foreach (var b in bytes)
        {
            var reading = Pipe.Input.ReadAsync().AsTask();
            reading.IsCompleted.Should().BeFalse();
            await Sockets.Peer.SendAsync(new[] { b });
            var result = await reading;
            result.Buffer.ToArray().Should().Equal(b);
            result.IsCanceled.Should().BeFalse();
            Pipe.Input.AdvanceTo(result.Buffer.End);
        }
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task What_is_not_consumed_stays_and_the_buffer_grows_with_it()
    {
        var bytes = PipeTransfer.Bytes(1 << 20);
        var sending = Sockets.Peer.SendAsync(bytes);
        ReadResult result;
        while ((result = await Pipe.Input.ReadAsync()).Buffer.Length < bytes.Length) Pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        await sending;

        result.Buffer.IsSingleSegment.Should().BeTrue();
        result.Buffer.FirstSpan.SequenceEqual(bytes).Should().BeTrue();
        Pipe.Input.AdvanceTo(result.Buffer.End);
        Pool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(5001)]
    public async Task What_is_consumed_makes_room_while_a_rest_stays(int kept)
    {
        var bytes = PipeTransfer.Bytes(1 << 20);
        var sending = Sockets.Peer.SendAsync(bytes);
        var seen = 0;
        while (seen < bytes.Length)
        {
            var result = await Pipe.Input.ReadAsync();
            result.Buffer.ToArray().AsSpan().SequenceEqual(bytes.AsSpan(seen, (int)result.Buffer.Length)).Should().BeTrue();
            var consumed = seen + result.Buffer.Length == bytes.Length ? result.Buffer.Length : Math.Max(0, result.Buffer.Length - kept);
            seen += (int)consumed;
            Pipe.Input.AdvanceTo(result.Buffer.GetPosition(consumed), result.Buffer.End);
        }
        await sending;
        Pool.LargestRequest.Should().BeLessThanOrEqualTo(512 * 1024);
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_read_waits_until_there_is_something_that_was_not_examined()
    {
        await Sockets.Peer.SendAsync("abcd"u8.ToArray());
        var result = await ReadAtLeastAsync(4);

        Pipe.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.GetPosition(3));
        Pipe.Input.TryRead(out result).Should().BeTrue();
        result.Buffer.ToArray().Should().Equal("bcd"u8.ToArray());

        Pipe.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);
        Pipe.Input.TryRead(out _).Should().BeFalse();
        var reading = Pipe.Input.ReadAsync().AsTask();
        reading.IsCompleted.Should().BeFalse();

        await Sockets.Peer.SendAsync("e"u8.ToArray());
        result = await reading;
        result.Buffer.ToArray().Should().Equal("cde"u8.ToArray());
        Pipe.Input.AdvanceTo(result.Buffer.GetPosition(2));
        result = await Pipe.Input.ReadAsync();
        result.Buffer.ToArray().Should().Equal("e"u8.ToArray());
        Pipe.Input.AdvanceTo(result.Buffer.End);
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Reads_and_advances_alternate()
    {
        FluentActions.Invoking(() => Pipe.Input.AdvanceTo(default)).Should().Throw<InvalidOperationException>();
        var reading = Pipe.Input.ReadAsync().AsTask();
        await FluentActions.Awaiting(async () => await Pipe.Input.ReadAsync()).Should().ThrowAsync<InvalidOperationException>();

        await Sockets.Peer.SendAsync("a"u8.ToArray());
        var buffer = (await reading).Buffer;
        await FluentActions.Awaiting(async () => await Pipe.Input.ReadAsync()).Should().ThrowAsync<InvalidOperationException>();
        FluentActions.Invoking(() => Pipe.Input.AdvanceTo(buffer.End, buffer.Start)).Should().Throw<ArgumentOutOfRangeException>();
        Pipe.Input.AdvanceTo(buffer.End);
        FluentActions.Invoking(() => Pipe.Input.AdvanceTo(buffer.End)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task An_idle_connection_holds_no_buffer()
    {
        var reading = Pipe.Input.ReadAsync().AsTask();
        Pool.Outstanding.Should().Be(0);

        // A receive that fills its buffer is tried again at once; that must not end in a wait with a buffer either.
        await Sockets.Peer.SendAsync(new byte[ReceiveBuffer.MinReceiveSize]);
        Pipe.Input.AdvanceTo((await reading).Buffer.End);
        await Pipe.Output.WriteAsync(new byte[10]);
        while (Pipe.Input.TryRead(out var more)) Pipe.Input.AdvanceTo(more.Buffer.End);

        reading = Pipe.Input.ReadAsync().AsTask();
        Pool.ShouldBeBalanced();
        Pipe.Input.CancelPendingRead();
        (await reading).IsCanceled.Should().BeTrue();
    }

    [Fact]
    public async Task Receives_grow_with_the_input_and_shrink_again()
    {
        var sending = Sockets.Peer.SendAsync(new byte[32 << 20]);
        await Pipe.Input.ReadExactlyAsync(32 << 20);
        await sending;
        Pool.LargestRequest.Should().BeGreaterThan(ReceiveBuffer.MinReceiveSize).And.BeLessThanOrEqualTo(ReceiveBuffer.MaxReceiveSize);

        for (var i = 0; i < 100; i++)
        {
            await Sockets.Peer.SendAsync(new byte[1]);
            await Pipe.Input.ReadExactlyAsync(1);
        }
        Pool.LastRequest.Should().Be(ReceiveBuffer.MinReceiveSize);
    }

    [Fact]
    public async Task A_read_that_its_token_cancels_loses_nothing()
    {
        using var source = new CancellationTokenSource();
        await Sockets.Peer.SendAsync("ab"u8.ToArray());
        var result = await ReadAtLeastAsync(2);
        Pipe.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);

        var reading = Pipe.Input.ReadAsync(source.Token).AsTask();
        await source.CancelAsync();
        (await FluentActions.Awaiting(() => reading).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(source.Token);
        await FluentActions.Awaiting(async () => await Pipe.Input.ReadAsync(source.Token)).Should().ThrowAsync<OperationCanceledException>();

        await Sockets.Peer.SendAsync("c"u8.ToArray());
        (await Pipe.Input.ReadExactlyAsync(2)).Should().Equal("bc"u8.ToArray());
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Cancelling_against_arriving_input_loses_nothing()
    {
        var bytes = PipeTransfer.Bytes(2000);
        var sending = Task.Run(async () =>
        {
            foreach (var b in bytes) await Sockets.Peer.SendAsync(new[] { b });
        });
        var received = new List<byte>();
        while (received.Count < bytes.Length)
        {
            using var source = new CancellationTokenSource();
            var reading = Pipe.Input.ReadAsync(source.Token).AsTask();
            var cancelling = Task.Run(source.Cancel);
            try
            {
                var result = await reading;
                received.AddRange(result.Buffer.ToArray());
                Pipe.Input.AdvanceTo(result.Buffer.End);
            }
            catch (OperationCanceledException)
            {
                // The next read gets what this one did not.
            }
            await cancelling;
        }
        await sending;
        received.Should().Equal(bytes);
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task CancelPendingRead_ends_a_read_and_the_next_one_goes_on()
    {
        var reading = Pipe.Input.ReadAsync().AsTask();
        Pipe.Input.CancelPendingRead();
        var result = await reading;
        result.IsCanceled.Should().BeTrue();
        result.IsCompleted.Should().BeFalse();
        result.Buffer.IsEmpty.Should().BeTrue();
        Pipe.Input.AdvanceTo(result.Buffer.End);

        reading = Pipe.Input.ReadAsync().AsTask();
        reading.IsCompleted.Should().BeFalse();
        await Sockets.Peer.SendAsync("a"u8.ToArray());
        result = await reading;
        result.IsCanceled.Should().BeFalse();
        result.Buffer.ToArray().Should().Equal("a"u8.ToArray());
    }

    [Fact]
    public async Task CancelPendingRead_without_a_read_ends_the_next_one()
    {
        await Sockets.Peer.SendAsync("ab"u8.ToArray());
        var result = await ReadAtLeastAsync(2);
        Pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        Pipe.Input.CancelPendingRead();
        result = await Pipe.Input.ReadAsync();
        result.IsCanceled.Should().BeTrue();
        result.Buffer.ToArray().Should().Equal("ab"u8.ToArray());
        Pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        Pipe.Input.ReadAsync().AsTask().IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task The_end_of_the_stream_comes_with_what_is_left()
    {
        await Sockets.Peer.SendAsync("ab"u8.ToArray());
        var result = await ReadAtLeastAsync(2);
        Pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        Sockets.Peer.Shutdown(SocketShutdown.Send);

        for (var i = 0; i < 2; i++)
        {
            result = await Pipe.Input.ReadAsync();
            result.IsCompleted.Should().BeTrue();
            result.Buffer.ToArray().Should().Equal("ab"u8.ToArray());
            Pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
        result = await Pipe.Input.ReadAsync();
        Pipe.Input.AdvanceTo(result.Buffer.End);
        result = await Pipe.Input.ReadAsync();
        result.IsCompleted.Should().BeTrue();
        result.Buffer.IsEmpty.Should().BeTrue();
        Pipe.Input.AdvanceTo(result.Buffer.End);
        Pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Completing_the_input_ends_a_pending_read()
    {
        var reading = Pipe.Input.ReadAsync().AsTask();
        Pipe.Input.Complete();
        var result = await reading;
        result.IsCanceled.Should().BeTrue();
        result.IsCompleted.Should().BeTrue();
        FluentActions.Invoking(() => Pipe.Input.AdvanceTo(result.Buffer.End)).Should().NotThrow();
        FluentActions.Invoking(() => Pipe.Input.TryRead(out _)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task Completing_the_input_gives_unconsumed_bytes_back()
    {
        await Sockets.Peer.SendAsync("abc"u8.ToArray());
        var result = await ReadAtLeastAsync(3);
        Pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        Pool.Outstanding.Should().Be(1);
        await Pipe.Input.CompleteAsync();
        Pool.ShouldBeBalanced();
    }
}
