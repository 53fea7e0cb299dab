using System.Buffers;
using System.Buffers.Binary;
using WebSocketCore.Frames;

namespace WebSocketCore;

// Pings and pongs (RFC 6455, sections 5.5.2 and 5.5.3). Our pings carry a number that grows, so that a pong answers its ping and all before it.
public sealed partial class WebSocketConnection
{
    private readonly Queue<PendingPing> _pings = new();
    private ulong _lastPing = (ulong)Random.Shared.NextInt64();
    private PendingPing _probe;

    /// <summary>The round-trip time that the last answered ping has measured, the keep-alive's pings included; null before the first.</summary>
    public TimeSpan? RoundTripTime
    {
        get { lock (_sync) return field; }
        private set;
    }

    /// <summary>Pings the peer and waits for the pong. Needs no receive beside it, unless data waits to be received.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The round-trip time. A pong for a later ping answers the earlier ones too.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended, or ends before the pong comes.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var answered = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        PendingPing ping;
        lock (_sync)
        {
            if (_receivingEnded) throw ClosedException();
            ping = NewPing(answered);
            _pings.Enqueue(ping);
        }
        if (!await SendPingAsync(ping, cancellationToken).ConfigureAwait(false)) throw ClosedException();
        EnsureReading();
        return await answered.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a ping with a payload of your own and does not wait: see <see cref="WebSocketConnectionOptions.PongReceived"/>.</summary>
    /// <param name="payload">At most 125 bytes. Yours again when the task has completed.</param>
    /// <param name="cancellationToken">Stops waiting; a ping that was written is sent.</param>
    /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    public ValueTask SendPingAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendControlAsync(Opcode.Ping, payload, cancellationToken);

    /// <summary>Sends a pong that nobody asked for: a sign of life that needs no answer. Pings are answered without doing.</summary>
    /// <param name="payload">At most 125 bytes. Yours again when the task has completed.</param>
    /// <param name="cancellationToken">Stops waiting; a pong that was written is sent.</param>
    /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    public ValueTask SendPongAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendControlAsync(Opcode.Pong, payload, cancellationToken);

    private ValueTask SendControlAsync(Opcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        // RFC 6455 5.5: control frames "MUST have a payload length of 125 bytes or less".
        if (payload.Length > ClosePayload.MaxLength)
            throw new ArgumentException($"The payload is {payload.Length} bytes; a control frame holds at most {ClosePayload.MaxLength}.", nameof(payload));
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        return ThrowUnlessSent(_output.SendFrameAsync(opcode, fin: true, new ReadOnlySequence<byte>(payload), cancellationToken));
    }

    // Under the lock.
    private PendingPing NewPing(TaskCompletionSource<TimeSpan>? answered) => new(++_lastPing, Time.GetTimestamp(), answered);

    private ValueTask<bool> SendPingAsync(in PendingPing ping, CancellationToken cancellationToken)
    {
        var payload = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(payload, ping.Number);
        return _output.SendFrameAsync(Opcode.Ping, fin: true, new ReadOnlySequence<byte>(payload), cancellationToken);
    }

    private void SendProbe()
    {
        lock (_sync) _probe = NewPing(answered: null);
        _ = SendPingAsync(_probe, CancellationToken.None).AsTask();
    }

    private void OnPong(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != sizeof(ulong)) return;
        var number = BinaryPrimitives.ReadUInt64BigEndian(payload);
        lock (_sync)
        {
            if (number == _probe.Number && number != 0) RoundTripTime = Time.GetElapsedTime(_probe.SentAt);
            if (number > _lastPing) return;
            while (_pings.TryPeek(out var ping) && ping.Number <= number)
            {
                _pings.Dequeue();
                RoundTripTime = Time.GetElapsedTime(ping.SentAt);
                ping.Answered!.TrySetResult(RoundTripTime.Value);
            }
        }
    }

    private void FailPings(WebSocketClosure closure)
    {
        lock (_sync)
        {
            while (_pings.TryDequeue(out var ping))
            {
                ping.Answered!.TrySetException(new WebSocketClosedException(closure));
                _ = ping.Answered.Task.Exception; // Seen, also where the caller has stopped waiting.
            }
        }
    }

    private readonly record struct PendingPing(ulong Number, long SentAt, TaskCompletionSource<TimeSpan>? Answered);
}
