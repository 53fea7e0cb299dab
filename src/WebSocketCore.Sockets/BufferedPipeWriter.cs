using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Numerics;
using System.Threading.Tasks.Sources;
using WebSocketCore.Connections;

namespace WebSocketCore;

/// <summary>The sending half of a connected socket, but for how one sends to it and how one waits for room.</summary>
/// <remarks>
/// <para>What is unflushed lies in one buffer, so that a flush is one send, which waits only for what the socket has not taken. A buffer is rented as
/// large as the last flushes were, and given back after each flush.</para>
/// <para>Flushing happens under the lock, sending too, but what a completed flush goes on with runs outside. There is one flush at a time, and nothing is
/// written meanwhile; who cancels or completes may be on another thread.</para>
/// </remarks>
/// <param name="owner">The socket.</param>
/// <param name="sync">Guards this object. May be shared with the reader.</param>
/// <param name="pool">Where buffers come from.</param>
internal abstract class BufferedPipeWriter(IPipeOwner owner, Lock sync, ArrayPool<byte> pool) : DirectPipeWriter, IValueTaskSource<FlushResult>
{
    private const int MinBufferSize = 4 * 1024;
    private const int MaxInitialBufferSize = 256 * 1024;

    // The flush that waits, and how it ends: by an exception, or canceled or not.
    private ManualResetValueTaskSourceCore<bool> _completion;
    private PendingCancellation _cancellation;
    private Exception? _error;
    private bool _isCanceled;

    private bool _isSending;
    private bool _cancelRequested;
    private bool _tokenCanceled;
    private bool _isComplete;
    private bool _wasCut;

    // Unsent are _buffer[_start.._end] and, behind them, what a write has left in the memory of its caller.
    private byte[]? _buffer;
    private int _start;
    private int _end;
    private ReadOnlyMemory<byte> _rest;
    private int _initialSize = MinBufferSize;

    public sealed override bool CanGetUnflushedBytes => true;

    public sealed override long UnflushedBytes => _end - _start;

    /// <summary>Guards this object.</summary>
    protected Lock Sync => sync;

    /// <summary>What a flush that waits has to send next. Under the lock.</summary>
    protected ReadOnlyMemory<byte> Unsent => _start == _end ? _rest : _buffer.AsMemory(_start, _end - _start);

    public sealed override Memory<byte> GetMemory(int sizeHint = 0) => Reserve(sizeHint).AsMemory(_end);

    public sealed override Span<byte> GetSpan(int sizeHint = 0) => Reserve(sizeHint).AsSpan(_end);

    public sealed override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_buffer?.Length ?? 0) - _end);
        _end += bytes;
    }

    public sealed override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfComplete();
        return SendAsync(default, cancellationToken);
    }

    public sealed override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ThrowIfComplete();
        if (source.Length > Math.Max(MinBufferSize, (_buffer?.Length ?? 0) - _end)) return SendAsync(source, cancellationToken);
        Write(source.Span);
        return SendAsync(default, cancellationToken);
    }

    public sealed override long TrySend(in ReadOnlySequence<byte> payload)
    {
        lock (sync)
        {
            ThrowIfComplete();
            ThrowIfSending();
            if (_cancelRequested) return 0;
            if (_wasCut) throw Cut();
            var unflushed = _end - _start;
            var count = Send(_buffer.AsMemory(_start, unflushed), payload, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                EndSend(isSent: false);
                throw Failure(error);
            }
            if (count < unflushed)
            {
                _start += (int)count;
                return 0;
            }
            ReleaseBuffer();
            return count - unflushed;
        }
    }

    public sealed override void CancelPendingFlush()
    {
        lock (sync)
        {
            _cancelRequested = true;
            if (!_isSending || !TryEndWait()) return;
            EndCanceled();
        }
        CompleteElsewhere();
    }

    // Never throws, so nobody needs to wait for it.
    public sealed override void Complete(Exception? exception = null) => _ = CompleteAsync(exception).AsTask();

    public sealed override ValueTask CompleteAsync(Exception? exception = null)
    {
        bool isFirst;
        CancellationTokenRegistration registration;
        lock (sync)
        {
            isFirst = !_isComplete;
            _isComplete = true;
            registration = _cancellation.Keep(default);
        }
        registration.Unregister();
        if (exception is null)
        {
            if (!isFirst) return default;
            try
            {
                var sending = _end == _start ? new ValueTask<FlushResult>(default(FlushResult)) : SendAsync(default, CancellationToken.None);
                if (!sending.IsCompleted) return EndStreamAsync(sending);
                EndStream(sending.Result);
            }
            catch (Exception failure) when (failure is IOException or InvalidOperationException)
            {
                EndStream(new FlushResult(isCanceled: true, isCompleted: false));
            }
        }
        End(exception);
        return default;
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token) => new(_completion.GetResult(token), isCompleted: false);

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    /// <summary>Sends as much as the socket takes without waiting. Fewer bytes than there are without an error: it takes no more.</summary>
    protected abstract long Send(ReadOnlyMemory<byte> first, in ReadOnlySequence<byte> second, out SocketError error);

    /// <summary>
    /// Sees that <see cref="OnWritable"/> is called when the socket takes more. Under the lock. True: it has taken so many bytes of
    /// <see cref="Unsent"/> already, or failed.
    /// </summary>
    protected abstract bool BeginWait(out int sent, out SocketError error);

    /// <summary>Ends the wait. Under the lock. False: <see cref="OnWritable"/> is called all the same, soon.</summary>
    protected abstract bool TryEndWait();

    /// <summary>
    /// The socket takes more, or has taken some of <see cref="Unsent"/>, or has failed. Under the lock. True: <see cref="CompletePending"/> is to be
    /// called, outside it.
    /// </summary>
    protected bool OnWritable(int sent = 0, SocketError error = SocketError.Success)
    {
        if (!_isSending) return false;
        if (error == SocketError.Success) Taken(sent);
        if ((_cancelRequested || _tokenCanceled) && (!Unsent.IsEmpty || error != SocketError.Success))
        {
            EndCanceled();
            return true;
        }
        if (error == SocketError.Success)
        {
            error = SendMore();
            if (error == SocketError.WouldBlock) return false;
        }
        if (error != SocketError.Success) _error = Failure(error);
        EndSend(error == SocketError.Success);
        return true;
    }

    /// <summary>Lets the user of the flush that has ended go on, here and now.</summary>
    protected void CompletePending()
    {
        var error = _error;
        _error = null;
        if (error is null) _completion.SetResult(_isCanceled);
        else _completion.SetException(error);
    }

    private void CompleteElsewhere() => owner.Scheduler.Schedule(static writer => ((BufferedPipeWriter)writer!).CompletePending(), this);

    /// <summary>Sends what is unflushed and then <paramref name="source"/>, from where they lie.</summary>
    private ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        bool isNewToken;
        lock (sync)
        {
            ThrowIfSending();
            if (_cancelRequested)
            {
                // It was cancelled before it began, and what it would have sent stays unflushed.
                _cancelRequested = false;
                if (!source.IsEmpty) Write(source.Span);
                return new ValueTask<FlushResult>(new FlushResult(isCanceled: true, isCompleted: false));
            }
            if (_wasCut)
            {
                ReleaseBuffer();
                return ValueTask.FromException<FlushResult>(Cut());
            }
            _rest = source;
            var error = SendMore();
            if (error != SocketError.WouldBlock)
            {
                EndSend(error == SocketError.Success);
                return error == SocketError.Success ? default : ValueTask.FromException<FlushResult>(Failure(error));
            }
            _isSending = true;
            _completion.Reset();
            isNewToken = _cancellation.Begin(cancellationToken);
        }
        Observe(isNewToken, cancellationToken);
        return new ValueTask<FlushResult>(this, _completion.Version);
    }

    /// <summary>Sends until nothing is left, and then returns success, or the socket is full: then it is waited for.</summary>
    private SocketError SendMore()
    {
        while (_start != _end || !_rest.IsEmpty)
        {
            var unflushed = _end - _start;
            var count = Send(_buffer.AsMemory(_start, unflushed), _rest.IsEmpty ? default : new ReadOnlySequence<byte>(_rest), out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock)) return error;
            Taken((int)count);
            if (_start == _end && _rest.IsEmpty) break;
            if (!BeginWait(out var sent, out error)) return SocketError.WouldBlock;
            if (error != SocketError.Success) return error;
            Taken(sent);
        }
        return SocketError.Success;
    }

    private void Taken(int count)
    {
        var unflushed = Math.Min(count, _end - _start);
        _start += unflushed;
        _rest = _rest[(count - unflushed)..];
    }

    private void Observe(bool isNewToken, CancellationToken cancellationToken)
    {
        if (isNewToken)
        {
            // The token may be cancelled by now, and then this calls back.
            var registration = cancellationToken.UnsafeRegister(static (writer, token) => ((BufferedPipeWriter)writer!).OnCanceled(token), this);
            lock (sync)
            {
                if (!_isComplete) registration = _cancellation.Keep(registration);
            }
            registration.Unregister();
        }
        else if (cancellationToken.IsCancellationRequested)
        {
            // Perhaps it was called back before the flush began to wait.
            OnCanceled(cancellationToken);
        }
    }

    private void OnCanceled(CancellationToken token)
    {
        lock (sync)
        {
            if (!_isSending || token != _cancellation.Token) return;
            _tokenCanceled = true;
            if (!TryEndWait()) return;
            EndCanceled();
        }
        CompleteElsewhere();
    }

    private void EndCanceled()
    {
        if (_tokenCanceled) _error = new OperationCanceledException(_cancellation.Token);
        else _isCanceled = true;
        EndSend(isSent: false);
    }

    private void EndSend(bool isSent)
    {
        _isSending = false;
        _tokenCanceled = false;

        // A request that came too late for this flush is for the next one.
        if (!isSent) _cancelRequested = false;
        _wasCut |= !isSent;
        _rest = default;
        ReleaseBuffer();
    }

    private async ValueTask EndStreamAsync(ValueTask<FlushResult> sending)
    {
        var result = new FlushResult(isCanceled: true, isCompleted: false);
        try
        {
            result = await sending.ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The stream is cut then.
        }
        EndStream(result);
        End(exception: null);
    }

    /// <summary>Ends the stream behind what was sent. Does not throw.</summary>
    private void EndStream(FlushResult result)
    {
        lock (sync)
        {
            if (result.IsCanceled) _wasCut = true;
            if (!_wasCut) _wasCut = !owner.TryShutdownOutput();
            if (_wasCut) owner.ResetOnClose();
        }
    }

    private void End(Exception? exception)
    {
        owner.EndOutput(exception);
        lock (sync)
        {
            if (!_isSending) ReleaseBuffer();
        }
    }

    private void Write(ReadOnlySpan<byte> source)
    {
        source.CopyTo(GetSpan(source.Length));
        Advance(source.Length);
    }

    private byte[] Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_isSending) throw new InvalidOperationException("A flush is under way.");
        ThrowIfComplete();
        if (_buffer is null) return _buffer = pool.Rent(Math.Max(sizeHint, _initialSize));
        if (_buffer.Length - _end >= Math.Max(sizeHint, 1)) return _buffer;

        var larger = pool.Rent((int)Math.Max(Math.Min(Array.MaxLength, 2L * _buffer.Length), checked(_end + sizeHint)));
        _buffer.AsSpan(0, _end).CopyTo(larger);
        pool.Return(_buffer);
        return _buffer = larger;
    }

    private void AdaptInitialSize()
    {
        if (_end > _initialSize) _initialSize = (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)_end), MaxInitialBufferSize);
        else if (_end < _initialSize / 4) _initialSize = Math.Max(_initialSize / 2, MinBufferSize);
    }

    private void ReleaseBuffer()
    {
        AdaptInitialSize();
        _start = _end = 0;
        if (_buffer is not { } buffer) return;
        _buffer = null;
        pool.Return(buffer);
    }

    private static IOException Cut() => new("Nothing can be sent any more: an earlier flush failed or was cancelled.");

    private static IOException Failure(SocketError error)
    {
        var exception = new SocketException((int)error);
        return new IOException("Sending to the socket failed: " + exception.Message, exception);
    }

    private void ThrowIfSending()
    {
        if (_isSending) throw new InvalidOperationException("Another flush is under way.");
    }

    private void ThrowIfComplete()
    {
        if (_isComplete) throw new InvalidOperationException("The writer is completed.");
    }
}
