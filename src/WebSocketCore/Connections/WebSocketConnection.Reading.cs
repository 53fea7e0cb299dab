using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using WebSocketCore.Connections;
using WebSocketCore.Protocol;

namespace WebSocketCore;

// Reading. One reader at a time touches the pipe's input and the receiver: a receive of the application (foreground), or the connection itself
// while a ping, a close or a silent peer needs input and nobody receives (background). The background stops in front of data, which waits for the
// application, and makes way at once for a receive. When the connection has ended, the reading belongs to who ends the transport, for good.
public sealed partial class WebSocketConnection
{
    // Taken by compare-exchange from None, mostly without the lock; given back by its owner. Who sets what EndReading looks at, looks at this afterwards,
    // with a full fence in between on both sides: one of the two sees the other.
    private Reader _reader;
    private Task _background = Task.CompletedTask;
    private ReceiveMode _backgroundMode;
    private bool _foregroundWaits;
    private bool _pongIsOwed;

    // What the pipe has given and the receiver has not taken.
    private ReadOnlySequence<byte> _input;
    private SequencePosition _nextSegment;
    private ReadOnlyMemory<byte> _segment;
    private ulong _dataProgress;
    private bool _inputIsOut;
    private bool _endOfInput;
    private volatile bool _inputWaits;
    private volatile bool _dataIsAhead;
    private volatile bool _receivingEnded;

    private enum Reader
    {
        None,
        Foreground,
        Background,
        Ending,
    }

    private bool HasInput => !_segment.IsEmpty || _nextSegment.GetObject() is not null;

    private bool WantsBackground => _awaitedPings != 0 || _closeWaiters != 0 || _isProbing || _output.HasFailed;

    // Who closes without receiving wants no more data. A message that is being received in parts is left to its reader.
    private ReceiveMode BackgroundMode => _closeWaiters != 0 && _messageReader is null ? ReceiveMode.Skip : ReceiveMode.ControlOnly;

    /// <summary>Gives the input to the receiver and does what control frames ask for, until there is an event for the reader.</summary>
    private ReceiveEvent TakeInput(ReceiveMode mode)
    {
        while (true)
        {
            if (_segment.IsEmpty) _input.TryGet(ref _nextSegment, out _segment);
            var happened = ReadSegment(mode);
            switch (happened)
            {
                case ReceiveEvent.NeedMore:
                    if (_nextSegment.GetObject() is not null) break;
                    NoteData();
                    return happened;

                case ReceiveEvent.Ping:
                    _output.OwePong(_receiver.ControlPayload);
                    _pongIsOwed = true;
                    if (!Notify(_options.PingReceived)) return ReceiveEvent.NeedMore;
                    break;

                case ReceiveEvent.Pong:
                    OnPong(_receiver.ControlPayload);
                    if (!Notify(_options.PongReceived)) return ReceiveEvent.NeedMore;
                    break;

                case ReceiveEvent.Close:
                    OnPeerClose(_receiver.CloseCode, _receiver.CloseReason);
                    return happened;

                case ReceiveEvent.Failed:
                    OnViolation(_receiver.Error);
                    return happened;

                default:
                    // While more input waits, small replies may wait for each other; a pong must not wait for what the application does next.
                    _inputWaits = HasInput;
                    if (!_inputWaits) AdvanceInput();
                    if (_pongIsOwed) _output.QueueFlush();
                    _pongIsOwed = false;
                    NoteData();
                    return happened;
            }
        }
    }

    private ReceiveEvent ReadSegment(ReceiveMode mode)
    {
        try
        {
            var happened = _receiver.Read(_segment.Span, mode, out var consumed);
            _segment = _segment[consumed..];
            return happened;
        }
        catch (Exception exception)
        {
            // An extension has failed, or the pool has given no memory. How much of the segment was taken is not known, so there is no going on.
            Cut(ClosureCause.Aborted, exception, timedOut: false);
            throw;
        }
    }

    private void NoteData()
    {
        if (_receiver.DataProgress == _dataProgress) return;
        _dataProgress = _receiver.DataProgress;
        OnDataFrame();
    }

    /// <summary>False when the observer has aborted the connection.</summary>
    private bool Notify(Action<WebSocketConnection, ReadOnlySpan<byte>>? observer)
    {
        try
        {
            observer?.Invoke(this, _receiver.ControlPayload);
            return !_receivingEnded;
        }
        catch (Exception exception)
        {
            Cut(ClosureCause.Aborted, exception, timedOut: false);
            throw;
        }
    }

    /// <summary>Before the transport is waited for: what was held back leaves. False at the end of the stream, where there is nothing to wait for.</summary>
    private bool BeginRead()
    {
        _inputWaits = false;
        _pongIsOwed = false;
        _output.StartFlush();
        _receiver.ReleaseIdleBuffer();
        if (_endOfInput)
        {
            OnTransportEnded(null);
            return false;
        }
        AdvanceInput();
        return true;
    }

    private void EndRead(in ReadResult result)
    {
        _input = result.Buffer;
        _nextSegment = _input.Start;
        _inputIsOut = true;
        _endOfInput = result.IsCompleted;
        if (!_input.IsEmpty) OnBytesReceived();
    }

    private void EndRead(in DirectReadResult result)
    {
        _endOfInput = result.IsCompleted;
        if (result.Length == 0) return;
        OnBytesReceived();
        if (!_receiver.OnReceived(result.Length)) OnViolation(_receiver.Error);
    }

    private void AdvanceInput()
    {
        if (!_inputIsOut) return;
        _inputIsOut = false;
        var end = _input.End;
        _input = default;
        _nextSegment = default;
        _segment = default;
        _pipe.Input.AdvanceTo(end);
    }

    /// <summary>Makes the caller the reader, if nobody reads and the connection has not ended.</summary>
    private bool TryBeginForeground()
    {
        if (Interlocked.CompareExchange(ref _reader, Reader.Foreground, Reader.None) != Reader.None) return false;
        _foregroundWaits = false;
        _dataIsAhead = false;
        if (!_receivingEnded) return true;
        EndReading(Reader.Foreground);
        return false;
    }

    /// <summary>Makes the caller the reader. False: wait for the background reader, or, where there is none to wait for, the connection has ended.</summary>
    private bool TryBeginForeground(out Task? background)
    {
        background = null;
        if (TryBeginForeground()) return true;
        lock (_sync)
        {
            if (_receivingEnded || _reader == Reader.Ending) return false;
            if (_reader == Reader.Foreground) throw new InvalidOperationException("Another receive is under way on this connection.");
            _foregroundWaits = true;
            background = _background;
        }
        // Outside the lock: a pipe may run its reader here.
        _pipe.Input.CancelPendingRead();
        return false;
    }

    private void GiveUpForeground()
    {
        lock (_sync)
        {
            _foregroundWaits = false;
            if (WantsBackground) BeginBackground();
        }
    }

    /// <summary>Sees that somebody reads: a ping, a close or the keep-alive needs what the peer answers.</summary>
    private void EnsureReading()
    {
        Interlocked.MemoryBarrier();
        lock (_sync)
        {
            if (!_foregroundWaits) BeginBackground();
        }
    }

    // Under the lock. Does nothing where somebody reads.
    private void BeginBackground()
    {
        if (_endIsWanted || Interlocked.CompareExchange(ref _reader, Reader.Background, Reader.None) != Reader.None) return;
        _backgroundMode = BackgroundMode;
        _background = ReadInBackgroundAsync();
    }

    private async Task ReadInBackgroundAsync()
    {
        await Scheduler.Yield();
        var happened = ReceiveEvent.NeedMore;
        try
        {
            while (!_receivingEnded)
            {
                lock (_sync) _backgroundMode = BackgroundMode;
                happened = TakeInput(_backgroundMode);
                if (happened != ReceiveEvent.NeedMore || Volatile.Read(ref _foregroundWaits)) break;
                if (!BeginRead()) continue;
                try
                {
                    EndRead(await _pipe.Input.ReadAsync(CancellationToken.None).ConfigureAwait(false));
                }
                catch (Exception exception)
                {
                    OnTransportEnded(exception);
                }
            }
        }
        catch (Exception)
        {
            // PingReceived or PongReceived threw, and there is no receive to throw from: Closure has the exception.
        }
        finally
        {
            _output.StartFlush();
            EndReading(Reader.Background, happened == ReceiveEvent.DataAhead);
        }
    }

    private void EndReading(Reader reader, bool dataAhead = false)
    {
        Debug.Assert(_reader == reader);
        if (dataAhead) _dataIsAhead = true;
        Interlocked.Exchange(ref _reader, Reader.None);
        if (!_endIsWanted && !WantsBackground) return;
        lock (_sync)
        {
            if (_endIsWanted) BeginEnding();
            else if (_foregroundWaits) return;

            // In front of data only another mode goes on. A background reader that made way goes on where the receive has given up since.
            else if (dataAhead ? _backgroundMode != BackgroundMode : WantsBackground) BeginBackground();
        }
    }
}
