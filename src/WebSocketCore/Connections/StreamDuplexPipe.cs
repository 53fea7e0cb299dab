using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;

namespace WebSocketCore.Connections;

/// <summary>
/// A stream as a duplex pipe that owns it. Completing the output flushes and half-closes where the stream can do that; when both ends are complete,
/// or one is completed with an exception, the stream is disposed of.
/// </summary>
/// <remarks>
/// A read or flush is cancelled by the token that the stream gets. While the stream is waiting for input, no buffer is held, provided that a read of
/// zero bytes waits, as it does with the network's streams.
/// </remarks>
internal sealed partial class StreamDuplexPipe : IDuplexPipe, IDisposable
{
    private const int BufferSize = 16 * 1024;
    private const int InputEnded = 1;
    private const int OutputEnded = 2;
    private const int Disposed = 4;

    private readonly Stream _stream;
    private int _ended;

    /// <param name="stream">Readable and writable; a read and a write may be under way at the same time.</param>
    /// <param name="pool">Where buffers come from.</param>
    public StreamDuplexPipe(Stream stream, ArrayPool<byte> pool)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(pool);
        _stream = stream;
        var memory = pool == ArrayPool<byte>.Shared ? MemoryPool<byte>.Shared : new ArrayMemoryPool(pool);
        Input = new Reader(this, PipeReader.Create(stream, new StreamPipeReaderOptions(memory, BufferSize, leaveOpen: true, useZeroByteReads: true)));
        Output = new Writer(this, pool);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    private async ValueTask HalfCloseAsync()
    {
        switch (_stream)
        {
            case NetworkStream network:
                network.Socket.Shutdown(SocketShutdown.Send);
                break;

            // RFC 8446 6.1: "Each party MUST send a "close_notify" alert before closing its write side of the connection".
            case SslStream tls:
                await tls.ShutdownAsync().ConfigureAwait(false);
                break;
        }
    }

    private ValueTask EndAsync(int end, Exception? exception)
    {
        var ended = Interlocked.Or(ref _ended, end) | end;
        if (exception is not null) Abort();
        else if ((ended & (InputEnded | OutputEnded)) == (InputEnded | OutputEnded)) return DisposeAsync();
        return default;
    }

    /// <inheritdoc cref="Abort"/>
    public void Dispose() => Abort();

    /// <summary>Gives up the stream at once; what waits for it fails.</summary>
    private void Abort()
    {
        ResetOnClose();
        _ = DisposeAsync().AsTask();
    }

    // Output that was cut must not look as if it had ended. A TLS stream sees to that itself: it ends by an alert, which is then not sent.
    private void ResetOnClose()
    {
        if (_stream is not NetworkStream network) return;
        try
        {
            network.Socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Then there is no connection left to reset.
        }
    }

    private async ValueTask DisposeAsync()
    {
        if ((Interlocked.Or(ref _ended, Disposed) & Disposed) != 0) return;
        try
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // A stream that fails while it is given up is given up.
        }
    }

    private sealed class Reader(StreamDuplexPipe owner, PipeReader inner) : PipeReader
    {
        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => _ = CompleteAsync(exception).AsTask();

        public override ValueTask CompleteAsync(Exception? exception = null)
        {
            inner.Complete(exception);
            return owner.EndAsync(InputEnded, exception);
        }
    }

    /// <summary>Lets the base library's stream pipes rent from an array pool.</summary>
    private sealed class ArrayMemoryPool(ArrayPool<byte> pool) : MemoryPool<byte>
    {
        public override int MaxBufferSize => Array.MaxLength;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => new Owner(pool, pool.Rent(Math.Max(minBufferSize, 1)));

        protected override void Dispose(bool disposing)
        {
            // The arrays belong to the pool, which belongs to someone else.
        }

        private sealed class Owner(ArrayPool<byte> pool, byte[] array) : IMemoryOwner<byte>
        {
            private byte[]? _array = array;

            public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(IMemoryOwner<>));

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _array, null) is { } array) pool.Return(array);
            }
        }
    }
}
