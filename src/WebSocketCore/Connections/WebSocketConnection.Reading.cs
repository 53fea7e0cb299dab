using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using WebSocketCore.Protocol;

namespace WebSocketCore;

// Reading. One reader at a time touches the pipe's input and the receiver: a receive of the application (foreground), or the connection itself
// while a ping, a close or a silent peer needs input and nobody receives (background). The background stops in front of data, which waits for the
// application, and makes way at once for a receive. When the connection has ended, the reading belongs to who ends the transport, for good.
public sealed partial class WebSocketConnection
{
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
            var happened = _receiver.Read(_segment.Span, mode, out var consumed);
            _segment = _segment[consumed..];
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReadMoreAsync(CancellationToken cancellationToken)
    {
        _inputWaits = false;
        _pongIsOwed = false;
        _output.StartFlush();
        _receiver.ReleaseIdleBuffer();
        if (_endOfInput)
        {
            OnTransportEnded(null);
            return;
        }

        try
        {
            AdvanceInput();
            var result = await _pipe.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
            _input = result.Buffer;
            _nextSegment = _input.Start;
            _inputIsOut = true;
            _endOfInput = result.IsCompleted;
            if (!_input.IsEmpty) OnBytesReceived();
        }
        catch (Exception exception) when (!(exception is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            OnTransportEnded(exception);
        }
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

    /// <summary>Makes the caller the reader. False: wait for the background reader, or, where there is none to wait for, the connection has ended.</summary>
    private bool TryBeginForeground(out Task? background)
    {
        background = null;
        lock (_sync)
        {
            if (_receivingEnded || _reader == Reader.Ending) return false;
            if (_reader == Reader.Foreground) throw new InvalidOperationException("Another receive is under way on this connection.");
            if (_reader == Reader.None)
            {
                _reader = Reader.Foreground;
                _foregroundWaits = false;
                _dataIsAhead = false;
                return true;
            }
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
            if (_reader == Reader.None && WantsBackground) BeginBackground();
        }
    }

    /// <summary>Sees that somebody reads: a ping, a close or the keep-alive needs what the peer answers.</summary>
    private void EnsureReading()
    {
        lock (_sync)
        {
            if (_reader == Reader.None && !_foregroundWaits) BeginBackground();
        }
    }

    // Under the lock.
    private void BeginBackground()
    {
        if (_endIsWanted) return;
        _reader = Reader.Background;
        _backgroundMode = BackgroundMode;
        _background = ReadInBackgroundAsync();
    }

    private async Task ReadInBackgroundAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var happened = ReceiveEvent.NeedMore;
        try
        {
            while (!_receivingEnded)
            {
                lock (_sync) _backgroundMode = BackgroundMode;
                happened = TakeInput(_backgroundMode);
                if (happened != ReceiveEvent.NeedMore || Volatile.Read(ref _foregroundWaits)) break;
                await ReadMoreAsync(CancellationToken.None).ConfigureAwait(false);
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
        lock (_sync)
        {
            Debug.Assert(_reader == reader);
            _reader = Reader.None;
            _dataIsAhead = dataAhead;
            if (_endIsWanted) BeginEnding();
            else if (_foregroundWaits) return;

            // In front of data only another mode goes on. A background reader that made way goes on where the receive has given up since.
            else if (dataAhead ? _backgroundMode != BackgroundMode : WantsBackground) BeginBackground();
        }
    }
}
