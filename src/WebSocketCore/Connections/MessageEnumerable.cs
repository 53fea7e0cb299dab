namespace WebSocketCore.Connections;

/// <summary>The messages of a connection until it ends. Each enumeration goes on where receiving has got to.</summary>
internal sealed class MessageEnumerable(WebSocketConnection connection, CancellationToken cancellationToken) : IAsyncEnumerable<WebSocketMessage>
{
    public IAsyncEnumerator<WebSocketMessage> GetAsyncEnumerator(CancellationToken enumeratorToken = default)
    {
        if (!cancellationToken.CanBeCanceled || cancellationToken == enumeratorToken) return new Enumerator(connection, null, enumeratorToken);
        if (!enumeratorToken.CanBeCanceled) return new Enumerator(connection, null, cancellationToken);
        var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, enumeratorToken);
        return new Enumerator(connection, either, either.Token);
    }

    private sealed class Enumerator(WebSocketConnection connection, CancellationTokenSource? source, CancellationToken cancellationToken)
        : IAsyncEnumerator<WebSocketMessage>
    {
        public WebSocketMessage Current => connection.Message;

        public ValueTask<bool> MoveNextAsync() => connection.NextMessageAsync(cancellationToken);

        public ValueTask DisposeAsync()
        {
            source?.Dispose();
            return default;
        }
    }
}
