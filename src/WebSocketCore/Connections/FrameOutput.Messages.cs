using System.Buffers;
using WebSocketCore.Frames;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;

namespace WebSocketCore.Connections;

// Messages of several frames, and messages that an extension encodes. Both wait until no other is in progress. Who is in a message has the encoder, too,
// and uses it outside the lock: control frames pass meanwhile.
internal sealed partial class FrameOutput
{
    private PayloadBuffer? _encoded;
    private ReservedBits _fragmentBits;
    private bool _fragmentsAreEncoded;
    private bool _isEncoding;
    private bool _hasEncoded;

    /// <summary>Whether an extension encodes what is sent, so that messages go through <see cref="SendEncodedAsync"/>.</summary>
    public bool Encodes => encoder is not null;

    /// <summary>Sends a message that an extension may encode, in turn with all other messages.</summary>
    /// <param name="frame">The message in one frame.</param>
    /// <param name="options">What the sender wants.</param>
    /// <param name="defer">Whether a small frame may wait for others that are likely to follow at once; its flush is then queued, or under way.</param>
    /// <param name="cancellationToken">Before the message's turn has come it is not sent; later only the waiting ends.</param>
    /// <returns>Whether the transport took the message; false when nothing may be sent any more.</returns>
    public ValueTask<bool> SendEncodedAsync(in OutgoingFrame frame, MessageOptions options, bool defer, CancellationToken cancellationToken) =>
        TryBeginMessage(out var waiter)
            ? EncodeAndSendAsync(frame, options, defer, cancellationToken)
            : waiter is null ? new(false) : WaitAndSendEncodedAsync(waiter, frame, options, defer, cancellationToken);

    /// <summary>Waits until no other message is in progress and begins one of several frames. Until <see cref="EndMessage"/> other messages wait.</summary>
    /// <returns>False when nothing may be sent any more.</returns>
    public async ValueTask<bool> BeginMessageAsync(MessageKind kind, MessageOptions options, CancellationToken cancellationToken)
    {
        if (!TryBeginMessage(out var waiter) && (waiter is null || !await WaitForTurnAsync(waiter, cancellationToken).ConfigureAwait(false))) return false;
        _fragmentsAreEncoded = false;
        if (encoder is null) return true;
        if (!TryBeginEncoding()) return false;
        try
        {
            _fragmentsAreEncoded = encoder.Begin(kind, length: null, options, out _fragmentBits);
        }
        catch (Exception exception)
        {
            FailEncoding(exception);
            throw;
        }
        EndEncoding();
        return true;
    }

    /// <summary>Sends a fragment of the message in progress; its last one goes before <see cref="EndMessage"/>.</summary>
    /// <param name="opcode">The opcode.</param>
    /// <param name="fin">Whether the fragment is the message's last.</param>
    /// <param name="payload">The payload; the memory is the caller's again when the task has completed, cancelled or not.</param>
    /// <param name="cancellationToken">Ends the waiting, never the sending.</param>
    /// <returns>Whether the transport took the fragment; false when nothing may be sent any more.</returns>
    public ValueTask<bool> SendFragmentAsync(Opcode opcode, bool fin, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var bytes = new ReadOnlySequence<byte>(payload);
        if (!_fragmentsAreEncoded) return SendFrameAsync(new OutgoingFrame(opcode, fin, bytes), cancellationToken);
        if (!TryBeginEncoding()) return new(false);
        PayloadBuffer encoded;
        try
        {
            encoded = Encode(bytes, fin ? EncodingEnd.Message : EncodingEnd.Fragment);
        }
        catch (Exception exception)
        {
            FailEncoding(exception);
            return ValueTask.FromException<bool>(exception);
        }
        EndEncoding();
        var bits = opcode == Opcode.Continuation ? ReservedBits.None : _fragmentBits;
        return ReleaseWhenSent(SendFrameAsync(new OutgoingFrame(opcode, fin, encoded.Written, bits), cancellationToken), encoded);
    }

    /// <summary>Ends the message of several frames: the next one may begin.</summary>
    public void EndMessage()
    {
        lock (sync) EndMessageInLock();
    }

    private void EndMessageInLock()
    {
        _inMessage = false;
        GrantTurns();
    }

    /// <summary>When no message has been encoded since the last call, has the encoder give up what it remembers of those before.</summary>
    public void ReleaseIdleContext()
    {
        if (encoder is null) return;
        lock (sync)
        {
            if (!_hasEncoded && !_inMessage && !_ended) encoder.ReleaseContext();
            _hasEncoded = false;
        }
    }

    private bool TryBeginMessage(out Waiter? waiter)
    {
        waiter = null;
        lock (sync)
        {
            if (_ended) return false;
            if (!MessagesWait) return _inMessage = true;
            waiter = Enqueue(Turn.FragmentedMessage);
            return false;
        }
    }

    private async ValueTask<bool> WaitAndSendEncodedAsync(
        Waiter waiter, OutgoingFrame frame, MessageOptions options, bool defer, CancellationToken cancellationToken) =>
        await WaitForTurnAsync(waiter, cancellationToken).ConfigureAwait(false)
            && await EncodeAndSendAsync(frame, options, defer, cancellationToken).ConfigureAwait(false);

    // The caller is in the message. It is over when its frame is written, or has the pipe to be written: what waits for a slow transport is one message
    // that is encoded, which must be sent, and any number that are not and can be given up.
    private ValueTask<bool> EncodeAndSendAsync(in OutgoingFrame frame, MessageOptions options, bool defer, CancellationToken cancellationToken)
    {
        if (!TryBeginEncoding()) return new(false);
        OutgoingFrame sent;
        PayloadBuffer? encoded = null;
        try
        {
            sent = Encode(frame, options, ref encoded);
        }
        catch (Exception exception)
        {
            FailEncoding(exception);
            return ValueTask.FromException<bool>(exception);
        }

        Outcome outcome;
        Task<bool>? joined;
        Waiter? waiter;
        lock (sync)
        {
            _isEncoding = false;
            if (_ended) ReleaseEncoder();
            outcome = Write(Turn.Frame, sent, defer, out joined, out waiter);
            if (outcome != Outcome.Queued) EndMessageInLock();
        }
        var sending = FinishFrameAsync(outcome, joined, waiter, sent, endsMessage: true, cancellationToken);
        return encoded is null ? sending : ReleaseWhenSent(sending, encoded);
    }

    private OutgoingFrame Encode(in OutgoingFrame frame, MessageOptions options, ref PayloadBuffer? encoded)
    {
        if (frame.IsPrepared)
        {
            // The peer will remember what was encoded, and the encoder does not know it.
            if (frame.IsEncoded) encoder!.ForgetContext();
            return frame;
        }
        if (!encoder!.Begin((MessageKind)frame.Opcode, frame.Length, options, out var bits)) return frame;
        encoded = Encode(frame.Payload, EncodingEnd.Message);
        if (encoded.Length < frame.Length || !encoder.TryForget()) return new OutgoingFrame(frame.Opcode, fin: true, encoded.Written, bits);
        Release(encoded);
        encoded = null;
        return frame;
    }

    private PayloadBuffer Encode(in ReadOnlySequence<byte> payload, EncodingEnd end)
    {
        var encoded = Interlocked.Exchange(ref _encoded, null) ?? new PayloadBuffer(pool);
        try
        {
            PayloadEncoder.Encode(encoder!, payload, end, encoded);
        }
        catch (Exception)
        {
            encoded.Release();
            throw;
        }
        return encoded;
    }

    // While somebody encodes, nobody else touches the encoder, whatever ends.
    private bool TryBeginEncoding()
    {
        lock (sync)
        {
            if (_ended) return false;
            _hasEncoded = true;
            return _isEncoding = true;
        }
    }

    private void EndEncoding()
    {
        lock (sync)
        {
            _isEncoding = false;
            if (_ended) ReleaseEncoder();
        }
    }

    // The connection ends first, so that nobody else is given the turn and a broken encoder.
    private void FailEncoding(Exception exception)
    {
        owner.OnEncodingFailed(exception);
        EndEncoding();
    }

    // Under the lock, when no message may be sent any more.
    private void ReleaseEncoder()
    {
        if (!_isEncoding) encoder?.Dispose();
    }

    private ValueTask<bool> ReleaseWhenSent(ValueTask<bool> sending, PayloadBuffer encoded)
    {
        if (!sending.IsCompletedSuccessfully) return AwaitAndReleaseAsync(sending, encoded);
        Release(encoded);
        return sending;
    }

    private async ValueTask<bool> AwaitAndReleaseAsync(ValueTask<bool> sending, PayloadBuffer encoded)
    {
        try
        {
            return await sending.ConfigureAwait(false);
        }
        finally
        {
            Release(encoded);
        }
    }

    // The object stays for the next message, its memory does not.
    private void Release(PayloadBuffer encoded)
    {
        encoded.Release();
        Volatile.Write(ref _encoded, encoded);
    }
}
