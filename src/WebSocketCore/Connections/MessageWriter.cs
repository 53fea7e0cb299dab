using WebSocketCore.Frames;

namespace WebSocketCore;

/// <summary>
/// A message that is sent in fragments while it comes into being (RFC 6455, section 5.4). Complete it: a message cannot be taken back, so disposing
/// an incomplete one closes the connection with <see cref="CloseCode.InternalServerError"/>, lest the peer take a part for the whole.
/// </summary>
/// <remarks>Use it from one thread at a time. Other threads may send on the connection; their messages wait until this one is complete.</remarks>
public sealed class MessageWriter : IAsyncDisposable
{
    private readonly WebSocketConnection _connection;
    private Utf8Validator _utf8;
    private Opcode _opcode;
    private bool _completed;

    internal MessageWriter(WebSocketConnection connection, MessageKind kind)
    {
        _connection = connection;
        _opcode = (Opcode)kind;
        Kind = kind;
    }

    /// <summary>Text or binary.</summary>
    public MessageKind Kind { get; }

    /// <summary>Sends a fragment. Text may be cut anywhere, also within a character.</summary>
    /// <param name="payload">The fragment; empty ones are not sent. The memory is yours again when the task has completed, cancelled or not.</param>
    /// <param name="cancellationToken">Stops waiting. The fragment is sent all the same: do not write it again.</param>
    /// <exception cref="ArgumentException">The text is not valid UTF-8. The fragment was not sent, and the message cannot be completed.</exception>
    /// <exception cref="InvalidOperationException">The message is complete.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default)
    {
        if (_completed) throw new InvalidOperationException("The message is complete.");
        if (Kind == MessageKind.Text && !_utf8.Append(payload.Span))
            throw new ArgumentException("A text message must be valid UTF-8. The fragment was not sent.", nameof(payload));
        return payload.IsEmpty ? default : SendAsync(fin: false, payload, cancellationToken);
    }

    /// <summary>Ends the message with an empty last fragment. A second call does nothing.</summary>
    /// <param name="cancellationToken">Stops waiting. The message is completed all the same.</param>
    /// <exception cref="InvalidOperationException">The text ends within a character, or a fragment was not valid UTF-8.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or has ended.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask CompleteAsync(CancellationToken cancellationToken = default)
    {
        if (_completed) return default;
        if (Kind == MessageKind.Text && !_utf8.IsComplete)
            throw new InvalidOperationException("A text message must be valid UTF-8, and this one ends within a character or holds a wrong byte.");
        _completed = true;
        var sent = SendAsync(fin: true, ReadOnlyMemory<byte>.Empty, cancellationToken);
        _connection.EndFragments();
        return sent;
    }

    /// <summary>Does nothing to a complete message; closes the connection if the message is not complete. Does not wait for that.</summary>
    public ValueTask DisposeAsync()
    {
        if (_completed) return default;
        _completed = true;
        _connection.StartClose(CloseCode.InternalServerError, "a message was abandoned");
        return default;
    }

    private ValueTask SendAsync(bool fin, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var opcode = _opcode;
        _opcode = Opcode.Continuation;
        return _connection.SendFragmentAsync(opcode, fin, payload, cancellationToken);
    }
}
