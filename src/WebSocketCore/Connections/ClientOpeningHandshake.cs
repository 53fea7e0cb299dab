using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Handshake;

namespace WebSocketCore.Connections;

/// <summary>The client's side of the opening handshake over a transport (RFC 6455, section 4.1).</summary>
internal static class ClientOpeningHandshake
{
    /// <summary>How much of the body of a refusal is kept for the exception.</summary>
    private const int MaxRefusalBody = 4096;

    public static async ValueTask<WebSocketConnection> ConnectAsync(
        IDuplexPipe pipe, Uri uri, WebSocketClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var handshake = new ClientHandshake(uri, options.Subprotocols, options.Origin, options.Headers);
            handshake.WriteRequest(pipe.Output);
            await pipe.Output.FlushAsync(either.Token).ConfigureAwait(false);

            using var parser = new HttpHeadParser(WebSocketRole.Client, options.BufferPool, options.MaxHandshakeBytes, options.MaxHandshakeHeaders);
            var error = await HandshakeTransport.ReadHeadAsync(pipe.Input, parser, either.Token).ConfigureAwait(false);
            if (error != HandshakeError.None) throw new WebSocketHandshakeException(error);

            var response = parser.ToResponse();
            error = handshake.Check(response, out var subprotocol);
            if (error == HandshakeError.None) return new WebSocketConnection(pipe, WebSocketRole.Client, options, subprotocol) { Response = response };

            var body = error == HandshakeError.UnexpectedStatus ? await ReadBodyAsync(pipe.Input, response, either.Token).ConfigureAwait(false) : [];
            throw new WebSocketHandshakeException(error, response.StatusCode, response.Headers, body);
        }
        catch (Exception exception)
        {
            await HandshakeTransport.AbortAsync(pipe, exception).ConfigureAwait(false);
            if (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new WebSocketHandshakeException(HandshakeError.TimedOut, innerException: exception);
            if (exception is IOException) throw new WebSocketHandshakeException(HandshakeError.TruncatedHead, innerException: exception);
            throw;
        }
    }

    /// <summary>The first bytes of a refusal's body: up to its end, the cap, or the deadline, whichever comes first.</summary>
    private static async ValueTask<byte[]> ReadBodyAsync(PipeReader input, HandshakeResponse response, CancellationToken cancellationToken)
    {
        var isComplete = RefusalBody.TryRead(response, [], MaxRefusalBody, out var body);
        try
        {
            while (!isComplete)
            {
                var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
                isComplete = RefusalBody.TryRead(response, result.Buffer.ToArray(), MaxRefusalBody, out body) || result.IsCompleted;
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The server cut the connection, or lets us wait: what has come is all there is.
        }
        return body;
    }
}
