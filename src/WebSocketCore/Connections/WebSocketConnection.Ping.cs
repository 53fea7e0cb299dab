using System.Buffers;
using System.Buffers.Binary;
using WebSocketCore.Frames;
using WebSocketCore.Protocol;

namespace WebSocketCore;

// Pings and pongs (RFC 6455, sections 5.5.2 and 5.5.3). A peer may answer only the newest of several pings, so a pong answers its ping and all before
// it: pings are remembered in the order in which they were written.
public sealed partial class WebSocketConnection
{
    // Pings that nobody waits for are remembered up to this number.
    private const int MaxUnawaitedPings = 64;

    // Made with the first ping.
    private Queue<PendingPing>? _pings;
    private ulong _lastPing = (ulong)Random.Shared.NextInt64();
    private int _awaitedPings;

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
        try
        {
            lock (_sync) _awaitedPings++;
            if (!await SendNumberedPingAsync(answered, cancellationToken).ConfigureAwait(false)) throw ClosedException();
            EnsureReading();
            return await answered.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            answered.TrySetCanceled(CancellationToken.None); // Nobody waits any more, if it is not answered: the ping can be forgotten.
            lock (_sync) _awaitedPings--;
        }
    }

    /// <summary>Sends a ping with a payload of your own and does not wait: see <see cref="WebSocketConnectionOptions.PongReceived"/>.</summary>
    /// <param name="payload">At most 125 bytes. Yours again when the task has completed.</param>
    /// <param name="cancellationToken">Stops waiting; a ping that was written is sent.</param>
    /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    public ValueTask SendPingAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default)
    {
        CheckControlPayload(payload);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        return ThrowUnlessSent(SendPingFrameAsync(payload.ToArray(), answered: null, cancellationToken));
    }

    /// <summary>Sends a pong that nobody asked for: a sign of life that needs no answer. Pings are answered without doing.</summary>
    /// <param name="payload">At most 125 bytes. Yours again when the task has completed.</param>
    /// <param name="cancellationToken">Stops waiting; a pong that was written is sent.</param>
    /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    public ValueTask SendPongAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default)
    {
        CheckControlPayload(payload);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        return ThrowUnlessSent(_output.SendFrameAsync(new OutgoingFrame(Opcode.Pong, fin: true, new ReadOnlySequence<byte>(payload)), cancellationToken));
    }

    private static void CheckControlPayload(ReadOnlyMemory<byte> payload)
    {
        // RFC 6455 5.5: control frames "MUST have a payload length of 125 bytes or less".
        if (payload.Length > FrameRules.MaxControlPayload)
            throw new ArgumentException($"The payload is {payload.Length} bytes; a control frame holds at most {FrameRules.MaxControlPayload}.", nameof(payload));
    }

    private ValueTask<bool> SendNumberedPingAsync(TaskCompletionSource<TimeSpan>? answered, CancellationToken cancellationToken)
    {
        var payload = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(payload, Interlocked.Increment(ref _lastPing));
        return SendPingFrameAsync(payload, answered, cancellationToken);
    }

    private ValueTask<bool> SendPingFrameAsync(byte[] payload, TaskCompletionSource<TimeSpan>? answered, CancellationToken cancellationToken) =>
        _output.SendFrameAsync(
            new OutgoingFrame(Opcode.Ping, fin: true, new ReadOnlySequence<byte>(payload)), cancellationToken, prepare: () => Remember(new PendingPing(payload, Time.GetTimestamp(), answered)));

    // Under the lock, when the ping takes its place among the frames.
    private void Remember(in PendingPing ping)
    {
        _pings ??= new Queue<PendingPing>();
        while (_pings.TryPeek(out var oldest) && oldest.Answered is { Task.IsCompleted: true }) _pings.Dequeue();
        for (var left = _pings.Count >= MaxUnawaitedPings ? _pings.Count : 0; left > 0; left--)
        {
            if (_pings.Dequeue() is { Answered.Task.IsCompleted: false } awaited) _pings.Enqueue(awaited);
        }
        _pings.Enqueue(ping);
    }

    private void OnPong(ReadOnlySpan<byte> payload)
    {
        lock (_sync)
        {
            if (_pings is null) return;
            var answered = 0;
            var index = 0;
            foreach (var ping in _pings)
            {
                index++;
                if (payload.SequenceEqual(ping.Payload)) answered = index;
            }
            for (; answered > 0; answered--)
            {
                var ping = _pings.Dequeue();
                RoundTripTime = Time.GetElapsedTime(ping.SentAt);
                ping.Answered?.TrySetResult(RoundTripTime.Value);
            }
        }
    }

    private void FailPings(WebSocketClosure closure)
    {
        lock (_sync)
        {
            while (_pings is not null && _pings.TryDequeue(out var ping))
            {
                if (ping.Answered is null || !ping.Answered.TrySetException(new WebSocketClosedException(closure))) continue;
                _ = ping.Answered.Task.Exception; // Seen, also where the caller has stopped waiting.
            }
        }
    }

    private readonly record struct PendingPing(byte[] Payload, long SentAt, TaskCompletionSource<TimeSpan>? Answered);
}
