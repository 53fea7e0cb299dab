using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace WebSocketCore;

/// <summary>The receiving half of a <see cref="SocketDuplexPipe"/>.</summary>
/// <remarks>
/// A read waits for the socket to become readable by receiving zero bytes, which needs no buffer, and then receives without waiting. So a pending
/// operation never touches a buffer: cancelling it loses nothing, and the buffer may be given back whenever it is empty.
/// A receive that fills its buffer is followed by another without a wait in between.
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "Without a timer a cancellation source has nothing to dispose of.")]
internal sealed class SocketPipeReader(SocketDuplexPipe owner, Socket socket, ArrayPool<byte> pool) : PipeReader
{
    /// <summary>The least room, in bytes, that a receive is offered.</summary>
    public const int MinReceiveSize = 4 * 1024;

    /// <summary>The most room, in bytes, that an empty buffer is rented with.</summary>
    public const int MaxReceiveSize = 256 * 1024;

    private const int GrowthFactor = 4;

    // Guards the four fields below: who completes or cancels may be on another thread than the reader.
    private readonly Lock _sync = new();
    private CancellationTokenSource _waitCancellation = new();
    private bool _isReading;
    private bool _cancelRequested;
    private bool _isComplete;

    // Unconsumed bytes are _buffer[_start.._end]; those before _examined have been looked at and do not end a read.
    private byte[]? _buffer;
    private int _start;
    private int _examined;
    private int _end;
    private ReadOnlySequence<byte> _result;
    private bool _resultIsOut;
    private bool _endOfStream;
    private bool _mayHaveMore;
    private int _receiveSize = MinReceiveSize;
    private bool _lastWasSmall;

    public override bool TryRead(out ReadResult result) => TryRead(orBeginReceive: false, out result, out _);

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        return TryRead(orBeginReceive: true, out var result, out var waitCancellation)
            ? new ValueTask<ReadResult>(result)
            : ReceiveAsync(waitCancellation, cancellationToken);
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_resultIsOut) throw new InvalidOperationException("There is no read to advance.");

        // A position that belongs to no segment stands for the start, as in a pipe.
        var examinedCount = examined.GetObject() is null ? 0 : (int)_result.Slice(_result.Start, examined).Length;
        var consumedCount = consumed.GetObject() is null ? 0 : (int)_result.Slice(_result.Start, consumed).Length;
        if (consumedCount > examinedCount) throw new ArgumentOutOfRangeException(nameof(examined), "What is examined cannot end before what is consumed.");
        _examined = _start + examinedCount;
        _start += consumedCount;
        _result = default;
        lock (_sync)
        {
            _resultIsOut = false;
            if (_isComplete || _start == _end) ReleaseBuffer();
        }
    }

    public override void CancelPendingRead()
    {
        lock (_sync)
        {
            _cancelRequested = true;
            if (_isReading) _waitCancellation.Cancel();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_sync)
        {
            if (!_isComplete)
            {
                _isComplete = true;
                if (_isReading) _waitCancellation.Cancel();
                else ReleaseBuffer();
            }
        }
        owner.EndInput(exception);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReceiveAsync(CancellationTokenSource waitCancellation, CancellationToken cancellationToken)
    {
        var registration = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), waitCancellation);
        var received = false;
        try
        {
            while (!waitCancellation.IsCancellationRequested && !(received = _mayHaveMore && TryReceive()))
            {
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, waitCancellation.Token).ConfigureAwait(false);
                _mayHaveMore = true;
            }
        }
        catch (OperationCanceledException)
        {
            // Whose wish that was is looked at below.
        }
        catch (Exception exception) when (SocketDuplexPipe.IsSocketError(exception))
        {
            registration.Dispose();
            if (TryEndReceive(received: false, out var canceled)) return canceled;
            throw new IOException("Receiving from the socket failed: " + exception.Message, exception);
        }
        registration.Dispose();
        if (TryEndReceive(received, out var result)) return result;
        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Takes what there is to tell without receiving; where that is nothing, may begin a receive.</summary>
    private bool TryRead(bool orBeginReceive, out ReadResult result, out CancellationTokenSource waitCancellation)
    {
        lock (_sync)
        {
            if (_isComplete) throw new InvalidOperationException("The reader is completed.");
            if (_isReading) throw new InvalidOperationException("Another read is under way.");
            if (_resultIsOut) throw new InvalidOperationException("The result of the read before has not been advanced.");
            waitCancellation = _waitCancellation;
            if (TryTakeResult(received: false, out result)) return true;
            _isReading = orBeginReceive;
            return false;
        }
    }

    /// <summary>Ends a receive; with a result, if there is something to tell.</summary>
    private bool TryEndReceive(bool received, out ReadResult result)
    {
        lock (_sync)
        {
            _isReading = false;
            if (_waitCancellation.IsCancellationRequested) _waitCancellation = new CancellationTokenSource();
            if (!_isComplete) return TryTakeResult(received, out result);
            ReleaseBuffer();
            _result = ReadOnlySequence<byte>.Empty;
            _resultIsOut = true;
            result = new ReadResult(_result, isCanceled: true, isCompleted: true);
            return true;
        }
    }

    private bool TryTakeResult(bool received, out ReadResult result)
    {
        result = default;
        if (!received && !_cancelRequested && !_endOfStream && _examined == _end) return false;
        _result = _buffer is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_buffer, _start, _end - _start);
        result = new ReadResult(_result, _cancelRequested, _endOfStream);
        _resultIsOut = true;
        _cancelRequested = false;
        return true;
    }

    /// <summary>Receives what is there. False: nothing.</summary>
    private bool TryReceive()
    {
        MakeRoom();
        var room = _buffer!.Length - _end;
        var count = socket.Receive(_buffer.AsSpan(_end, room), SocketFlags.None, out var error);
        if (error == SocketError.Success && count != 0)
        {
            _end += count;
            _mayHaveMore = count == room;
            AdaptReceiveSize(count, room);
            return true;
        }

        if (_start == _end) ReleaseBuffer();
        _mayHaveMore = false;
        if (error is SocketError.WouldBlock) return false;
        if (error != SocketError.Success) throw new SocketException((int)error);
        return _endOfStream = true;
    }

    private void MakeRoom()
    {
        if (_buffer is null)
        {
            _buffer = pool.Rent(_receiveSize);
            return;
        }
        if (_buffer.Length - _end >= MinReceiveSize) return;

        var length = _end - _start;
        if (length <= _buffer.Length / 2 && _buffer.Length - length >= MinReceiveSize)
        {
            _buffer.AsSpan(_start, length).CopyTo(_buffer);
        }
        else
        {
            // At least twice as much each time: what has been copied stays less than what has been received.
            var larger = pool.Rent((int)Math.Min(Array.MaxLength, Math.Max(2L * length, length + (long)_receiveSize)));
            _buffer.AsSpan(_start, length).CopyTo(larger);
            pool.Return(_buffer);
            _buffer = larger;
        }
        _examined -= _start;
        _start = 0;
        _end = length;
    }

    private void AdaptReceiveSize(int count, int room)
    {
        if (count == room)
        {
            if (room >= _receiveSize) _receiveSize = Math.Min(_receiveSize * GrowthFactor, MaxReceiveSize);
            _lastWasSmall = false;
            return;
        }

        // Once is chance: the end of a large message.
        var isSmall = count <= _receiveSize / GrowthFactor;
        if (isSmall && _lastWasSmall) _receiveSize = Math.Max(_receiveSize / 2, MinReceiveSize);
        _lastWasSmall = isSmall;
    }

    private void ReleaseBuffer()
    {
        if (_buffer is not { } buffer) return;
        _buffer = null;
        _start = _examined = _end = 0;
        pool.Return(buffer);
    }
}
