namespace WebSocketCore;

// Everything that time does. One timer per connection: while it is open for the keep-alive and idle deadlines, then for the close deadline.
public sealed partial class WebSocketConnection
{
    private ITimer? _timer;
    private long _lastBytesAt;
    private long _lastDataAt;
    private long _probedAt;
    private long _flushesAtProbe;
    private long _closingSince;
    private volatile bool _isProbing;
    private volatile bool _probeIsOut;
    private bool _isCloseDeadline;
    private bool _timerStopped;

    private TimeProvider Time => _options.TimeProvider;

    private bool HasKeepAlive => _options.KeepAliveInterval != Timeout.InfiniteTimeSpan;

    private bool HasIdleTimeout => _options.IdleTimeout != Timeout.InfiniteTimeSpan;

    private bool HasCloseTimeout => _options.CloseTimeout != Timeout.InfiniteTimeSpan;

    private void StartTimer()
    {
        _lastBytesAt = _lastDataAt = Time.GetTimestamp();
        var due = TimeSpan.MaxValue;
        if (HasKeepAlive) due = _options.KeepAliveInterval;
        if (HasIdleTimeout && _options.IdleTimeout < due) due = _options.IdleTimeout;
        lock (_sync) SetTimer(due);
    }

    private void StopTimer()
    {
        lock (_sync)
        {
            _timerStopped = true;
            _timer?.Dispose();
        }
    }

    // Under the lock.
    private void StartCloseDeadline()
    {
        if (_isCloseDeadline) return;
        _isCloseDeadline = true;
        _closingSince = Time.GetTimestamp();
        if (HasCloseTimeout) SetTimer(_options.CloseTimeout);
    }

    // Under the lock. A timer counts whole milliseconds: rounded down, it would fire again and again just before the time.
    private void SetTimer(TimeSpan due)
    {
        if (due == TimeSpan.MaxValue || _timerStopped) return;
        if (due < TimeSpan.FromMilliseconds(1)) due = TimeSpan.FromMilliseconds(1);
        if (_timer is not null)
        {
            _timer.Change(due, Timeout.InfiniteTimeSpan);
            return;
        }
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            _timer = Time.CreateTimer(static state => ((WebSocketConnection)state!).OnTimer(), this, due, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Any byte that arrives is a sign of life.</summary>
    private void OnBytesReceived()
    {
        _isProbing = false;
        if (HasKeepAlive) _lastBytesAt = Time.GetTimestamp();
    }

    private void OnDataFrame()
    {
        if (HasIdleTimeout) Volatile.Write(ref _lastDataAt, Time.GetTimestamp());
    }

    private void OnTimer()
    {
        bool isCloseDeadline;
        lock (_sync)
        {
            if (_timerStopped) return;
            isCloseDeadline = _isCloseDeadline;

            if (isCloseDeadline)
            {
                // What was set before closing began may still come; it is not the deadline.
                if (!HasCloseTimeout) return;
                var left = Left(_closingSince, _options.CloseTimeout);
                if (left > TimeSpan.Zero)
                {
                    SetTimer(left);
                    return;
                }
            }
        }
        if (isCloseDeadline)
        {
            Cut(ClosureCause.LocalClose, error: null, timedOut: true);
            return;
        }

        _output.ReleaseIdleContext();

        // A message that is being sent, or that waits for the application to receive it, is no idleness.
        if (HasIdleTimeout && !_output.HasFailed && (_output.IsClaimed || _inputWaits || _dataIsAhead)) OnDataFrame();
        if (HasIdleTimeout && Time.GetElapsedTime(Volatile.Read(ref _lastDataAt)) >= _options.IdleTimeout)
        {
            StartClose(ClosureCause.IdleTimeout, CloseCode.GoingAway, "no message for the idle timeout");
            EnsureReading();
            return;
        }
        if (HasKeepAlive && !KeepAlive()) return;

        var due = TimeSpan.MaxValue;
        if (HasKeepAlive) due = _isProbing ? Left(_probedAt, ProbeTimeout) : Left(_lastBytesAt, _options.KeepAliveInterval);
        if (HasIdleTimeout && Left(_lastDataAt, _options.IdleTimeout) is var idle && idle < due) due = idle;
        lock (_sync)
        {
            if (!_isCloseDeadline) SetTimer(due);
        }
    }

    // Without a timeout for the answer, a silent peer is just asked again.
    private TimeSpan ProbeTimeout =>
        _options.KeepAliveTimeout != Timeout.InfiniteTimeSpan ? _options.KeepAliveTimeout : _options.KeepAliveInterval;

    private TimeSpan Left(long since, TimeSpan timeout) => timeout - Time.GetElapsedTime(since);

    /// <summary>Asks a silent peer for a sign of life, and gives up one that has given none. False when it was given up.</summary>
    private bool KeepAlive()
    {
        if (!_isProbing)
        {
            if (Time.GetElapsedTime(_lastBytesAt) >= _options.KeepAliveInterval) Probe();
            return true;
        }

        if (IsSilenceExcused())
        {
            _probedAt = Time.GetTimestamp();
            _flushesAtProbe = _output.Flushes;
            return true;
        }
        if (Time.GetElapsedTime(_probedAt) < ProbeTimeout) return true;
        if (_options.KeepAliveTimeout == Timeout.InfiniteTimeSpan)
        {
            Probe();
            return true;
        }
        Cut(ClosureCause.KeepAliveTimeout, error: null, timedOut: false);
        return false;
    }

    /// <summary>Whether it cannot be the peer's fault that nothing is heard of it.</summary>
    private bool IsSilenceExcused()
    {
        // A transport that takes no more has nobody to wait for, whatever of its input still waits for the application.
        if (_output.HasFailed) return false;

        // A peer that takes nothing of what is being sent has no excuse.
        if (_output.IsClaimed && _output.Flushes == _flushesAtProbe) return false;

        // The ping is still behind what the peer is taking.
        if (!_probeIsOut) return true;

        // Data has come that waits for the application. What the peer sends behind it cannot be seen.
        return _dataIsAhead || _inputWaits;
    }

    private void Probe()
    {
        _probedAt = Time.GetTimestamp();
        _flushesAtProbe = _output.Flushes;
        _isProbing = true;
        _ = SendProbeAsync();
        EnsureReading();
    }

    private async Task SendProbeAsync()
    {
        _probeIsOut = false;
        if (!await SendNumberedPingAsync(answered: null, CancellationToken.None).ConfigureAwait(false)) return;
        _probedAt = Time.GetTimestamp();
        _flushesAtProbe = _output.Flushes;
        _probeIsOut = true;
    }
}
