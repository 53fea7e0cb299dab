using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;

namespace WebSocketCore.Connections;

/// <summary>
/// The one gate through which all frames leave. A frame is written whole, under the lock, so frames of several threads never mix.
/// </summary>
/// <remarks>
/// <para>A pipe must not be written to while it flushes. Who finds a flush in progress leaves the frame in a buffer that goes out with the next flush,
/// so concurrent senders share flushes. A frame larger than <see cref="ChunkSize"/> holds the pipe while it goes out chunk by chunk: the transport's
/// back-pressure bounds what it costs.</para>
/// <para>Pongs are owed, not queued: at most one, the newest (RFC 6455, section 5.5.3), written when the next flush begins.</para>
/// <para>The caller's cancellation ends its waiting only. What has been written is sent, and no frame is ever cut.</para>
/// </remarks>
/// <param name="writer">Where frames go.</param>
/// <param name="role">Whose frames they are.</param>
/// <param name="sync">Guards this object; shared with the owner, whose closing state decides what may be written.</param>
/// <param name="pool">For frames that wait.</param>
/// <param name="onFailed">Called once, outside the lock, when the transport takes no more; with its error, if it gave one.</param>
internal sealed partial class FrameOutput(PipeWriter writer, WebSocketRole role, Lock sync, ArrayPool<byte> pool, Action<Exception?> onFailed)
    : IThreadPoolWorkItem
{
    /// <summary>Frames up to this size are copied at once. Also the bound on what a deferred flush holds back.</summary>
    public const int ChunkSize = 64 * 1024;

    private const int NoPong = -1;

    private readonly MessageSender _sender = new(role);
    private readonly PayloadBuffer _waiting = new(pool);
    private TaskCompletionSource<bool>? _waitingFlushed;
    private TaskCompletionSource? _messageEnded;
    private byte[] _pong = [];
    private int _pongLength = NoPong;
    private long _unflushed;
    private long _flushes;
    private Exception? _writeError;
    private bool _inMessage;
    private bool _ended;
    private bool _failed;

    /// <summary>How a frame that was to be sent goes on once the lock is released.</summary>
    private enum Turn
    {
        Refused,
        Deferred,
        Waits,
        Flush,
        Chunks,
    }

    /// <summary>Whether the transport failed, so that what was written may not have reached the peer.</summary>
    public bool HasFailed => Volatile.Read(ref _failed);

    /// <summary>How many flushes have ended.</summary>
    public long Flushes => Volatile.Read(ref _flushes);

    /// <summary>Whether a flush that was in progress at an earlier count is still the same.</summary>
    public bool IsStuckSince(long flushes) => Volatile.Read(ref _held) && Flushes == flushes;

    /// <summary>Sends a message in one frame, once no fragmented message is in progress.</summary>
    /// <param name="opcode">Text or binary.</param>
    /// <param name="payload">The payload; the memory is the caller's again when the task has completed, cancelled or not.</param>
    /// <param name="defer">Whether a small frame may wait for others that are likely to follow at once; its flush is then queued.</param>
    /// <param name="cancellationToken">Ends the waiting, not the sending.</param>
    /// <returns>Whether the transport took the frame; false when nothing may be sent any more.</returns>
    public ValueTask<bool> SendMessageAsync(Opcode opcode, in ReadOnlySequence<byte> payload, bool defer, CancellationToken cancellationToken)
    {
        Turn turn;
        Task<bool>? waiting;
        lock (sync)
        {
            if (_inMessage) return SendMessageInTurnAsync(opcode, payload, cancellationToken);
            turn = Write(opcode, fin: true, payload, defer, out waiting);
        }
        return FinishAsync(turn, waiting, opcode, fin: true, payload, cancellationToken);
    }

    /// <summary>Sends a control frame, or a fragment of the message that <see cref="BeginMessageAsync"/> began.</summary>
    /// <inheritdoc cref="SendMessageAsync"/>
    public ValueTask<bool> SendFrameAsync(Opcode opcode, bool fin, in ReadOnlySequence<byte> payload, CancellationToken cancellationToken)
    {
        Turn turn;
        Task<bool>? waiting;
        lock (sync) turn = Write(opcode, fin, payload, defer: false, out waiting);
        return FinishAsync(turn, waiting, opcode, fin, payload, cancellationToken);
    }

    /// <summary>Waits until no fragmented message is in progress and begins one. Until <see cref="EndMessage"/> other messages wait.</summary>
    /// <returns>False when nothing may be sent any more.</returns>
    public async ValueTask<bool> BeginMessageAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task ended;
            lock (sync)
            {
                if (_ended) return false;
                if (!_inMessage) return _inMessage = true;
                ended = MessageEnded();
            }
            await ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the fragmented message: the next one may begin.</summary>
    public void EndMessage()
    {
        lock (sync)
        {
            _inMessage = false;
            _messageEnded?.SetResult();
            _messageEnded = null;
        }
    }

    /// <summary>Owes the peer a pong, instead of the one owed before, if that was not written yet.</summary>
    public void OwePong(ReadOnlySpan<byte> payload)
    {
        lock (sync)
        {
            if (_pong.Length < payload.Length) _pong = new byte[ClosePayload.MaxLength];
            payload.CopyTo(_pong);
            _pongLength = payload.Length;
        }
    }

    /// <summary>Writes the Close frame, the last frame of this end (RFC 6455, section 5.5.1). The caller holds the lock.</summary>
    /// <returns>False when nothing may be sent any more.</returns>
    public bool WriteClose(ReadOnlySpan<byte> payload)
    {
        if (_ended) return false;

        // RFC 6455 5.5.2: a ping that came before MUST be answered, and nothing can follow the Close frame.
        WriteOwedPong();
        WriteOrWait(Opcode.Close, new ReadOnlySequence<byte>(payload.ToArray()));
        EndFrames();
        return true;
    }

    private async ValueTask<bool> SendMessageInTurnAsync(Opcode opcode, ReadOnlySequence<byte> payload, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task? ended = null;
            Task<bool>? waiting = null;
            var turn = Turn.Refused;
            lock (sync)
            {
                if (_inMessage) ended = MessageEnded();
                else turn = Write(opcode, fin: true, payload, defer: false, out waiting);
            }
            if (ended is null) return await FinishAsync(turn, waiting, opcode, fin: true, payload, cancellationToken).ConfigureAwait(false);
            await ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // Under the lock.
    private Turn Write(Opcode opcode, bool fin, in ReadOnlySequence<byte> payload, bool defer, out Task<bool>? waiting)
    {
        waiting = null;
        if (_ended) return Turn.Refused;
        if (_held)
        {
            _sender.WriteFrame(_waiting, opcode, fin, payload);
            _waitingFlushed ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting = _waitingFlushed.Task;
            return Turn.Waits;
        }
        WriteOwedPong();
        if (payload.Length > ChunkSize)
        {
            _held = true;
            return Turn.Chunks;
        }
        WriteToPipe(opcode, fin, payload);
        if (defer && _unflushed < ChunkSize)
        {
            QueueFlushOnce();
            return Turn.Deferred;
        }
        _held = true;
        return Turn.Flush;
    }

    private ValueTask<bool> FinishAsync(
        Turn turn, Task<bool>? waiting, Opcode opcode, bool fin, in ReadOnlySequence<byte> payload, CancellationToken cancellationToken) => turn switch
        {
            Turn.Refused => new(false),
            Turn.Deferred => new(true),
            Turn.Waits => WaitAsync(waiting!, cancellationToken),
            Turn.Flush => FlushHeldAsync(cancellationToken),
            _ => SendChunksAsync(opcode, fin, payload, cancellationToken),
        };

    private void WriteToPipe(Opcode opcode, bool fin, in ReadOnlySequence<byte> payload)
    {
        _unflushed += FrameHeaderParser.MaxLength + payload.Length;
        try
        {
            _sender.WriteFrame(writer, opcode, fin, payload);
        }
        catch (Exception exception)
        {
            // A writer that takes nothing, perhaps because somebody completed it: the flush that follows fails with it.
            _writeError ??= exception;
        }
    }

    private void CopyToPipe(in ReadOnlySequence<byte> frames)
    {
        _unflushed += frames.Length;
        try
        {
            foreach (var segment in frames) writer.Write(segment.Span);
        }
        catch (Exception exception)
        {
            _writeError ??= exception;
        }
    }

    private void WriteOwedPong()
    {
        if (_pongLength == NoPong || _ended) return;
        WriteOrWait(Opcode.Pong, new ReadOnlySequence<byte>(_pong, 0, _pongLength));
        _pongLength = NoPong;
    }

    private void WriteOrWait(Opcode opcode, in ReadOnlySequence<byte> payload)
    {
        if (_held) _sender.WriteFrame(_waiting, opcode, fin: true, payload);
        else WriteToPipe(opcode, fin: true, payload);
    }

    private Task MessageEnded() => (_messageEnded ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void EndFrames()
    {
        _ended = true;
        _messageEnded?.SetResult();
        _messageEnded = null;
        _inMessage = false;
    }

    // The caller holds the pipe, and so until FlushHeldAsync the only right to touch it.
    private async ValueTask<bool> SendChunksAsync(Opcode opcode, bool fin, ReadOnlySequence<byte> payload, CancellationToken cancellationToken)
    {
        var handedOver = false;
        try
        {
            var mask = _sender.WriteHeader(writer, opcode, fin, payload.Length);
            while (payload.Length > ChunkSize)
            {
                WriteChunk(ref payload, ref mask);
                FlushResult result;
                if (cancellationToken.CanBeCanceled)
                {
                    var flushing = writer.FlushAsync(CancellationToken.None).AsTask();
                    await ((Task)flushing.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (!flushing.IsCompleted)
                    {
                        // Cancelled with a frame half sent: the caller gets its memory back, and a copy of the rest goes out without it.
                        var rest = payload.ToArray();
                        handedOver = true;
                        _ = SendRestAsync(flushing, rest, mask);
                        cancellationToken.ThrowIfCancellationRequested();
                    }
                    result = await flushing.ConfigureAwait(false);
                }
                else
                {
                    result = await writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                }
                if (result.IsCompleted || result.IsCanceled) return Failed(null);
                _flushes++;
            }
            WriteChunk(ref payload, ref mask);
        }
        catch (Exception exception) when (!handedOver)
        {
            return Failed(exception);
        }
        return await FlushHeldAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task SendRestAsync(Task<FlushResult> flushing, byte[] rest, MessageSender.PayloadMask mask)
    {
        try
        {
            var payload = new ReadOnlySequence<byte>(rest);
            var result = await flushing.ConfigureAwait(false);
            while (payload.Length > 0 && !result.IsCompleted && !result.IsCanceled)
            {
                WriteChunk(ref payload, ref mask);
                result = await writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                _flushes++;
            }
            if (result.IsCompleted || result.IsCanceled) Failed(null);
            else EndHolding();
        }
        catch (Exception exception)
        {
            Failed(exception);
        }
    }

    private void WriteChunk(ref ReadOnlySequence<byte> payload, ref MessageSender.PayloadMask mask)
    {
        var chunk = payload.Slice(0, Math.Min(payload.Length, ChunkSize));
        foreach (var segment in chunk) MessageSender.WritePayload(writer, segment.Span, ref mask);
        payload = payload.Slice(chunk.Length);
    }
}
