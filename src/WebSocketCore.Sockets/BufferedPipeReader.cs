using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using WebSocketCore.Connections;

namespace WebSocketCore;

/// <summary>The receiving half of a connected socket, but for how one receives from it and how one waits for input.</summary>
/// <remarks>
/// <para>A read that must wait begins nothing but a wait for input; when there is some, it receives without waiting. So a pending operation never touches
/// memory: cancelling it loses nothing, and the buffer is given back whenever it is empty. A receive that fills its buffer is followed by another
/// without a wait in between.</para>
/// <para>Everything happens under the lock, receiving too, but what a completed read goes on with runs outside. There is one read at a time; who cancels
/// or completes may be on another thread.</para>
/// </remarks>
/// <param name="owner">The socket.</param>
/// <param name="sync">Guards this object. May be shared with the writer.</param>
/// <param name="pool">Where buffers come from.</param>
internal abstract class BufferedPipeReader(IPipeOwner owner, Lock sync, ArrayPool<byte> pool)
    : DirectPipeReader, IValueTaskSource<ReadResult>, IValueTaskSource<DirectReadResult>
{
    private enum Operation : byte
    {
        None,
        Read,
        Receive,
    }

    // The operation that waits, and how it ends: by an exception, or by the flags and, for a receive into the caller's memory, the count.
    private ManualResetValueTaskSourceCore<int> _completion;
    private PendingCancellation _cancellation;
    private Memory<byte> _destination;
    private Exception? _error;
    private int _received;
    private Operation _pending;
    private bool _resultIsCanceled;
    private bool _resultIsCompleted;

    // Whether the user has a result, and with it the buffer, or will have it as soon as it asks.
    private bool _resultIsOut;
    private bool _cancelRequested;
    private bool _isComplete;

    private ReceiveBuffer _buffer = new(pool);
    private SocketError _failure;
    private bool _endOfStream;
    private bool _mayHaveMore;

    /// <summary>Guards this object.</summary>
    protected Lock Sync => sync;

    /// <summary>Whether the end of the stream, a failure or urgent data follows what is there to be received, so that a short receive proves nothing.</summary>
    protected bool EndIsNear { get; set; }

    private bool HasNews => _buffer.HasUnexamined || _cancelRequested || _endOfStream || _failure != SocketError.Success;

    public sealed override bool TryRead(out ReadResult result)
    {
        lock (sync)
        {
            ThrowIfBusy();
            var hasNews = HasNews || (_mayHaveMore && TryReceive());
            if (hasNews && TakeResult() is { } failure) throw failure;
            result = hasNews ? Result() : default;
            return hasNews;
        }
    }

    public sealed override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        bool isNewToken;
        lock (sync)
        {
            ThrowIfBusy();
            while (true)
            {
                if (HasNews || (_mayHaveMore && TryReceive()))
                    return TakeResult() is { } failure ? ValueTask.FromException<ReadResult>(failure) : new ValueTask<ReadResult>(Result());
                if (!BeginWait()) break;
                _mayHaveMore = true;
            }
            isNewToken = Begin(Operation.Read, cancellationToken);
        }
        Observe(isNewToken, cancellationToken);
        return new ValueTask<ReadResult>(this, _completion.Version);
    }

    public sealed override ValueTask<DirectReadResult> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<DirectReadResult>(cancellationToken);
        bool isNewToken;
        lock (sync)
        {
            ThrowIfBusy();
            if (!_buffer.IsEmpty) throw new InvalidOperationException("What was read before has not been consumed.");
            _destination = destination;
            while (true)
            {
                if (HasNews || (_mayHaveMore && TryReceiveDirect()))
                    return TakeDirectResult() is { } failure ? ValueTask.FromException<DirectReadResult>(failure) : new ValueTask<DirectReadResult>(DirectResult());
                if (!BeginWait()) break;
                _mayHaveMore = true;
            }
            isNewToken = Begin(Operation.Receive, cancellationToken);
        }
        Observe(isNewToken, cancellationToken);
        return new ValueTask<DirectReadResult>(this, _completion.Version);
    }

    public sealed override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public sealed override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (sync)
        {
            if (!_resultIsOut) throw new InvalidOperationException("There is no read to advance.");
            _buffer.Advance(consumed, examined);
            _resultIsOut = false;
            if (_isComplete || _buffer.IsEmpty) _buffer.Release();
        }
    }

    public sealed override void CancelPendingRead()
    {
        lock (sync)
        {
            _cancelRequested = true;
            if (_pending == Operation.None) return;
            End();
        }
        CompleteElsewhere();
    }

    public sealed override void Complete(Exception? exception = null)
    {
        var hasPending = false;
        CancellationTokenRegistration registration;
        lock (sync)
        {
            registration = _cancellation.Keep(default);
            if (!_isComplete)
            {
                _isComplete = true;
                if (_pending != Operation.None)
                {
                    hasPending = true;
                    _buffer.Release();
                    _cancelRequested = true;
                    End();
                }
                else if (!_resultIsOut)
                {
                    _buffer.Release();
                }
            }
        }
        registration.Unregister();
        if (hasPending) CompleteElsewhere();
        owner.EndInput(exception);
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _completion.GetResult(token);
        return Result();
    }

    DirectReadResult IValueTaskSource<DirectReadResult>.GetResult(short token)
    {
        _completion.GetResult(token);
        _resultIsOut = false;
        return DirectResult();
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _completion.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<DirectReadResult>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<DirectReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    /// <summary>Receives what is there, without waiting. 0 without an error is the end of the stream.</summary>
    protected abstract int Receive(Span<byte> destination, out SocketError error);

    /// <summary>
    /// Sees that <see cref="OnReadable"/> is called when there may be input. Under the lock. Called again while such a wait goes on, which a read that
    /// was cancelled leaves behind. True: there may be some already.
    /// </summary>
    protected abstract bool BeginWait();

    /// <summary>The socket has failed, and tells so only once. Under the lock.</summary>
    protected void Fail(SocketError failure)
    {
        if (_failure == SocketError.Success) _failure = failure;
    }

    /// <summary>There may be input, or the end of it. Under the lock. True: <see cref="CompletePending"/> is to be called, outside it.</summary>
    protected bool OnReadable()
    {
        do
        {
            _mayHaveMore = true;
            if (_pending == Operation.None) return false;
            if (HasNews || (_pending == Operation.Read ? TryReceive() : TryReceiveDirect()))
            {
                End();
                return true;
            }
        }
        while (BeginWait());
        return false;
    }

    /// <summary>Lets the user of the read that has ended go on, here and now.</summary>
    internal void CompletePending()
    {
        var error = _error;
        _error = null;
        if (error is null) _completion.SetResult(_received);
        else _completion.SetException(error);
    }

    private void CompleteElsewhere() => owner.Scheduler.Schedule(static reader => ((BufferedPipeReader)reader!).CompletePending(), this);

    /// <summary>Has an operation wait. True: its token is to be registered.</summary>
    private bool Begin(Operation operation, CancellationToken cancellationToken)
    {
        _pending = operation;
        _completion.Reset();
        return _cancellation.Begin(cancellationToken);
    }

    /// <summary>Ends the operation that waits with what there is to tell.</summary>
    private void End()
    {
        _error = _pending == Operation.Read ? TakeResult() : TakeDirectResult();
        _pending = Operation.None;
    }

    private void Observe(bool isNewToken, CancellationToken cancellationToken)
    {
        if (isNewToken)
        {
            // The token may be cancelled by now, and then this calls back.
            var registration = cancellationToken.UnsafeRegister(static (reader, token) => ((BufferedPipeReader)reader!).OnCanceled(token), this);
            lock (sync)
            {
                if (!_isComplete) registration = _cancellation.Keep(registration);
            }
            registration.Unregister();
        }
        else if (cancellationToken.IsCancellationRequested)
        {
            // Perhaps it was called back before the operation began to wait.
            OnCanceled(cancellationToken);
        }
    }

    private void OnCanceled(CancellationToken token)
    {
        lock (sync)
        {
            if (_pending == Operation.None || token != _cancellation.Token) return;
            _pending = Operation.None;
            _destination = default;
            _error = new OperationCanceledException(token);
        }
        CompleteElsewhere();
    }

    /// <summary>Makes what there is to tell the result. Where that is a failure, it is returned instead.</summary>
    private IOException? TakeResult()
    {
        if (!_buffer.HasUnexamined && !_cancelRequested && !_endOfStream) return Failure();
        _resultIsOut = true;
        _resultIsCanceled = _cancelRequested;
        _resultIsCompleted = _endOfStream || _isComplete;
        _cancelRequested = false;
        return null;
    }

    private IOException? TakeDirectResult()
    {
        _destination = default;
        if (_received == 0 && !_cancelRequested && !_endOfStream && _failure != SocketError.Success) return Failure();

        // Bytes that were received are told before anything else is.
        _resultIsOut = _pending != Operation.None;
        _resultIsCanceled = _received == 0 && _cancelRequested;
        _resultIsCompleted = _received == 0 && (_endOfStream || _isComplete);
        if (_received == 0) _cancelRequested = false;
        return null;
    }

    private ReadResult Result() => new(_buffer.Unconsumed, _resultIsCanceled, _resultIsCompleted);

    private DirectReadResult DirectResult()
    {
        var received = _received;
        _received = 0;
        return new DirectReadResult(received, _resultIsCanceled, _resultIsCompleted);
    }

    private IOException Failure()
    {
        var exception = new SocketException((int)_failure);
        return new IOException("Receiving from the socket failed: " + exception.Message, exception);
    }

    /// <summary>Receives what is there into the buffer. False: nothing.</summary>
    private bool TryReceive()
    {
        Span<byte> room;
        try
        {
            room = _buffer.GetRoom();
        }
        catch (Exception)
        {
            // A pool may be at its limit. That is this connection's end, and not that of the thread that receives for many.
            Fail(SocketError.NoBufferSpaceAvailable);
            return true;
        }
        var count = Receive(room, out var error);
        if (error == SocketError.Success && count != 0)
        {
            _buffer.OnReceived(count, room.Length);
            _mayHaveMore = count == room.Length || EndIsNear;
            return true;
        }
        if (_buffer.IsEmpty) _buffer.Release();
        return HasEnded(error);
    }

    private bool TryReceiveDirect()
    {
        // Without room for anything, it is the input that is waited for.
        if (_destination.IsEmpty) return true;
        var count = Receive(_destination.Span, out var error);
        if (error != SocketError.Success || count == 0) return HasEnded(error);
        _received = count;
        _buffer.OnReceivedElsewhere();
        _mayHaveMore = count == _destination.Length || EndIsNear;
        return true;
    }

    private bool HasEnded(SocketError error)
    {
        _mayHaveMore = false;
        if (error == SocketError.WouldBlock) return false;
        if (error == SocketError.Success) _endOfStream = true;
        else Fail(error);
        return true;
    }

    private void ThrowIfBusy()
    {
        if (_isComplete) throw new InvalidOperationException("The reader is completed.");
        if (_pending != Operation.None) throw new InvalidOperationException("Another read is under way.");
        if (_resultIsOut) throw new InvalidOperationException("The result of the read before has not been advanced.");
    }
}
