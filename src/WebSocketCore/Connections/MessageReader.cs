using System.Buffers;

namespace WebSocketCore;

/// <summary>A message that is received in parts, as they arrive (RFC 6455, section 5.4). The parts say nothing of how the sender cut it into frames.</summary>
/// <remarks>Use it from one thread at a time, as the connection's other receives.</remarks>
public sealed class MessageReader : IDisposable
{
    private readonly WebSocketConnection _connection;
    private bool _ended;

    internal MessageReader(WebSocketConnection connection, MessageKind kind)
    {
        _connection = connection;
        Kind = kind;
    }

    /// <summary>Text or binary. The bytes of text have been checked as far as they have arrived; a part may end within a character.</summary>
    public MessageKind Kind { get; }

    /// <summary>Receives the next part.</summary>
    /// <param name="cancellationToken">Stops waiting. Nothing is lost: the next read goes on where this one stopped.</param>
    /// <returns>The part, valid until the next read or receive; null at the end of the message.</returns>
    /// <exception cref="WebSocketProtocolException">The peer broke the protocol. It was told, and the connection has failed.</exception>
    /// <exception cref="WebSocketClosedException">The connection ended before the message did.</exception>
    /// <exception cref="InvalidOperationException">Another receive is under way.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<ReadOnlySequence<byte>?> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_ended) return null;
        var (part, isLast) = await _connection.NextPartAsync(cancellationToken).ConfigureAwait(false);
        if (isLast) End(skip: false);
        return isLast && part.IsEmpty ? null : part;
    }

    /// <summary>Copies what is left of the message to a stream.</summary>
    /// <param name="destination">Gets the bytes as they arrive.</param>
    /// <param name="cancellationToken">Stops between two parts, or a write to the stream.</param>
    /// <inheritdoc cref="ReadAsync"/>
    /// <returns>Completes at the end of the message.</returns>
    public async ValueTask CopyToAsync(Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } part)
        {
            foreach (var segment in part) await destination.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Skips what is left of the message: the next receive drops it as it arrives. Does nothing at the end of the message.</summary>
    public void Dispose()
    {
        if (!_ended) End(skip: true);
    }

    private void End(bool skip)
    {
        _ended = true;
        _connection.EndMessageReader(skip);
    }
}
