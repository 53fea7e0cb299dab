using System.Buffers;
using System.Text;
using WebSocketCore.Frames;
using WebSocketCore.Protocol;

namespace WebSocketCore;

// Sending. FrameOutput is the gate; here are the kinds of payload, and what is checked before anything is written.
public sealed partial class WebSocketConnection
{
    internal static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Sends a message in one frame. Safe from any thread; messages of several threads never mix.</summary>
    /// <param name="kind">Text or binary. Text must be valid UTF-8.</param>
    /// <param name="payload">The payload. It must not change until the task has completed; then the memory is yours again, cancelled or not.</param>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    /// <returns>Completes when the transport has taken the message, or, while received messages wait to be handled, when it was written to be sent
    /// together with the next ones, at once.</returns>
    /// <exception cref="ArgumentException">The kind is undefined, or text is not valid UTF-8. Nothing was sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask SendAsync(MessageKind kind, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(kind, payload, MessageOptions.None, cancellationToken);

    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="kind">Text or binary. Text must be valid UTF-8.</param>
    /// <param name="payload">The payload. It must not change until the task has completed; then the memory is yours again, cancelled or not.</param>
    /// <param name="options">What is wanted of the message, such as that it is not compressed.</param>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    public ValueTask SendAsync(
        MessageKind kind, ReadOnlyMemory<byte> payload, MessageOptions options, CancellationToken cancellationToken = default)
    {
        if (CheckKind(kind) == MessageKind.Text && !Utf8Validator.IsValid(payload.Span)) throw InvalidText(nameof(payload));
        return SendCheckedAsync(kind, new ReadOnlySequence<byte>(payload), options, cancellationToken);
    }

    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, CancellationToken)"/>
    public ValueTask SendAsync(MessageKind kind, in ReadOnlySequence<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(kind, payload, MessageOptions.None, cancellationToken);

    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, MessageOptions, CancellationToken)"/>
    public ValueTask SendAsync(
        MessageKind kind, in ReadOnlySequence<byte> payload, MessageOptions options, CancellationToken cancellationToken = default)
    {
        if (CheckKind(kind) == MessageKind.Text && !IsValidUtf8(payload)) throw InvalidText(nameof(payload));
        return SendCheckedAsync(kind, payload, options, cancellationToken);
    }

    /// <summary>Sends a message that was received: an echo, a relay. Its text is known to be valid and not checked again.</summary>
    /// <param name="message">The message. It must stay valid until the task has completed.</param>
    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    public ValueTask SendAsync(WebSocketMessage message, CancellationToken cancellationToken = default)
    {
        CheckKind(message.Kind, nameof(message));
        return SendCheckedAsync(message.Kind, message.Payload, MessageOptions.None, cancellationToken);
    }

    /// <summary>Sends a message that was composed in a buffer. The buffer keeps its content: it may be sent again, or to others.</summary>
    /// <param name="message">The message. It must not be changed until the task has completed.</param>
    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    public ValueTask SendAsync(MessageBuffer message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(message.Kind, message.Written, cancellationToken);
    }

    /// <summary>Sends a message that was prepared for many connections.</summary>
    /// <param name="message">The message. It may be disposed of while it is being sent.</param>
    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    /// <exception cref="ObjectDisposedException">The message was disposed of. Nothing was sent.</exception>
    public ValueTask SendAsync(PreparedMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        message.Hold();
        OnDataFrame();
        ValueTask sent;
        try
        {
            sent = ThrowUnlessSent(SendPreparedAsync(message, cancellationToken));
        }
        catch (Exception)
        {
            message.Release();
            throw;
        }
        if (!sent.IsCompletedSuccessfully) return ReleaseWhenSentAsync(sent, message);
        message.Release();
        return sent;
    }

    /// <summary>Sends a text message.</summary>
    /// <param name="text">The text; encoded before the method returns.</param>
    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    /// <exception cref="ArgumentException">The text has a surrogate without its other half. Nothing was sent.</exception>
    public ValueTask SendTextAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendTextAsync(text.AsSpan(), MessageOptions.None, cancellationToken);
    }

    /// <inheritdoc cref="SendTextAsync(string, CancellationToken)"/>
    public ValueTask SendTextAsync(ReadOnlySpan<char> text, CancellationToken cancellationToken = default) =>
        SendTextAsync(text, MessageOptions.None, cancellationToken);

    /// <inheritdoc cref="SendTextAsync(string, CancellationToken)"/>
    /// <param name="text">The text; encoded before the method returns.</param>
    /// <param name="options">What is wanted of the message, such as that it is not compressed.</param>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    public ValueTask SendTextAsync(ReadOnlySpan<char> text, MessageOptions options, CancellationToken cancellationToken = default)
    {
        var utf8 = _options.BufferPool.Rent(StrictUtf8.GetByteCount(text));
        return SendRentedAsync(utf8, StrictUtf8.GetBytes(text, utf8), options, cancellationToken);
    }

    /// <summary>Sends a text message that is UTF-8 already, such as <c>"hello"u8</c>.</summary>
    /// <param name="utf8">The text; copied before the method returns. Longer ones are better sent from memory, which needs no second copy.</param>
    /// <inheritdoc cref="SendAsync(MessageKind, ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="cancellationToken">Stops waiting for the transport. The message is sent whole or not at all, and the connection stays open.</param>
    public ValueTask SendTextAsync(ReadOnlySpan<byte> utf8, CancellationToken cancellationToken = default)
    {
        if (!Utf8Validator.IsValid(utf8)) throw InvalidText(nameof(utf8));
        var copy = _options.BufferPool.Rent(utf8.Length);
        utf8.CopyTo(copy);
        return SendRentedAsync(copy, utf8.Length, MessageOptions.None, cancellationToken);
    }

    /// <summary>
    /// Begins a message of unknown length that is sent in fragments, once no other such message is in progress. Until it is completed all other messages
    /// wait; pings, pongs and Close frames do not.
    /// </summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="cancellationToken">Stops waiting for another fragmented message to end.</param>
    /// <exception cref="ArgumentException">The kind is undefined.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<MessageWriter> StartMessageAsync(MessageKind kind, CancellationToken cancellationToken = default) =>
        StartMessageAsync(kind, MessageOptions.None, cancellationToken);

    /// <inheritdoc cref="StartMessageAsync(MessageKind, CancellationToken)"/>
    /// <param name="kind">Text or binary.</param>
    /// <param name="options">What is wanted of the message, such as that it is not compressed.</param>
    /// <param name="cancellationToken">Stops waiting for another fragmented message to end.</param>
    public async ValueTask<MessageWriter> StartMessageAsync(MessageKind kind, MessageOptions options, CancellationToken cancellationToken = default)
    {
        CheckKind(kind);
        cancellationToken.ThrowIfCancellationRequested();
        if (!await _output.BeginMessageAsync(kind, options, cancellationToken).ConfigureAwait(false)) throw ClosedException();
        return new MessageWriter(this, kind);
    }

    internal ValueTask SendFragmentAsync(Opcode opcode, bool fin, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        OnDataFrame();
        return ThrowUnlessSent(_output.SendFragmentAsync(opcode, fin, payload, cancellationToken));
    }

    internal void EndFragments() => _output.EndMessage();

    private static MessageKind CheckKind(MessageKind kind, string name = "kind") =>
        kind is MessageKind.Text or MessageKind.Binary ? kind : throw new ArgumentOutOfRangeException(name, kind, "Text or binary.");

    private static ArgumentException InvalidText(string name) => new("A text message must be valid UTF-8. Nothing was sent.", name);

    private static bool IsValidUtf8(in ReadOnlySequence<byte> text)
    {
        if (text.IsSingleSegment) return Utf8Validator.IsValid(text.FirstSpan);
        var validator = new Utf8Validator();
        foreach (var segment in text)
        {
            if (!validator.Append(segment.Span)) return false;
        }
        return validator.IsComplete;
    }

    private ValueTask<bool> SendPreparedAsync(PreparedMessage message, CancellationToken cancellationToken)
    {
        if (!_output.Encodes) return _output.SendMessageAsync(message.Plain(Role), defer: _inputWaits, cancellationToken);

        // Two extensions together have no key: the message is then encoded for this connection.
        var frame = Extensions is [{ PreparationKey: { } key } extension]
            ? message.Encoded(Role, extension, key)
            : message.Plain(WebSocketRole.Client) with { IsPrepared = false };
        return _output.SendEncodedAsync(frame, message.Options, defer: _inputWaits, cancellationToken);
    }

    private static async ValueTask ReleaseWhenSentAsync(ValueTask sent, PreparedMessage message)
    {
        try
        {
            await sent.ConfigureAwait(false);
        }
        finally
        {
            message.Release();
        }
    }

    private ValueTask SendRentedAsync(byte[] text, int length, MessageOptions options, CancellationToken cancellationToken)
    {
        var pool = _options.BufferPool;
        var sent = SendCheckedAsync(MessageKind.Text, new ReadOnlySequence<byte>(text, 0, length), options, cancellationToken);
        if (!sent.IsCompletedSuccessfully) return ReturnWhenSentAsync(sent, text, pool);
        pool.Return(text);
        return sent;
    }

    private static async ValueTask ReturnWhenSentAsync(ValueTask sent, byte[] encoded, ArrayPool<byte> pool)
    {
        try
        {
            await sent.ConfigureAwait(false);
        }
        finally
        {
            pool.Return(encoded);
        }
    }

    private ValueTask SendCheckedAsync(
        MessageKind kind, in ReadOnlySequence<byte> payload, MessageOptions options, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        OnDataFrame();
        var frame = new OutgoingFrame((Opcode)kind, fin: true, payload);
        return ThrowUnlessSent(_output.Encodes
            ? _output.SendEncodedAsync(frame, options, defer: _inputWaits, cancellationToken)
            : _output.SendMessageAsync(frame, defer: _inputWaits, cancellationToken));
    }

    private ValueTask ThrowUnlessSent(ValueTask<bool> sent)
    {
        if (!sent.IsCompletedSuccessfully) return ThrowUnlessSentAsync(sent);
        return sent.Result ? default : ValueTask.FromException(ClosedException());
    }

    private async ValueTask ThrowUnlessSentAsync(ValueTask<bool> sent)
    {
        if (!await sent.ConfigureAwait(false)) throw ClosedException();
    }

    private WebSocketClosedException ClosedException() =>
        new(Closure ?? new WebSocketClosure { Cause = ClosureCause.TransportEnded, TransportError = _transportError });
}
