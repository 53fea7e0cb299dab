using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using WebSocketCore.Connections;

namespace WebSocketCore;

/// <summary>The sending half of a connected socket, but for how one sends to it and how one waits for room.</summary>
/// <remarks>
/// <para>What is unflushed lies in one buffer, so that a flush is one send, which waits only for what the socket has not taken.</para>
/// <para>Flushing happens under the lock, sending too, but what a completed flush goes on with runs outside. There is one flush at a time, and nothing is
/// written meanwhile; who cancels or completes may be on another thread.</para>
/// </remarks>
/// <param name="owner">The socket.</param>
/// <param name="sync">Guards this object. May be shared with the reader.</param>
/// <param name="pool">Where buffers come from.</param>
internal abstract class BufferedPipeWriter(IPipeOwner owner, Lock sync, ArrayPool<byte> pool) : DirectPipeWriter, IValueTaskSource<FlushResult>
{
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

    // Behind what is in the buffer: what a write has left in the memory of its caller.
    private SendBuffer _buffer = new(pool);
    private ReadOnlyMemory<byte> _rest;

    public sealed override bool CanGetUnflushedBytes => true;

    public sealed override long UnflushedBytes => _buffer.Length;

    /// <summary>Guards this object.</summary>
    protected Lock Sync => sync;

    /// <summary>What a flush that waits has to send next. Under the lock.</summary>
    protected ReadOnlyMemory<byte> Unsent => _buffer.Length == 0 ? _rest : _buffer.Unsent;

    public sealed override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ThrowIfNotWritable();
        return _buffer.GetMemory(sizeHint);
    }

    public sealed override Span<byte> GetSpan(int sizeHint = 0)
    {
        ThrowIfNotWritable();
        return _buffer.GetSpan(sizeHint);
    }

    public sealed override void Advance(int bytes) => _buffer.Advance(bytes);

    public sealed override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfComplete();
        return SendAsync(default, cancellationToken);
    }

    public sealed override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ThrowIfComplete();
        if (source.Length > Math.Max(SendBuffer.MinSize, _buffer.Room)) return SendAsync(source, cancellationToken);
        ThrowIfNotWritable();
        _buffer.Write(source.Span);
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
            var unflushed = _buffer.Length;
            var count = Send(_buffer.Unsent, payload, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                EndSend(isSent: false);
                throw Failure(error);
            }
            if (count < unflushed)
            {
                _buffer.Take((int)count);
                return 0;
            }
            _buffer.Release();
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
                var sending = _buffer.Length == 0 ? new ValueTask<FlushResult>(default(FlushResult)) : SendAsync(default, CancellationToken.None);
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
                if (!source.IsEmpty) _buffer.Write(source.Span);
                return new ValueTask<FlushResult>(new FlushResult(isCanceled: true, isCompleted: false));
            }
            if (_wasCut)
            {
                _buffer.Release();
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
        while (!Unsent.IsEmpty)
        {
            var count = Send(_buffer.Unsent, _rest.IsEmpty ? default : new ReadOnlySequence<byte>(_rest), out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock)) return error;
            Taken((int)count);
            if (Unsent.IsEmpty) break;
            if (!BeginWait(out var sent, out error)) return SocketError.WouldBlock;
            if (error != SocketError.Success) return error;
            Taken(sent);
        }
        return SocketError.Success;
    }

    private void Taken(int count)
    {
        var unflushed = Math.Min(count, _buffer.Length);
        _buffer.Take(unflushed);
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
        _buffer.Release();
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
            if (!_isSending) _buffer.Release();
        }
    }

    private static IOException Cut() => new("Nothing can be sent any more: an earlier flush failed or was cancelled.");

    private static IOException Failure(SocketError error)
    {
        var exception = new SocketException((int)error);
        return new IOException("Sending to the socket failed: " + exception.Message, exception);
    }

    private void ThrowIfNotWritable()
    {
        ThrowIfSending();
        ThrowIfComplete();
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
