using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;

namespace WebSocketCore.Connections;

/// <summary>
/// The one gate through which all frames leave. A frame is written whole by whoever has claimed the pipe, so frames of several threads never mix.
/// </summary>
/// <remarks>
/// <para>A message that finds the pipe free, and nothing that goes before it, needs no lock. Everything else is decided under it.</para>
/// <para>A pipe must not be written to while it flushes. Who finds a flush in progress leaves a small frame in a buffer that goes out with the next flush,
/// so concurrent senders share flushes. Who finds that buffer full, or has a large frame, or must wait for a fragmented message to end, waits in a queue,
/// and has the pipe to itself when its turn comes. A large frame goes out chunk by chunk: the transport's back-pressure bounds what it costs.</para>
/// <para>Pongs are owed, not queued: at most one, the newest (RFC 6455, section 5.5.3), written when the next flush begins.</para>
/// <para>The caller's cancellation never cuts a frame. What has been written is sent.</para>
/// </remarks>
/// <param name="writer">Where frames go.</param>
/// <param name="role">Whose frames they are.</param>
/// <param name="sync">Guards this object; shared with the owner, whose closing state decides what may be written.</param>
/// <param name="pool">For frames that wait.</param>
/// <param name="scheduler">Where flushes run that are nobody's to wait for.</param>
/// <param name="encoder">What encodes messages; null where no extension does. It is the output's from here on.</param>
/// <param name="owner">Is told, once and outside the lock, when the transport takes no more.</param>
internal sealed partial class FrameOutput(
    PipeWriter writer, WebSocketRole role, Lock sync, ArrayPool<byte> pool, PipeScheduler scheduler, MessageEncoder? encoder, IFrameOutputOwner owner)
    : IThreadPoolWorkItem
{
    /// <summary>Frames up to this size are copied at once. Also the bound on what waits for a flush.</summary>
    public const int ChunkSize = 64 * 1024;

    private const int NoPong = -1;

    private readonly MessageSender _sender = new(role);
    // Made with the first frame that waits.
    private PayloadBuffer? _waiting;
    private TaskCompletionSource<bool>? _waitingFlushed;
    private byte[] _pong = [];
    private int _pongLength = NoPong;
    private long _unflushed;
    private Exception? _writeError;
    private bool _inMessage;
    private bool _ended;
    private bool _failed;

    /// <summary>How a frame that was to be sent goes on once the lock is released.</summary>
    private enum Outcome
    {
        Refused,
        Deferred,
        Joined,
        Queued,
        Flush,
        Chunks,
    }

    /// <summary>Whether the transport failed, so that what was written may not have reached the peer.</summary>
    public bool HasFailed => Volatile.Read(ref _failed);

    /// <summary>Why a frame could not be written, perhaps not to its end; null where that has not happened.</summary>
    public Exception? WriteError => Volatile.Read(ref _writeError);

    /// <summary>Sends a message in one frame, in turn with all other messages.</summary>
    /// <param name="frame">The frame; the memory of its payload is the caller's again when the task has completed, cancelled or not.</param>
    /// <param name="defer">Whether a small frame may wait for others that are likely to follow at once; its flush is then queued, or under way.</param>
    /// <param name="cancellationToken">Before the message's turn has come it is not sent; later only the waiting ends.</param>
    /// <returns>Whether the transport took the frame; false when nothing may be sent any more.</returns>
    public ValueTask<bool> SendMessageAsync(in OutgoingFrame frame, bool defer, CancellationToken cancellationToken)
    {
        if (frame.Length <= ChunkSize && _claim.TryTake())
        {
            if (NothingGoesFirst) return WriteClaimed(frame, defer) ? new(true) : FlushClaimedAsync(cancellationToken);
            EndClaim();
        }

        Outcome outcome;
        Task<bool>? joined;
        Waiter? waiter;
        lock (sync) outcome = Write(Turn.Message, frame, defer, out joined, out waiter);
        if (outcome == Outcome.Deferred) return new(true);
        return outcome == Outcome.Queued ? SendInTurnAsync(waiter!, frame, endsMessage: false, cancellationToken) : FinishAsync(outcome, joined, frame, cancellationToken);
    }

    /// <summary>Sends a control frame, or a fragment of the message that <see cref="BeginMessageAsync"/> began.</summary>
    /// <param name="frame">The frame; the memory of its payload is the caller's again when the task has completed, cancelled or not.</param>
    /// <param name="cancellationToken">Ends the waiting, never the sending.</param>
    /// <param name="prepare">Called under the lock when the frame takes its place in the order.</param>
    /// <returns>Whether the transport took the frame; false when nothing may be sent any more.</returns>
    public ValueTask<bool> SendFrameAsync(in OutgoingFrame frame, CancellationToken cancellationToken, Action? prepare = null)
    {
        Outcome outcome;
        Task<bool>? joined;
        Waiter? waiter;
        lock (sync)
        {
            if (!_ended) prepare?.Invoke();
            outcome = Write(Turn.Frame, frame, defer: false, out joined, out waiter);
        }
        return FinishFrameAsync(outcome, joined, waiter, frame, endsMessage: false, cancellationToken);
    }

    /// <summary>Owes the peer a pong, instead of the one owed before, if that was not written yet.</summary>
    public void OwePong(ReadOnlySpan<byte> payload)
    {
        lock (sync)
        {
            if (_pong.Length < payload.Length) _pong = new byte[FrameRules.MaxControlPayload];
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
        var isClaimed = _claim.TryTakeOrCall();
        WriteOwedPong(isClaimed);
        WriteOrJoin(new OutgoingFrame(Opcode.Close, fin: true, new ReadOnlySequence<byte>(payload.ToArray())), isClaimed);
        EndFrames();
        if (isClaimed) _claim.GiveBack();
        return true;
    }

    /// <summary>Takes no more frames; what is written is still sent, what waits for its turn is refused. The caller holds the lock.</summary>
    public void EndFrames()
    {
        _ended = true;
        RefuseTurns();
        ReleaseEncoder();
    }

    private PayloadBuffer Waiting => _waiting ??= new PayloadBuffer(pool);

    // Read by who has the claim. What changes meanwhile, under the lock, either calls the holder or comes later. That frames have ended is read last: a message
    // in progress that is given up then is no longer in progress, and nothing may follow what was sent of it.
    private bool NothingGoesFirst => !Volatile.Read(ref _inMessage) && _pongLength == NoPong && _queue is not { Count: > 0 } && !_ended;

    /// <summary>Writes a small frame. True: it may wait for others, the claim is given back, and its flush queued.</summary>
    private bool WriteClaimed(in OutgoingFrame frame, bool defer)
    {
        WriteToPipe(frame);
        if (!defer || _unflushed >= ChunkSize) return false;
        EndClaim();
        QueueFlushOnce();
        return true;
    }

    // Under the lock.
    private Outcome Write(Turn turn, in OutgoingFrame frame, bool defer, out Task<bool>? joined, out Waiter? waiter)
    {
        joined = null;
        waiter = null;
        if (_ended) return Outcome.Refused;
        var isLarge = frame.Length > ChunkSize;
        var mustWait = FramesWait || (turn == Turn.Message && MessagesWait);
        if (!mustWait && _claim.TryTakeOrCall())
        {
            WriteOwedPong(isClaimed: true);
            if (isLarge) return Outcome.Chunks;
            return WriteClaimed(frame, defer) ? Outcome.Deferred : Outcome.Flush;
        }
        if (mustWait || isLarge || _waiting?.Length >= ChunkSize)
        {
            waiter = Enqueue(turn);
            return Outcome.Queued;
        }
        WriteToWaiting(frame);
        if (defer) return Outcome.Deferred;
        _waitingFlushed ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        joined = _waitingFlushed.Task;
        return Outcome.Joined;
    }

    private ValueTask<bool> FinishAsync(Outcome outcome, Task<bool>? joined, in OutgoingFrame frame, CancellationToken cancellationToken) => outcome switch
    {
        Outcome.Refused => new(false),
        Outcome.Deferred => new(true),
        Outcome.Joined => WaitAsync(joined!, cancellationToken),
        Outcome.Flush => FlushClaimedAsync(cancellationToken),
        _ => SendChunksAsync(frame, cancellationToken),
    };

    private ValueTask<bool> FinishFrameAsync(
        Outcome outcome, Task<bool>? joined, Waiter? waiter, in OutgoingFrame frame, bool endsMessage, CancellationToken cancellationToken)
    {
        if (outcome != Outcome.Queued) return FinishAsync(outcome, joined, frame, cancellationToken);
        if (!cancellationToken.CanBeCanceled) return SendInTurnAsync(waiter!, frame, endsMessage, cancellationToken);

        // The caller may stop waiting and have its memory back before the turn comes.
        return WaitAsync(SendInTurnAsync(waiter!, frame.Copy(), endsMessage, CancellationToken.None).AsTask(), cancellationToken);
    }

    private async ValueTask<bool> SendInTurnAsync(Waiter waiter, OutgoingFrame frame, bool endsMessage, CancellationToken cancellationToken)
    {
        if (!await WaitForTurnAsync(waiter, cancellationToken).ConfigureAwait(false)) return false;
        if (endsMessage) EndMessage();
        if (frame.Length > ChunkSize) return await SendChunksAsync(frame, cancellationToken).ConfigureAwait(false);
        WriteToPipe(frame);
        return await FlushClaimedAsync(cancellationToken).ConfigureAwait(false);
    }

    private void WriteToPipe(in OutgoingFrame frame)
    {
        _unflushed += frame.MaxLength;
        try
        {
            _sender.WriteFrame(writer, frame);
        }
        catch (Exception exception)
        {
            // A writer that takes nothing, perhaps because somebody completed it: the flush that follows fails with it.
            _writeError ??= exception;
        }
    }

    private void WriteToWaiting(in OutgoingFrame frame)
    {
        try
        {
            _sender.WriteFrame(Waiting, frame);
        }
        catch (Exception exception)
        {
            // There is no memory, and perhaps half a frame: nothing goes out behind the flush in progress.
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

    private void WriteOwedPong(bool isClaimed)
    {
        if (_pongLength == NoPong || _ended) return;
        WriteOrJoin(new OutgoingFrame(Opcode.Pong, fin: true, new ReadOnlySequence<byte>(_pong, 0, _pongLength)), isClaimed);
        _pongLength = NoPong;
    }

    private void WriteOrJoin(in OutgoingFrame frame, bool isClaimed)
    {
        if (isClaimed) WriteToPipe(frame);
        else WriteToWaiting(frame);
    }
}

/// <summary>Whose frames a <see cref="FrameOutput"/> sends.</summary>
internal interface IFrameOutputOwner
{
    /// <summary>The transport takes no more frames.</summary>
    /// <param name="error">Its error, if it gave one.</param>
    void OnOutputFailed(Exception? error);

    /// <summary>An extension could not encode a message. None can be sent any more.</summary>
    /// <param name="error">What it threw.</param>
    void OnEncodingFailed(Exception error);
}
