using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace WebSocketCore;

/// <summary>The sending half of a <see cref="SocketDuplexPipe"/>.</summary>
/// <remarks>
/// What is unflushed lies in one buffer, so that a flush is one send. A buffer is rented as large as the last flushes were, and given back after each flush.
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "Without a timer a cancellation source has nothing to dispose of.")]
internal sealed class SocketPipeWriter(SocketDuplexPipe owner, Socket socket, ArrayPool<byte> pool) : PipeWriter
{
    private const int MinBufferSize = 4 * 1024;
    private const int MaxInitialBufferSize = 256 * 1024;

    // Guards the flags: who completes or cancels may be on another thread than the writer.
    private readonly Lock _sync = new();
    private CancellationTokenSource _sendCancellation = new();
    private bool _isSending;
    private bool _cancelRequested;
    private bool _isComplete;
    private bool _wasCut;

    private byte[]? _buffer;
    private int _length;
    private int _initialSize = MinBufferSize;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _length;

    public override Memory<byte> GetMemory(int sizeHint = 0) => Reserve(sizeHint).AsMemory(_length);

    public override Span<byte> GetSpan(int sizeHint = 0) => Reserve(sizeHint).AsSpan(_length);

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_buffer?.Length ?? 0) - _length);
        _length += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfComplete();
        return SendAsync(default, cancellationToken);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ThrowIfComplete();
        if (source.Length > Math.Max(MinBufferSize, (_buffer?.Length ?? 0) - _length)) return SendAsync(source, cancellationToken);
        source.CopyTo(GetMemory(source.Length));
        Advance(source.Length);
        return SendAsync(default, cancellationToken);
    }

    public override void CancelPendingFlush()
    {
        lock (_sync)
        {
            _cancelRequested = true;
            if (_isSending) _sendCancellation.Cancel();
        }
    }

    // Never throws, so nobody needs to wait for it.
    public override void Complete(Exception? exception = null) => _ = CompleteAsync(exception).AsTask();

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        bool isFirst;
        lock (_sync)
        {
            isFirst = !_isComplete;
            _isComplete = true;
        }
        if (exception is null)
        {
            if (!isFirst) return;
            await EndStreamAsync().ConfigureAwait(false);
        }
        owner.EndOutput(exception);
        lock (_sync)
        {
            if (!_isSending) ReleaseBuffer();
        }
    }

    /// <summary>Sends what is unflushed and then the end of the stream. Does not throw.</summary>
    private async ValueTask EndStreamAsync()
    {
        try
        {
            if (_length != 0 && (await SendAsync(default, CancellationToken.None).ConfigureAwait(false)).IsCanceled) _wasCut = true;
            if (!_wasCut) socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException || SocketDuplexPipe.IsSocketError(exception))
        {
            _wasCut = true;
        }
        if (_wasCut) owner.ResetOnClose();
    }

    /// <summary>Sends what is unflushed and then <paramref name="source"/>, from where they lie.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (BeginSend() is not { } sendCancellation) return new FlushResult(isCanceled: true, isCompleted: false);
        var registration = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), sendCancellation);
        var isSent = false;
        try
        {
            if (_wasCut) throw new IOException("Nothing can be sent any more: an earlier flush failed or was cancelled.");
            var buffer = _buffer.AsMemory(0, _length);
            while (!buffer.IsEmpty)
            {
                buffer = buffer[await socket.SendAsync(buffer, SocketFlags.None, sendCancellation.Token).ConfigureAwait(false)..];
            }
            while (!source.IsEmpty)
            {
                source = source[await socket.SendAsync(source, SocketFlags.None, sendCancellation.Token).ConfigureAwait(false)..];
            }
            isSent = true;
            return new FlushResult(isCanceled: false, isCompleted: false);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new FlushResult(isCanceled: true, isCompleted: false);
        }
        catch (Exception exception) when (SocketDuplexPipe.IsSocketError(exception))
        {
            throw new IOException("Sending to the socket failed: " + exception.Message, exception);
        }
        finally
        {
            registration.Dispose();
            EndSend(isSent);
        }
    }

    /// <summary>Null: the flush was cancelled before it began, and what it would have sent stays unflushed.</summary>
    private CancellationTokenSource? BeginSend()
    {
        lock (_sync)
        {
            if (_isSending) throw new InvalidOperationException("Another flush is under way.");
            if (_cancelRequested)
            {
                _cancelRequested = false;
                return null;
            }
            _isSending = true;
            return _sendCancellation;
        }
    }

    private void EndSend(bool isSent)
    {
        lock (_sync)
        {
            _isSending = false;

            // A request that came too late for this flush is for the next one.
            if (!isSent) _cancelRequested = false;
            if (_sendCancellation.IsCancellationRequested) _sendCancellation = new CancellationTokenSource();
            _wasCut |= !isSent;
            AdaptInitialSize();
            ReleaseBuffer();
        }
    }

    private byte[] Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_isSending) throw new InvalidOperationException("A flush is under way.");
        ThrowIfComplete();
        if (_buffer is null) return _buffer = pool.Rent(Math.Max(sizeHint, _initialSize));
        if (_buffer.Length - _length >= Math.Max(sizeHint, 1)) return _buffer;

        var larger = pool.Rent((int)Math.Max(Math.Min(Array.MaxLength, 2L * _buffer.Length), checked(_length + sizeHint)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        pool.Return(_buffer);
        return _buffer = larger;
    }

    private void AdaptInitialSize()
    {
        if (_length > _initialSize) _initialSize = (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)_length), MaxInitialBufferSize);
        else if (_length < _initialSize / 4) _initialSize = Math.Max(_initialSize / 2, MinBufferSize);
    }

    private void ReleaseBuffer()
    {
        _length = 0;
        if (_buffer is not { } buffer) return;
        _buffer = null;
        pool.Return(buffer);
    }

    private void ThrowIfComplete()
    {
        if (_isComplete) throw new InvalidOperationException("The writer is completed.");
    }
}
