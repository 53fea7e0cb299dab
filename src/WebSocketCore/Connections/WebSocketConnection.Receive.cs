using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using WebSocketCore.Connections;
using WebSocketCore.Protocol;

namespace WebSocketCore;

// What the application receives. WebSocketConnection.Reading.cs has the reading itself.
public sealed partial class WebSocketConnection
{
    private MessageReader? _messageReader;
    private bool _payloadIsOut;

    /// <summary>Receives the next message, whole.</summary>
    /// <param name="cancellationToken">Stops waiting. Nothing is lost: the next receive goes on where this one stopped.</param>
    /// <returns>The message, whose payload is valid until the next receive or until the connection is disposed; null when the connection has ended
    /// or the peer has closed it: see <see cref="Closure"/>.</returns>
    /// <exception cref="WebSocketProtocolException">The peer broke the protocol. It was told, and the connection has failed.</exception>
    /// <exception cref="InvalidOperationException">Another receive is under way, or a <see cref="MessageReader"/> has not reached its end.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<WebSocketMessage?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        var next = NextMessageAsync(cancellationToken);
        if (!next.IsCompletedSuccessfully) return AwaitMessageAsync(next);
        return new(next.Result ? Message : null);
    }

    /// <summary>Receives messages until the connection ends. The payload of each is valid until the next iteration.</summary>
    /// <param name="cancellationToken">Ends the loop by <see cref="OperationCanceledException"/>. Nothing is lost, and the connection stays open.</param>
    /// <exception cref="WebSocketProtocolException">The peer broke the protocol. It was told, and the connection has failed.</exception>
    /// <exception cref="InvalidOperationException">Another receive is under way, or a <see cref="MessageReader"/> has not reached its end.</exception>
    public IAsyncEnumerable<WebSocketMessage> ReadAllAsync(CancellationToken cancellationToken = default) =>
        new MessageEnumerable(this, cancellationToken);

    /// <summary>
    /// Waits for the next message and receives it in parts, as they arrive: for messages larger than memory.
    /// <see cref="WebSocketConnectionOptions.MaxMessageSize"/> and <see cref="WebSocketConnectionOptions.MaxFragments"/> do not apply.
    /// Read it to its end before the next receive, or dispose the reader to skip what is left.
    /// </summary>
    /// <param name="cancellationToken">Stops waiting. Nothing is lost.</param>
    /// <returns>The reader, or null when the connection has ended or the peer has closed it: see <see cref="Closure"/>.</returns>
    /// <exception cref="WebSocketProtocolException">The peer broke the protocol. It was told, and the connection has failed.</exception>
    /// <exception cref="InvalidOperationException">Another receive is under way, or a <see cref="MessageReader"/> has not reached its end.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<MessageReader?> ReceiveStreamingAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfReaderIsUnfinished();

        return await NextAsync(ReceiveMode.Parts, cancellationToken).ConfigureAwait(false) ? _messageReader : null;
    }

    /// <summary>The message that the last receive has given.</summary>
    internal WebSocketMessage Message => new(_receiver.Kind, _receiver.Payload);

    /// <summary>Receives the next message, as <see cref="Message"/>. False when the connection has ended.</summary>
    internal ValueTask<bool> NextMessageAsync(CancellationToken cancellationToken)
    {
        ThrowIfReaderIsUnfinished();
        return NextAsync(ReceiveMode.Messages, cancellationToken);
    }

    /// <summary>Receives the next part of a streamed message.</summary>
    /// <exception cref="WebSocketClosedException">The connection has ended before the message has.</exception>
    internal async ValueTask<(ReadOnlySequence<byte> Part, bool IsLast)> NextPartAsync(CancellationToken cancellationToken)
    {
        if (!await NextAsync(ReceiveMode.Parts, cancellationToken).ConfigureAwait(false)) throw ClosedException();
        return (_receiver.Payload, !_receiver.IsInMessage);
    }

    internal void EndMessageReader(bool skip)
    {
        _messageReader = null;
        if (skip) _receiver.SkipMessage();

        // A close that waits was held up by the reader: what comes now may be dropped.
        lock (_sync)
        {
            if (_closeWaiters == 0) return;
        }
        EnsureReading();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<WebSocketMessage?> AwaitMessageAsync(ValueTask<bool> next) => await next.ConfigureAwait(false) ? Message : null;

    /// <summary>Reads as the foreground reader until there is what the mode asks for; false when the connection has ended.</summary>
    private ValueTask<bool> NextAsync(ReceiveMode mode, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<bool>(cancellationToken);
        return TryBeginForeground() ? ReadAsync(mode, cancellationToken) : BeginAndReadAsync(mode, cancellationToken);
    }

    private async ValueTask<bool> BeginAndReadAsync(ReceiveMode mode, CancellationToken cancellationToken)
    {
        while (!TryBeginForeground(out var background))
        {
            if (background is null)
            {
                _payloadIsOut = false;
                ReturnMemory();
                return EndOfReceiving();
            }
            await background.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
            {
                GiveUpForeground();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        return await ReadAsync(mode, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As the foreground reader, which ends with it. What is buffered is taken without waiting.</summary>
    private ValueTask<bool> ReadAsync(ReceiveMode mode, CancellationToken cancellationToken)
    {
        var waits = false;
        try
        {
            if (_payloadIsOut) _receiver.ClearPayload();
            _payloadIsOut = false;

            // A receive that was cancelled in mid-message has left the message's beginning.
            if (mode == ReceiveMode.Parts && _messageReader is null && _receiver.IsInMessage) return new(BeginMessageReader());
            if (TryTake(mode)) return new(true);
            if (_receivingEnded) return new(EndOfReceiving());
            waits = true;
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<bool>(exception);
        }
        finally
        {
            if (!waits) EndReading(Reader.Foreground);
        }
        return WaitAndReadAsync(mode, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitAndReadAsync(ReceiveMode mode, CancellationToken cancellationToken)
    {
        try
        {
            do
            {
                if (!BeginRead()) break;
                try
                {
                    if (_pipe.Input is DirectPipeReader input && _receiver.TryGetDestination(mode, out var destination))
                        EndRead(await input.ReceiveAsync(destination, cancellationToken).ConfigureAwait(false));
                    else
                        EndRead(await _pipe.Input.ReadAsync(cancellationToken).ConfigureAwait(false));
                }
                catch (Exception exception) when (!(exception is OperationCanceledException && cancellationToken.IsCancellationRequested))
                {
                    OnTransportEnded(exception);
                }
                if (TryTake(mode)) return true;
            }
            while (!_receivingEnded);
            return EndOfReceiving();
        }
        finally
        {
            EndReading(Reader.Foreground);
        }
    }

    /// <summary>Takes what is buffered; false when that does not hold what the mode asks for.</summary>
    private bool TryTake(ReceiveMode mode)
    {
        if (_receivingEnded) return false;
        switch (TakeInput(mode))
        {
            case ReceiveEvent.MessageStart:
                return BeginMessageReader();

            case ReceiveEvent.MessagePart or ReceiveEvent.Message:
                return _payloadIsOut = true;

            default:
                return false;
        }
    }

    // While the caller still has the reading, so that nothing drops what belongs to the reader.
    private bool BeginMessageReader()
    {
        _messageReader = new MessageReader(this, _receiver.Kind);
        return true;
    }

    private bool EndOfReceiving()
    {
        if (_error != ProtocolError.None) throw new WebSocketProtocolException(_error, Describe(_error));
        return false;
    }

    private void ThrowIfReaderIsUnfinished()
    {
        if (_messageReader is not null) ThrowUnfinishedReader();
    }

    [DoesNotReturn]
    private static void ThrowUnfinishedReader() =>
        throw new InvalidOperationException("The message that is being received in parts must be read to its end, or its reader disposed, before the next receive.");
}
