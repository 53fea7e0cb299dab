using WebSocketCore.Closing;
using WebSocketCore.Connections;

namespace WebSocketCore;

// Closing: every event of the closing handshake, and the one way in which a transport ends.
public sealed partial class WebSocketConnection
{
    private TaskCompletionSource<WebSocketClosure>? _ended;
    private ClosureCause? _cause;
    private CloseCode? _sentCode;
    private string _sentReason = "";
    private CloseCode? _receivedCode;
    private string _receivedReason = "";
    private ProtocolError _error;
    private Exception? _transportError;
    private Exception? _abortError;
    private bool _timedOut;
    private bool _endIsWanted;
    private int _closeWaiters;
    private volatile bool _disposed;

    /// <summary>How the connection ended, as far as is known by now; null while it is open.</summary>
    public WebSocketClosure? Closure
    {
        get
        {
            lock (_sync)
            {
                if (_cause is not { } cause) return null;
                return new WebSocketClosure
                {
                    Cause = cause,
                    SentCode = _sentCode,
                    SentReason = _sentReason,
                    ReceivedCode = _receivedCode,
                    ReceivedReason = _receivedReason,
                    Error = _error,
                    TransportError = _transportError,
                    TimedOut = _timedOut,
                    IsClean = _closing.State is ConnectionState.Closed or ConnectionState.CloseReceived
                        && _sentCode is not null && _receivedCode is not null && _transportError is null,
                };
            }
        }
    }

    /// <summary>Completes, never by an exception, when the connection has ended and its transport is given up.</summary>
    public Task<WebSocketClosure> Closed
    {
        get { lock (_sync) return (_ended ??= new TaskCompletionSource<WebSocketClosure>()).Task; }
    }

    /// <summary>
    /// Closes the connection (RFC 6455, section 7.1.2): sends a Close frame, waits for the peer's, ends the transport. When the peer does not answer
    /// within <see cref="WebSocketConnectionOptions.CloseTimeout"/>, the transport is cut. A receive that is under way, or begins meanwhile, still gets the
    /// messages that the peer sends before its Close frame; without one they are dropped (<see cref="StartClose(CloseCode, string)"/> keeps them all). On a connection that is closing or has ended, this waits for the end.
    /// </summary>
    /// <param name="code">1000-1003, 1007-1014 or 3000-4999; <see cref="CloseCode.NoStatusReceived"/> sends a Close frame without a code.</param>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    /// <param name="cancellationToken">Stops waiting; the connection goes on closing.</param>
    /// <exception cref="ArgumentException">The code may not be sent, or the reason is too long or not valid Unicode.</exception>
    public async ValueTask CloseAsync(CloseCode code = CloseCode.NormalClosure, string reason = "", CancellationToken cancellationToken = default)
    {
        StartClose(ClosureCause.LocalClose, code, reason);
        lock (_sync) _closeWaiters++;
        try
        {
            EnsureReading();
            await Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_sync) _closeWaiters--;
        }
    }

    /// <summary>
    /// Sends a Close frame and does not wait: receive on until the end to get what the peer still sends. The close timeout runs all the same.
    /// On a connection that is closing or has ended, this does nothing.
    /// </summary>
    /// <param name="code">1000-1003, 1007-1014 or 3000-4999; <see cref="CloseCode.NoStatusReceived"/> sends a Close frame without a code.</param>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    /// <exception cref="ArgumentException">The code may not be sent, or the reason is too long or not valid Unicode.</exception>
    public void StartClose(CloseCode code = CloseCode.NormalClosure, string reason = "") => StartClose(ClosureCause.LocalClose, code, reason);

    /// <summary>Cuts the transport without a closing handshake. What was sent before may be lost. Everything that waits ends soon.</summary>
    public void Abort() => Cut(ClosureCause.Aborted, error: null, timedOut: false);

    /// <summary>
    /// Closes with <see cref="CloseCode.NormalClosure"/> if that has not been done, waits for the end, at most for
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/>, and returns the memory of received messages. Does not throw.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _disposed = true;
        ReturnMemory();
    }

    /// <summary>
    /// Returns the memory of a connection that was disposed of, unless a payload is out: a handler on another thread may still look at it, so it
    /// is left to the next receive, or to the garbage collector.
    /// </summary>
    private void ReturnMemory()
    {
        lock (_sync)
        {
            if (_disposed && !_payloadIsOut) _receiver.End();
        }
    }

    private void StartClose(ClosureCause cause, CloseCode code, string reason)
    {
        Span<byte> payload = stackalloc byte[ClosePayload.MaxLength];
        payload = payload[..ClosePayload.Write(payload, code, reason)];
        lock (_sync)
        {
            if (!Happened(CloseEvent.LocalClose)) return;
            _cause ??= cause;
            WriteClose(payload, code, reason);
        }
        _output.StartFlush();
    }

    private void OnPeerClose(CloseCode code, string reason)
    {
        lock (_sync)
        {
            _receivedCode = code;
            _receivedReason = reason;
            _cause ??= ClosureCause.PeerClose;

            // RFC 6455 5.5.1: the answer "typically echos the status code it received". With the reason, the peer sees what it said confirmed.
            if (Happened(CloseEvent.PeerClose)) WriteClose(code, reason);
        }
    }

    private void OnViolation(ProtocolError error)
    {
        lock (_sync)
        {
            _error = error;
            _cause ??= ClosureCause.ProtocolError;
            if (Happened(CloseEvent.Violation)) WriteClose(error.CloseCode(), Describe(error));
        }
    }

    private void OnTransportEnded(Exception? error)
    {
        lock (_sync)
        {
            _transportError ??= error;
            _abortError ??= error;
            _cause ??= ClosureCause.TransportEnded;
            Happened(CloseEvent.EndOfStream);

            // What was written may still leave, but not for ever, and nothing joins it.
            _output.EndFrames();
            StartCloseDeadline();
        }
    }

    // Nothing can be sent any more, also not what was half written. What the peer has sent, perhaps its Close frame, is still received: the end is found
    // by reading.
    void IFrameOutputOwner.OnOutputFailed(Exception? error)
    {
        lock (_sync) _transportError ??= error;
        EnsureReading();
    }

    // A message was lost, and what the encoder would make of the next one is not known.
    void IFrameOutputOwner.OnEncodingFailed(Exception error) => Cut(ClosureCause.Aborted, error, timedOut: false);

    private void Cut(ClosureCause cause, Exception? error, bool timedOut)
    {
        lock (_sync)
        {
            _abortError ??= error ?? new IOException("The connection was aborted.");
            _transportError ??= error;
            _timedOut |= timedOut && _closing.State is ConnectionState.CloseSent or ConnectionState.CloseReceived;
            _cause ??= cause;
            Happened(CloseEvent.Abort);
            WantEnd();
            BeginEnding();
        }
        try
        {
            _output.Abort();
            _pipe.Input.CancelPendingRead();

            // A transport that can be disposed of need not honour any of that.
            (_pipe as IDisposable)?.Dispose();
        }
        catch (Exception)
        {
            // A transport that fails while it is given up is given up. There may be a timer's thread behind this, and nobody to tell.
        }
    }

    // Under the lock. Whether a Close frame is to be written.
    private bool Happened(CloseEvent happened)
    {
        var action = _closing.On(happened);
        if ((action & (CloseAction.DiscardInput | CloseAction.EndTransport)) != 0) WantEnd();
        return action.HasFlag(CloseAction.WriteClose);
    }

    // Under the lock.
    private void WriteClose(CloseCode code, string reason)
    {
        Span<byte> payload = stackalloc byte[ClosePayload.MaxLength];
        WriteClose(payload[..ClosePayload.Write(payload, code, reason)], code, reason);
    }

    private void WriteClose(ReadOnlySpan<byte> payload, CloseCode code, string reason)
    {
        StartCloseDeadline();
        if (!_output.WriteClose(payload)) return;
        _sentCode = code;
        _sentReason = reason;
    }

    // Under the lock. Receiving is over; the reader, or whoever comes next, ends the transport.
    private void WantEnd()
    {
        _receivingEnded = true;
        _endIsWanted = true;
        Interlocked.MemoryBarrier();
    }

    // Under the lock. Does nothing where somebody reads: who has ended reading comes here again.
    private void BeginEnding()
    {
        if (Interlocked.CompareExchange(ref _reader, Reader.Ending, Reader.None) == Reader.None) _ = EndAsync();
    }

    private async Task EndAsync()
    {
        await Scheduler.Yield();
        try
        {
            await EndTransportAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // A transport that fails while it is being ended has ended, whatever it is still reading.
            lock (_sync) _abortError ??= exception;
            await _output.CompleteAsync(exception).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await CompleteInputAsync(exception).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            StopTimer();
            var closure = Closure!;
            FailPings(closure);
            _receiver.ReleaseIdleBuffer();
            _receiver.ReleaseDecoder();
            TaskCompletionSource<WebSocketClosure> ended;
            lock (_sync) ended = _ended ??= new TaskCompletionSource<WebSocketClosure>();
            ended.TrySetResult(closure);
        }
    }

    /// <summary>Ends the transport (RFC 6455, section 7.1.1): our last words leave, and each direction is completed.</summary>
    private async Task EndTransportAsync()
    {
        // What still comes is read until the peer has closed too: a peer that is held up sending may not read our last words, and over TCP closing
        // on unread input resets the connection, so that it could lose them.
        var discards = _error != ProtocolError.None || HasInput;
        AdvanceInput();
        var discarding = discards ? DiscardInputAsync() : Task.CompletedTask;
        if (_abortError is null) await _output.FlushAllAsync().ConfigureAwait(false);
        bool closed;
        lock (_sync)
        {
            _closing.On(CloseEvent.ReplyWritten);
            closed = _closing.State == ConnectionState.Closed;
        }

        // RFC 6455 7.1.1: the server ends the transport first, at once; a client waits for that, for a reasonable time.
        if (closed && Role == WebSocketRole.Client)
        {
            if (!discards) discarding = DiscardInputAsync();
            await discarding.ConfigureAwait(false);
        }
        await _output.CompleteAsync(_abortError ?? _output.WriteError).ConfigureAwait(false);
        await discarding.ConfigureAwait(false);
        await CompleteInputAsync(_abortError).ConfigureAwait(false);
    }

    private async Task CompleteInputAsync(Exception? error) => await _pipe.Input.CompleteAsync(error).ConfigureAwait(false);

    private async Task DiscardInputAsync()
    {
        try
        {
            while (!_endOfInput && Volatile.Read(ref _abortError) is null)
            {
                AdvanceInput();
                var result = await _pipe.Input.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                _input = result.Buffer;
                _inputIsOut = true;
                _endOfInput = result.IsCompleted;
            }
        }
        catch (Exception exception)
        {
            // The peer did not end it in order. There is nothing more to wait for.
            lock (_sync) _abortError ??= exception;
        }
    }

    /// <summary>The sentence of a broken rule; where it is a limit, with the option that sets it.</summary>
    private string Describe(ProtocolError error) => error switch
    {
        ProtocolError.MessageTooBig => $"the message is larger than MaxMessageSize, {_options.MaxMessageSize} bytes",
        ProtocolError.TooManyFragments => $"the message has more fragments than MaxFragments, {_options.MaxFragments}",
        ProtocolError.TooManyEmptyFragments => $"the message has more empty fragments than MaxEmptyFragments, {_options.MaxEmptyFragments}",
        _ => error.Message(),
    };
}
