using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public sealed class SocketDuplexPipeTests : IAsyncLifetime
{
    private readonly PoisoningPool _pool = new();
    private SocketPair _sockets = null!;
    private SocketDuplexPipe _pipe = null!;

    public async Task InitializeAsync()
    {
        _sockets = await SocketPair.ConnectAsync(bufferSize: 16 * 1024);
        _pipe = new SocketDuplexPipe(_sockets.Local, _pool);
    }

    public Task DisposeAsync()
    {
        _sockets.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public void Takes_only_connected_stream_sockets()
    {
        using var datagram = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var unconnected = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        FluentActions.Invoking(() => new SocketDuplexPipe(null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => new SocketDuplexPipe(datagram)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new SocketDuplexPipe(unconnected)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Small_frames_are_not_delayed() => _sockets.Local.NoDelay.Should().BeTrue();

    [Fact]
    public async Task Unix_domain_sockets_work_too()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        try
        {
            listener.Listen();
            using var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await local.ConnectAsync(new UnixDomainSocketEndPoint(path));
            using var peer = await listener.AcceptAsync();
            var pipe = new SocketDuplexPipe(local);
            var peerPipe = new SocketDuplexPipe(peer);

            await pipe.Output.WriteAsync("abc"u8.ToArray());
            await pipe.Output.CompleteAsync();

            (await peerPipe.Input.ReadToEndAsync()).Should().Equal("abc"u8.ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

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
        var peer = new SocketDuplexPipe(_sockets.Peer, peerPool);
        var (sent, sentByPeer) = (PipeTransfer.Bytes(length, 1), PipeTransfer.Bytes(length, 2));

        var sending = Task.Run(() => _pipe.Output.WriteInPartsAsync(sent, flushEvery));
        var peerSending = Task.Run(async () => await peer.Output.WriteAsync(sentByPeer));
        var peerReceiving = Task.Run(() => peer.Input.ReadExactlyAsync(length));
        var received = await _pipe.Input.ReadExactlyAsync(length);
        await Task.WhenAll(sending, peerSending, peerReceiving);

        received.AsSpan().SequenceEqual(sentByPeer).Should().BeTrue();
        (await peerReceiving).AsSpan().SequenceEqual(sent).Should().BeTrue();
        _pool.ShouldBeBalanced();
        peerPool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Bytes_arrive_one_at_a_time()
    {
        var bytes = PipeTransfer.Bytes(300);
        foreach (var b in bytes)
        {
            var reading = _pipe.Input.ReadAsync().AsTask();
            reading.IsCompleted.Should().BeFalse();
            await _sockets.Peer.SendAsync(new[] { b });
            var result = await reading;
            result.Buffer.ToArray().Should().Equal(b);
            result.IsCanceled.Should().BeFalse();
            _pipe.Input.AdvanceTo(result.Buffer.End);
        }
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task What_is_not_consumed_stays_and_the_buffer_grows_with_it()
    {
        var bytes = PipeTransfer.Bytes(1 << 20);
        var sending = _sockets.Peer.SendAsync(bytes);
        ReadResult result;
        while ((result = await _pipe.Input.ReadAsync()).Buffer.Length < bytes.Length) _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        await sending;

        result.Buffer.IsSingleSegment.Should().BeTrue();
        result.Buffer.FirstSpan.SequenceEqual(bytes).Should().BeTrue();
        _pipe.Input.AdvanceTo(result.Buffer.End);
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(5001)]
    public async Task What_is_consumed_makes_room_while_a_rest_stays(int kept)
    {
        var bytes = PipeTransfer.Bytes(1 << 20);
        var sending = _sockets.Peer.SendAsync(bytes);
        var seen = 0;
        while (seen < bytes.Length)
        {
            var result = await _pipe.Input.ReadAsync();
            result.Buffer.ToArray().AsSpan().SequenceEqual(bytes.AsSpan(seen, (int)result.Buffer.Length)).Should().BeTrue();
            var consumed = seen + result.Buffer.Length == bytes.Length ? result.Buffer.Length : Math.Max(0, result.Buffer.Length - kept);
            seen += (int)consumed;
            _pipe.Input.AdvanceTo(result.Buffer.GetPosition(consumed), result.Buffer.End);
        }
        await sending;
        _pool.LargestRequest.Should().BeLessThanOrEqualTo(512 * 1024);
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_read_waits_until_there_is_something_that_was_not_examined()
    {
        await _sockets.Peer.SendAsync("abcd"u8.ToArray());
        var result = await ReadAtLeastAsync(4);

        _pipe.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.GetPosition(3));
        _pipe.Input.TryRead(out result).Should().BeTrue();
        result.Buffer.ToArray().Should().Equal("bcd"u8.ToArray());

        _pipe.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);
        _pipe.Input.TryRead(out _).Should().BeFalse();
        var reading = _pipe.Input.ReadAsync().AsTask();
        reading.IsCompleted.Should().BeFalse();

        await _sockets.Peer.SendAsync("e"u8.ToArray());
        result = await reading;
        result.Buffer.ToArray().Should().Equal("cde"u8.ToArray());
        _pipe.Input.AdvanceTo(result.Buffer.GetPosition(2));
        result = await _pipe.Input.ReadAsync();
        result.Buffer.ToArray().Should().Equal("e"u8.ToArray());
        _pipe.Input.AdvanceTo(result.Buffer.End);
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Reads_and_advances_alternate()
    {
        FluentActions.Invoking(() => _pipe.Input.AdvanceTo(default)).Should().Throw<InvalidOperationException>();
        var reading = _pipe.Input.ReadAsync().AsTask();
        await FluentActions.Awaiting(async () => await _pipe.Input.ReadAsync()).Should().ThrowAsync<InvalidOperationException>();

        await _sockets.Peer.SendAsync("a"u8.ToArray());
        var buffer = (await reading).Buffer;
        await FluentActions.Awaiting(async () => await _pipe.Input.ReadAsync()).Should().ThrowAsync<InvalidOperationException>();
        FluentActions.Invoking(() => _pipe.Input.AdvanceTo(buffer.End, buffer.Start)).Should().Throw<ArgumentOutOfRangeException>();
        _pipe.Input.AdvanceTo(buffer.End);
        FluentActions.Invoking(() => _pipe.Input.AdvanceTo(buffer.End)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task An_idle_connection_holds_no_buffer()
    {
        var reading = _pipe.Input.ReadAsync().AsTask();
        _pool.Outstanding.Should().Be(0);

        // A receive that fills its buffer is tried again at once; that must not end in a wait with a buffer either.
        await _sockets.Peer.SendAsync(new byte[SocketPipeReader.MinReceiveSize]);
        _pipe.Input.AdvanceTo((await reading).Buffer.End);
        await _pipe.Output.WriteAsync(new byte[10]);
        while (_pipe.Input.TryRead(out var more)) _pipe.Input.AdvanceTo(more.Buffer.End);

        reading = _pipe.Input.ReadAsync().AsTask();
        _pool.ShouldBeBalanced();
        _pipe.Input.CancelPendingRead();
        (await reading).IsCanceled.Should().BeTrue();
    }

    [Fact]
    public async Task Receives_grow_with_the_input_and_shrink_again()
    {
        var sending = _sockets.Peer.SendAsync(new byte[32 << 20]);
        await _pipe.Input.ReadExactlyAsync(32 << 20);
        await sending;
        _pool.LargestRequest.Should().BeGreaterThan(SocketPipeReader.MinReceiveSize).And.BeLessThanOrEqualTo(SocketPipeReader.MaxReceiveSize);

        for (var i = 0; i < 100; i++)
        {
            await _sockets.Peer.SendAsync(new byte[1]);
            await _pipe.Input.ReadExactlyAsync(1);
        }
        _pool.LastRequest.Should().Be(SocketPipeReader.MinReceiveSize);
    }

    [Fact]
    public async Task A_read_that_its_token_cancels_loses_nothing()
    {
        using var source = new CancellationTokenSource();
        await _sockets.Peer.SendAsync("ab"u8.ToArray());
        var result = await ReadAtLeastAsync(2);
        _pipe.Input.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.End);

        var reading = _pipe.Input.ReadAsync(source.Token).AsTask();
        await source.CancelAsync();
        (await FluentActions.Awaiting(() => reading).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(source.Token);
        await FluentActions.Awaiting(async () => await _pipe.Input.ReadAsync(source.Token)).Should().ThrowAsync<OperationCanceledException>();

        await _sockets.Peer.SendAsync("c"u8.ToArray());
        (await _pipe.Input.ReadExactlyAsync(2)).Should().Equal("bc"u8.ToArray());
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Cancelling_against_arriving_input_loses_nothing()
    {
        var bytes = PipeTransfer.Bytes(2000);
        var sending = Task.Run(async () =>
        {
            foreach (var b in bytes) await _sockets.Peer.SendAsync(new[] { b });
        });
        var received = new List<byte>();
        while (received.Count < bytes.Length)
        {
            using var source = new CancellationTokenSource();
            var reading = _pipe.Input.ReadAsync(source.Token).AsTask();
            var cancelling = Task.Run(source.Cancel);
            try
            {
                var result = await reading;
                received.AddRange(result.Buffer.ToArray());
                _pipe.Input.AdvanceTo(result.Buffer.End);
            }
            catch (OperationCanceledException)
            {
                // The next read gets what this one did not.
            }
            await cancelling;
        }
        await sending;
        received.Should().Equal(bytes);
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task CancelPendingRead_ends_a_read_and_the_next_one_goes_on()
    {
        var reading = _pipe.Input.ReadAsync().AsTask();
        _pipe.Input.CancelPendingRead();
        var result = await reading;
        result.IsCanceled.Should().BeTrue();
        result.IsCompleted.Should().BeFalse();
        result.Buffer.IsEmpty.Should().BeTrue();
        _pipe.Input.AdvanceTo(result.Buffer.End);

        reading = _pipe.Input.ReadAsync().AsTask();
        reading.IsCompleted.Should().BeFalse();
        await _sockets.Peer.SendAsync("a"u8.ToArray());
        result = await reading;
        result.IsCanceled.Should().BeFalse();
        result.Buffer.ToArray().Should().Equal("a"u8.ToArray());
    }

    [Fact]
    public async Task CancelPendingRead_without_a_read_ends_the_next_one()
    {
        await _sockets.Peer.SendAsync("ab"u8.ToArray());
        var result = await ReadAtLeastAsync(2);
        _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        _pipe.Input.CancelPendingRead();
        result = await _pipe.Input.ReadAsync();
        result.IsCanceled.Should().BeTrue();
        result.Buffer.ToArray().Should().Equal("ab"u8.ToArray());
        _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        _pipe.Input.ReadAsync().AsTask().IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task The_end_of_the_stream_comes_with_what_is_left()
    {
        await _sockets.Peer.SendAsync("ab"u8.ToArray());
        var result = await ReadAtLeastAsync(2);
        _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        _sockets.Peer.Shutdown(SocketShutdown.Send);

        for (var i = 0; i < 2; i++)
        {
            result = await _pipe.Input.ReadAsync();
            result.IsCompleted.Should().BeTrue();
            result.Buffer.ToArray().Should().Equal("ab"u8.ToArray());
            _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
        result = await _pipe.Input.ReadAsync();
        _pipe.Input.AdvanceTo(result.Buffer.End);
        result = await _pipe.Input.ReadAsync();
        result.IsCompleted.Should().BeTrue();
        result.Buffer.IsEmpty.Should().BeTrue();
        _pipe.Input.AdvanceTo(result.Buffer.End);
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completing_the_output_sends_the_rest_and_half_closes(bool synchronously)
    {
        "rest"u8.CopyTo(_pipe.Output.GetSpan(4));
        _pipe.Output.Advance(4);
        _pipe.Output.UnflushedBytes.Should().Be(4);
        if (synchronously) _pipe.Output.Complete();
        else await _pipe.Output.CompleteAsync();

        var peer = new SocketDuplexPipe(_sockets.Peer);
        (await peer.Input.ReadToEndAsync()).Should().Equal("rest"u8.ToArray());

        // The other direction is still open.
        await peer.Output.WriteAsync("reply"u8.ToArray());
        await peer.Output.CompleteAsync();
        (await _pipe.Input.ReadToEndAsync()).Should().Equal("reply"u8.ToArray());
        _sockets.Local.SafeHandle.IsClosed.Should().BeFalse();
        await _pipe.Input.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        await peer.Input.CompleteAsync();
        _sockets.Peer.SafeHandle.IsClosed.Should().BeTrue();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Completing_the_input_first_leaves_the_output_open()
    {
        await _pipe.Input.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeFalse();
        await _pipe.Output.WriteAsync("a"u8.ToArray());
        await _pipe.Output.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();

        (await new SocketDuplexPipe(_sockets.Peer).Input.ReadToEndAsync()).Should().Equal("a"u8.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completing_with_an_exception_resets_at_once(bool byOutput)
    {
        _pipe.Output.GetSpan(4);
        _pipe.Output.Advance(4);
        if (byOutput) _pipe.Output.Complete(new IOException());
        else _pipe.Input.Complete(new IOException());

        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        await PeerShouldBeResetAsync();
        _pipe.Output.Complete(new IOException());
        _pipe.Input.Complete(new IOException());
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task An_abort_ends_what_is_pending()
    {
        var reading = _pipe.Input.ReadAsync().AsTask();
        var writing = _pipe.Output.WriteAsync(new byte[16 << 20]).AsTask();
        writing.IsCompleted.Should().BeFalse();

        _pipe.Input.CancelPendingRead();
        _pipe.Output.CancelPendingFlush();
        _pipe.Output.Complete(new IOException());
        _pipe.Input.Complete(new IOException());

        (await reading).IsCanceled.Should().BeTrue();
        (await writing).IsCanceled.Should().BeTrue();
        await PeerShouldBeResetAsync();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Completing_the_one_end_with_an_exception_fails_what_is_pending_at_the_other()
    {
        var reading = _pipe.Input.ReadAsync().AsTask();
        _pipe.Output.Complete(new IOException());
        await FluentActions.Awaiting(() => reading).Should().ThrowAsync<IOException>();

        using var others = await SocketPair.ConnectAsync(bufferSize: 16 * 1024);
        var other = new SocketDuplexPipe(others.Local, _pool);
        other.Output.GetMemory(16 << 20);
        other.Output.Advance(16 << 20);
        var flushing = other.Output.FlushAsync().AsTask();
        _pool.Outstanding.Should().Be(1, "the send still reads the buffer");
        other.Input.Complete(new IOException());
        await FluentActions.Awaiting(() => flushing).Should().ThrowAsync<IOException>();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Completing_the_input_ends_a_pending_read()
    {
        var reading = _pipe.Input.ReadAsync().AsTask();
        _pipe.Input.Complete();
        var result = await reading;
        result.IsCanceled.Should().BeTrue();
        result.IsCompleted.Should().BeTrue();
        FluentActions.Invoking(() => _pipe.Input.AdvanceTo(result.Buffer.End)).Should().NotThrow();
        FluentActions.Invoking(() => _pipe.Input.TryRead(out _)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task Completing_the_input_gives_unconsumed_bytes_back()
    {
        await _sockets.Peer.SendAsync("abc"u8.ToArray());
        var result = await ReadAtLeastAsync(3);
        _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        _pool.Outstanding.Should().Be(1);
        await _pipe.Input.CompleteAsync();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task CancelPendingFlush_ends_a_flush_and_with_it_the_output()
    {
        var writing = _pipe.Output.WriteAsync(new byte[16 << 20]).AsTask();
        writing.IsCompleted.Should().BeFalse();
        _pipe.Output.CancelPendingFlush();
        (await writing).IsCanceled.Should().BeTrue();

        await FluentActions.Awaiting(async () => await _pipe.Output.WriteAsync(new byte[1])).Should().ThrowAsync<IOException>();
        await _pipe.Output.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeFalse("the input may still be read");
        await _pipe.Input.CompleteAsync();
        await PeerShouldBeResetAsync();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task CancelPendingFlush_without_a_flush_ends_the_next_one_and_keeps_its_bytes()
    {
        _pipe.Output.CancelPendingFlush();
        (await _pipe.Output.WriteAsync("a"u8.ToArray())).IsCanceled.Should().BeTrue();
        _pipe.Output.UnflushedBytes.Should().Be(1);
        (await _pipe.Output.FlushAsync()).IsCanceled.Should().BeFalse();
        (await new SocketDuplexPipe(_sockets.Peer).Input.ReadExactlyAsync(1)).Should().Equal("a"u8.ToArray());
    }

    [Fact]
    public async Task CancelPendingFlush_cuts_completion_short()
    {
        _pipe.Output.GetMemory(16 << 20);
        _pipe.Output.Advance(16 << 20);
        var completing = _pipe.Output.CompleteAsync().AsTask();
        completing.IsCompleted.Should().BeFalse();
        _pipe.Output.CancelPendingFlush();
        await completing;
        await _pipe.Input.CompleteAsync();
        await PeerShouldBeResetAsync();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task An_exception_cuts_completion_short()
    {
        _pipe.Output.GetMemory(16 << 20);
        _pipe.Output.Advance(16 << 20);
        var completing = _pipe.Output.CompleteAsync().AsTask();
        await _pipe.Output.CompleteAsync(new IOException());
        await completing;
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        await PeerShouldBeResetAsync();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_flush_that_its_token_cancels_ends_the_output()
    {
        using var source = new CancellationTokenSource();
        var writing = _pipe.Output.WriteAsync(new byte[16 << 20], source.Token).AsTask();
        await source.CancelAsync();
        (await FluentActions.Awaiting(() => writing).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(source.Token);
        await FluentActions.Awaiting(async () => await _pipe.Output.WriteAsync(new byte[1])).Should().ThrowAsync<IOException>();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_token_that_is_cancelled_before_the_flush_leaves_the_bytes_unflushed()
    {
        _pipe.Output.GetSpan(1)[0] = (byte)'a';
        _pipe.Output.Advance(1);
        await FluentActions.Awaiting(async () => await _pipe.Output.FlushAsync(new CancellationToken(true))).Should().ThrowAsync<OperationCanceledException>();
        await _pipe.Output.FlushAsync();
        (await new SocketDuplexPipe(_sockets.Peer).Input.ReadExactlyAsync(1)).Should().Equal("a"u8.ToArray());
    }

    [Fact]
    public async Task A_peer_that_resets_fails_reads_and_flushes_but_not_completion()
    {
        var reading = _pipe.Input.ReadAsync().AsTask();
        SocketPair.Reset(_sockets.Peer);
        (await FluentActions.Awaiting(() => reading).Should().ThrowAsync<IOException>())
            .WithInnerException<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        (await FluentActions.Awaiting(async () => await _pipe.Output.WriteAsync(new byte[1])).Should().ThrowAsync<IOException>())
            .WithInnerException<SocketException>();

        await _pipe.Output.CompleteAsync();
        await _pipe.Input.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Completing_does_not_throw_when_the_transport_is_gone()
    {
        _pipe.Output.GetSpan(1);
        _pipe.Output.Advance(1);
        _sockets.Local.Dispose();
        await _pipe.Output.CompleteAsync();
        await _pipe.Input.CompleteAsync();
        _pipe.Output.Complete(new IOException());
        _pipe.Input.Complete(new IOException());
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public void The_writer_refuses_what_cannot_be()
    {
        FluentActions.Invoking(() => _pipe.Output.Advance(1)).Should().Throw<ArgumentOutOfRangeException>();
        var length = _pipe.Output.GetMemory().Length;
        FluentActions.Invoking(() => _pipe.Output.Advance(length + 1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => _pipe.Output.Advance(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => _pipe.Output.GetSpan(-1)).Should().Throw<ArgumentOutOfRangeException>();
        _pipe.Output.Complete();
        FluentActions.Invoking(() => _pipe.Output.GetSpan()).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => _pipe.Output.FlushAsync()).Should().Throw<InvalidOperationException>();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task The_writer_is_not_touched_while_it_flushes()
    {
        var writing = _pipe.Output.WriteAsync(new byte[16 << 20]).AsTask();
        FluentActions.Invoking(() => _pipe.Output.GetSpan()).Should().Throw<InvalidOperationException>();
        await FluentActions.Awaiting(async () => await _pipe.Output.FlushAsync()).Should().ThrowAsync<InvalidOperationException>();

        // The flush goes on undisturbed.
        (await new SocketDuplexPipe(_sockets.Peer).Input.ReadExactlyAsync(16 << 20)).AsSpan().ContainsAnyExcept((byte)0).Should().BeFalse();
        (await writing).IsCanceled.Should().BeFalse();
    }

    [Fact]
    public async Task A_large_write_goes_out_after_what_is_unflushed_and_is_not_copied()
    {
        var bytes = PipeTransfer.Bytes(100_000);
        "head"u8.CopyTo(_pipe.Output.GetSpan(4));
        _pipe.Output.Advance(4);
        var writing = _pipe.Output.WriteAsync(bytes).AsTask();
        var received = await new SocketDuplexPipe(_sockets.Peer).Input.ReadExactlyAsync(100_004);
        await writing;

        received.AsSpan(0, 4).SequenceEqual("head"u8).Should().BeTrue();
        received.AsSpan(4).SequenceEqual(bytes).Should().BeTrue();
        _pool.LargestRequest.Should().BeLessThan(bytes.Length);
    }

    [Fact]
    public async Task Connections_talk_over_it()
    {
        await using var server = WebSocketConnection.FromUpgraded(_pipe, WebSocketRole.Server);
        await using var client = WebSocketConnection.FromUpgraded(new SocketDuplexPipe(_sockets.Peer), WebSocketRole.Client);
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
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        _sockets.Peer.SafeHandle.IsClosed.Should().BeTrue();
        _pool.ShouldBeBalanced();
    }

    private async Task<ReadResult> ReadAtLeastAsync(int length)
    {
        while (true)
        {
            var result = await _pipe.Input.ReadAsync();
            if (result.Buffer.Length >= length) return result;
            _pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private async Task PeerShouldBeResetAsync()
    {
        var buffer = new byte[64 * 1024];
        var receivingToTheEnd = async () =>
        {
            while (await _sockets.Peer.ReceiveAsync(buffer) != 0)
            {
                // What was under way before the reset.
            }
        };
        (await receivingToTheEnd.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
    }
}
