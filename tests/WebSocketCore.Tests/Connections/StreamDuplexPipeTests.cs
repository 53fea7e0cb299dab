using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using WebSocketCore.Connections;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public sealed class StreamDuplexPipeTests : IAsyncLifetime
{
    private readonly PoisoningPool _pool = new();
    private SocketPair _sockets = null!;

    public async Task InitializeAsync() => _sockets = await SocketPair.ConnectAsync(bufferSize: 16 * 1024);

    public Task DisposeAsync()
    {
        _sockets.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public void Takes_no_null()
    {
        FluentActions.Invoking(() => new StreamDuplexPipe(null!, _pool)).Should().Throw<ArgumentNullException>().WithParameterName("stream");
        FluentActions.Invoking(() => new StreamDuplexPipe(Stream.Null, null!)).Should().Throw<ArgumentNullException>().WithParameterName("pool");
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 16_384)]
    [InlineData(false, 16_385)]
    [InlineData(false, 16 << 20)]
    [InlineData(true, 1)]
    [InlineData(true, 16_385)]
    [InlineData(true, 4 << 20)]
    public async Task Bytes_arrive_as_they_were_written_in_both_directions_at_once(bool tls, int length)
    {
        var (near, far) = await ConnectAsync(tls);
        var (sent, sentByPeer) = (PipeTransfer.Bytes(length, 1), PipeTransfer.Bytes(length, 2));

        var sending = Task.Run(() => near.Output.WriteInPartsAsync(sent, 50_000));
        var peerSending = Task.Run(async () => await far.Output.WriteAsync(sentByPeer));
        var peerReceiving = Task.Run(() => far.Input.ReadExactlyAsync(length));
        var received = await near.Input.ReadExactlyAsync(length);
        await Task.WhenAll(sending, peerSending, peerReceiving);

        received.AsSpan().SequenceEqual(sentByPeer).Should().BeTrue();
        (await peerReceiving).AsSpan().SequenceEqual(sent).Should().BeTrue();
        await near.Output.CompleteAsync();
        await near.Input.CompleteAsync();
        await far.Output.CompleteAsync();
        await far.Input.CompleteAsync();
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completing_the_output_sends_the_rest_and_half_closes(bool tls)
    {
        var (near, far) = await ConnectAsync(tls);
        "rest"u8.CopyTo(near.Output.GetSpan(4));
        near.Output.Advance(4);
        near.Output.UnflushedBytes.Should().Be(4);
        await near.Output.CompleteAsync();
        (await far.Input.ReadToEndAsync()).Should().Equal("rest"u8.ToArray());

        // The other direction is still open.
        await far.Output.WriteAsync("reply"u8.ToArray());
        await far.Output.CompleteAsync();
        (await near.Input.ReadToEndAsync()).Should().Equal("reply"u8.ToArray());
        _sockets.Local.SafeHandle.IsClosed.Should().BeFalse();
        await near.Input.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        await far.Input.CompleteAsync();
        _sockets.Peer.SafeHandle.IsClosed.Should().BeTrue();
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_idle_connection_holds_no_buffer(bool tls)
    {
        var (near, far) = await ConnectAsync(tls);
        var isIdle = false;

        // On Linux the socket may report once more the arrival of bytes that were read already: then one wait holds a buffer, but not all of them.
        for (var attempt = 0; attempt < 10 && !isIdle; attempt++)
        {
            await far.Output.WriteAsync("abc"u8.ToArray());
            await near.Input.ReadExactlyAsync(3);
            await near.Output.WriteAsync("abc"u8.ToArray());
            await far.Input.ReadExactlyAsync(3);

            var reading = near.Input.ReadAsync().AsTask();
            reading.IsCompleted.Should().BeFalse();
            isIdle = _pool.Outstanding == 0;
            near.Input.CancelPendingRead();
            var result = await reading;
            result.IsCanceled.Should().BeTrue();
            near.Input.AdvanceTo(result.Buffer.End);
        }
        isIdle.Should().BeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_read_loses_nothing(bool tls)
    {
        var (near, far) = await ConnectAsync(tls);
        using var source = new CancellationTokenSource();
        var reading = near.Input.ReadAsync(source.Token).AsTask();
        await source.CancelAsync();
        await FluentActions.Awaiting(() => reading).Should().ThrowAsync<OperationCanceledException>();

        reading = near.Input.ReadAsync().AsTask();
        near.Input.CancelPendingRead();
        var result = await reading;
        result.IsCanceled.Should().BeTrue();
        near.Input.AdvanceTo(result.Buffer.End);

        await far.Output.WriteAsync("abc"u8.ToArray());
        (await near.Input.ReadExactlyAsync(3)).Should().Equal("abc"u8.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_abort_ends_what_is_pending(bool tls)
    {
        var (near, far) = await ConnectAsync(tls);
        var reading = near.Input.ReadAsync().AsTask();
        var writing = near.Output.WriteAsync(new byte[16 << 20]).AsTask();
        writing.IsCompleted.Should().BeFalse();

        near.Input.CancelPendingRead();
        near.Output.CancelPendingFlush();
        (await writing).IsCanceled.Should().BeTrue();
        near.Output.Complete(new IOException());
        var ended = await reading;
        ended.IsCanceled.Should().BeTrue();
        near.Input.Complete(new IOException());

        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        await FluentActions.Awaiting(() => far.Input.ReadToEndAsync()).Should().ThrowAsync<IOException>();
        await far.Input.CompleteAsync();
        await far.Output.CompleteAsync(new IOException());
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completing_does_not_throw_when_the_peer_is_gone(bool tls)
    {
        var (near, _) = await ConnectAsync(tls);
        SocketPair.Reset(_sockets.Peer);
        await FluentActions.Awaiting(async () => await near.Input.ReadAsync()).Should().ThrowAsync<IOException>();
        near.Output.GetSpan(1);
        near.Output.Advance(1);
        await near.Output.CompleteAsync();
        await near.Input.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task The_stream_is_disposed_of_once_both_ends_are_complete()
    {
        var stream = new ScriptedStream();
        var pipe = new StreamDuplexPipe(stream, _pool);
        await pipe.Output.CompleteAsync();
        stream.Disposals.Should().Be(0);
        await pipe.Input.CompleteAsync();
        stream.Disposals.Should().Be(1);

        pipe.Output.Complete(new IOException());
        pipe.Input.Complete();
        stream.Disposals.Should().Be(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_exception_disposes_of_the_stream_at_once_and_sends_nothing(bool byOutput)
    {
        var stream = new ScriptedStream();
        var pipe = new StreamDuplexPipe(stream, _pool);
        pipe.Output.GetSpan(1);
        pipe.Output.Advance(1);
        if (byOutput) pipe.Output.Complete(new IOException());
        else pipe.Input.Complete(new IOException());
        stream.Disposals.Should().Be(1);
        pipe.Output.Complete(new IOException());
        pipe.Input.Complete(new IOException());
        stream.Disposals.Should().Be(1);
        stream.Written.Should().Be(0);
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task A_stream_that_fails_to_take_the_rest_may_still_be_read()
    {
        var stream = new ScriptedStream { WriteFailure = new IOException() };
        var pipe = new StreamDuplexPipe(stream, _pool);
        pipe.Output.GetSpan(1);
        pipe.Output.Advance(1);
        await pipe.Output.CompleteAsync();
        stream.Disposals.Should().Be(0);
        (await pipe.Input.ReadToEndAsync()).Should().BeEmpty();
        await pipe.Input.CompleteAsync();
        stream.Disposals.Should().Be(1);
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Nothing_is_sent_after_a_flush_that_failed()
    {
        var stream = new ScriptedStream { WriteFailure = new IOException() };
        var pipe = new StreamDuplexPipe(stream, _pool);
        await FluentActions.Awaiting(async () => await pipe.Output.WriteAsync(new byte[1])).Should().ThrowAsync<IOException>();
        pipe.Output.GetSpan(1);
        pipe.Output.Advance(1);
        stream.WriteFailure = null;
        await FluentActions.Awaiting(async () => await pipe.Output.FlushAsync()).Should().ThrowAsync<IOException>();
        await pipe.Output.CompleteAsync();
        stream.Written.Should().Be(0);
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task Output_that_was_cut_is_reset_and_not_ended()
    {
        var (near, far) = await ConnectAsync(tls: false);
        var writing = near.Output.WriteAsync(new byte[16 << 20]).AsTask();
        near.Output.CancelPendingFlush();
        (await writing).IsCanceled.Should().BeTrue();
        await near.Output.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeFalse();
        await near.Input.CompleteAsync();
        _sockets.Local.SafeHandle.IsClosed.Should().BeTrue();
        await FluentActions.Awaiting(() => far.Input.ReadToEndAsync()).Should().ThrowAsync<IOException>();
    }

    [Fact]
    public async Task Cancelling_after_completion_gives_up_the_stream()
    {
        var stream = new ScriptedStream();
        var pipe = new StreamDuplexPipe(stream, _pool);
        await pipe.Output.CompleteAsync();
        pipe.Output.CancelPendingFlush();
        stream.Disposals.Should().Be(1);
        await pipe.Input.CompleteAsync();
        pipe.Output.CancelPendingFlush();
        pipe.Input.CancelPendingRead();
        stream.Disposals.Should().Be(1);
    }

    [Fact]
    public async Task A_stream_that_fails_when_it_is_disposed_of_is_given_up()
    {
        var stream = new ScriptedStream { DisposeFailure = new IOException() };
        var pipe = new StreamDuplexPipe(stream, _pool);
        await pipe.Output.CompleteAsync();
        await pipe.Input.CompleteAsync();
        stream.Disposals.Should().Be(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CancelPendingFlush_cuts_completion_short(bool ignoresTokens)
    {
        var stream = new ScriptedStream { BlocksWrites = true, IgnoresTokens = ignoresTokens };
        var pipe = new StreamDuplexPipe(stream, _pool);
        pipe.Output.GetSpan(1);
        pipe.Output.Advance(1);
        var completing = pipe.Output.CompleteAsync().AsTask();
        completing.IsCompleted.Should().BeFalse();
        pipe.Output.CancelPendingFlush();
        await completing;
        stream.Disposals.Should().Be(1);
        await pipe.Input.CompleteAsync();
        _pool.ShouldBeBalanced();
    }

    [Fact]
    public async Task An_exception_cuts_completion_short()
    {
        var stream = new ScriptedStream { BlocksWrites = true, IgnoresTokens = true };
        var pipe = new StreamDuplexPipe(stream, _pool);
        pipe.Output.GetSpan(1);
        pipe.Output.Advance(1);
        var completing = pipe.Output.CompleteAsync().AsTask();
        await pipe.Output.CompleteAsync(new IOException());
        await completing;
        stream.Disposals.Should().Be(1);
        _pool.ShouldBeBalanced();
    }

    private async Task<(StreamDuplexPipe Near, StreamDuplexPipe Far)> ConnectAsync(bool tls)
    {
        Stream near = new NetworkStream(_sockets.Local, ownsSocket: true);
        Stream far = new NetworkStream(_sockets.Peer, ownsSocket: true);
        if (tls)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
            var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
            var (client, server) = (new SslStream(near), new SslStream(far));
            await Task.WhenAll(
                server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }),
                client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    RemoteCertificateValidationCallback = (_, presented, _, _) => presented!.Equals(certificate),
                }));
            (near, far) = (client, server);
        }
        return (new StreamDuplexPipe(near, _pool), new StreamDuplexPipe(far, _pool));
    }

    private sealed class ScriptedStream : Stream
    {
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Disposals { get; private set; }

        public long Written { get; private set; }

        public Exception? WriteFailure { get; set; }

        public Exception? DisposeFailure { get; init; }

        public bool BlocksWrites { get; init; }

        public bool IgnoresTokens { get; init; }

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (WriteFailure is not null) throw WriteFailure;
            if (BlocksWrites)
            {
                await _disposed.Task.WaitAsync(IgnoresTokens ? CancellationToken.None : cancellationToken);
                throw new ObjectDisposedException(nameof(ScriptedStream));
            }
            Written += buffer.Length;
        }

        protected override void Dispose(bool disposing)
        {
            Disposals++;
            _disposed.TrySetResult();
            base.Dispose(disposing);
            if (DisposeFailure is not null) throw DisposeFailure;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
