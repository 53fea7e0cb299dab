using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Handshake;

namespace WebSocketCore.Connections;

/// <summary>The client's side of the opening handshake over a transport (RFC 6455, section 4.1).</summary>
internal static class ClientOpeningHandshake
{
    /// <summary>How much of the body of a refusal is kept for the exception.</summary>
    private const int MaxRefusalBody = 4096;

    private const int MaxInterimResponses = 8;

    public static async ValueTask<WebSocketConnection> ConnectAsync(
        IDuplexPipe pipe, Uri uri, WebSocketClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var handshake = new ClientHandshake(uri, options.Subprotocols, options.Origin, options.Headers, options.Extensions);
            handshake.WriteRequest(pipe.Output);
            await pipe.Output.FlushAsync(either.Token).ConfigureAwait(false);

            var response = await ReadResponseAsync(pipe.Input, options, either.Token).ConfigureAwait(false);
            var error = handshake.Check(response, out var subprotocol, out var extensions);
            if (error == HandshakeError.None)
                return new WebSocketConnection(pipe, WebSocketRole.Client, options, subprotocol, extensions) { Response = response };

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

    private static async ValueTask<HandshakeResponse> ReadResponseAsync(PipeReader input, WebSocketClientOptions options, CancellationToken cancellationToken)
    {
        for (var interim = 0; ; interim++)
        {
            using var parser = new HttpHeadParser(WebSocketRole.Client, options.BufferPool, options.MaxHandshakeBytes, options.MaxHandshakeHeaders);
            var error = await HandshakeTransport.ReadHeadAsync(input, parser, cancellationToken).ConfigureAwait(false);
            if (error != HandshakeError.None) throw new WebSocketHandshakeException(error);

            // RFC 9110 15.2: a client MUST be able to parse one or more 1xx responses in front of the final one.
            var response = parser.ToResponse();
            if (response.StatusCode is not (>= 100 and < 200 and not 101) || interim == MaxInterimResponses) return response;
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
