using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using WebSocketCore.Connections;
using WebSocketCore.Handshake;

namespace WebSocketCore;

/// <summary>
/// A client's opening handshake that waits for the server's answer (RFC 6455, section 4.2): look at the <see cref="Request"/>, then accept it, refuse it,
/// or answer a plain HTTP request. Disposing one that was not answered refuses it.
/// </summary>
/// <remarks>Use it from one thread at a time. It owns the transport until it is accepted.</remarks>
public sealed class OpeningHandshake : IAsyncDisposable
{
    private readonly IDuplexPipe _pipe;
    private readonly WebSocketServerOptions _options;
    private bool _answered;

    private OpeningHandshake(IDuplexPipe pipe, WebSocketServerOptions options, HandshakeRequest? request, HandshakeError error)
    {
        _pipe = pipe;
        _options = options;
        Request = request;
        Error = error;
    }

    /// <summary>The request; null when it could not be read.</summary>
    public HandshakeRequest? Request { get; }

    /// <summary>
    /// The rule that the request breaks, or <see cref="HandshakeError.None"/>. <see cref="HandshakeError.NotAnUpgrade"/>: a sound HTTP GET that asks
    /// for something else, which <see cref="RespondAsync"/> can answer.
    /// </summary>
    public HandshakeError Error { get; }

    /// <summary>The connection that came of it; null unless the request was accepted. Whoever accepted it disposes of it.</summary>
    public WebSocketConnection? Connection { get; private set; }

    /// <summary>Whether the request can be accepted.</summary>
    public bool IsValid => Error == HandshakeError.None;

    /// <summary>Reads a request and checks it in full, within the handshake timeout and the caps of the options. Does not answer it.</summary>
    /// <param name="pipe">The transport. It is owned from here on, and completed also when this throws.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up the transport.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<OpeningHandshake> ReadAsync(
        IDuplexPipe pipe, WebSocketServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        options ??= WebSocketServerOptions.Default;
        using var parser = new HttpHeadParser(WebSocketRole.Server, options.BufferPool, options.MaxHandshakeBytes, options.MaxHandshakeHeaders);
        HandshakeRequest? request = null;
        HandshakeError error;
        try
        {
            var reading = HandshakeTransport.ReadHeadAsync(pipe.Input, parser, cancellationToken);
            using var deadline = reading.IsCompleted ? null : HandshakeTransport.StartReadDeadline(pipe.Input, options);
            error = await reading.ConfigureAwait(false);
            if (error == HandshakeError.None)
            {
                request = parser.ToRequest();
                error = ServerHandshake.Check(request, options.Origins);
            }
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            await HandshakeTransport.AbortAsync(pipe, exception).ConfigureAwait(false);
            throw;
        }
        catch (Exception)
        {
            error = HandshakeError.TruncatedHead;
        }
        return new OpeningHandshake(pipe, options, request, error);
    }

    /// <inheritdoc cref="ReadAsync(IDuplexPipe, WebSocketServerOptions?, CancellationToken)"/>
    /// <param name="stream">The transport. It is owned from here on, and disposed also when this throws.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up the transport.</param>
    public static ValueTask<OpeningHandshake> ReadAsync(
        Stream stream, WebSocketServerOptions? options = null, CancellationToken cancellationToken = default) =>
        ReadAsync(new StreamDuplexPipe(stream, options?.BufferPool ?? ArrayPool<byte>.Shared), options, cancellationToken);

    /// <summary>Accepts the request, and with that hands the transport to the connection. A request that breaks a rule is refused.</summary>
    /// <param name="subprotocol">One that the client offered; null for the first of the options' <see cref="WebSocketConnectionOptions.Subprotocols"/>
    /// that the client offered, if any.</param>
    /// <param name="headers">Further headers of the response, such as Set-Cookie.</param>
    /// <param name="cancellationToken">Gives up the transport.</param>
    /// <exception cref="WebSocketHandshakeException">The request breaks a rule and was refused, or the transport failed.</exception>
    /// <exception cref="ArgumentException">The client did not offer the subprotocol, or a header may not be set or is malformed. Nothing was answered.</exception>
    /// <exception cref="InvalidOperationException">The request has been answered.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<WebSocketConnection> AcceptAsync(
        string? subprotocol = null, IEnumerable<KeyValuePair<string, string>>? headers = null, CancellationToken cancellationToken = default)
    {
        ThrowIfAnswered();
        if (!IsValid)
        {
            await RefuseAsync(cancellationToken).ConfigureAwait(false);
            throw new WebSocketHandshakeException(Error, Error.StatusCode(), Request?.Headers);
        }

        subprotocol ??= ServerHandshake.SelectSubprotocol(Request!, _options.Subprotocols);
        var extensions = ServerHandshake.SelectExtensions(Request!, _options.Extensions);
        try
        {
            ServerHandshake.WriteAccept(_pipe.Output, Request!, subprotocol, headers, extensions);
        }
        catch (Exception exception) when (exception is not ArgumentException)
        {
            // The pool has given no memory. There may be half an answer, behind which there is no other.
            _answered = true;
            await HandshakeTransport.AbortAsync(_pipe, exception).ConfigureAwait(false);
            throw;
        }
        _answered = true;
        try
        {
            await HandshakeTransport.FlushAsync(_pipe.Output, _options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await HandshakeTransport.AbortAsync(_pipe, exception).ConfigureAwait(false);
            if (cancellationToken.IsCancellationRequested) throw;
            throw new WebSocketHandshakeException(
                exception is TimeoutException ? HandshakeError.TimedOut : HandshakeError.TruncatedHead, headers: Request!.Headers, innerException: exception);
        }
        return Connection = new WebSocketConnection(_pipe, WebSocketRole.Server, _options, subprotocol, extensions) { Request = Request };
    }

    /// <summary>Refuses the request with the status and text of its <see cref="Error"/>, 403 where it has none, and ends the transport.</summary>
    /// <param name="cancellationToken">Gives up the transport.</param>
    /// <exception cref="InvalidOperationException">The request has been answered.</exception>
    public ValueTask RefuseAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfAnswered();
        ServerHandshake.WriteRefusal(_pipe.Output, IsValid ? HandshakeError.RefusedByApplication : Error);
        return EndAsync(cancellationToken);
    }

    /// <summary>Refuses the request with a status of the application's choice, and ends the transport.</summary>
    /// <param name="status">The HTTP status, from 300 to 599.</param>
    /// <param name="text">The body: what was wrong.</param>
    /// <param name="headers">Further headers, such as WWW-Authenticate or Retry-After.</param>
    /// <param name="cancellationToken">Gives up the transport.</param>
    /// <exception cref="ArgumentException">The status is out of range, or a header may not be set or is malformed. Nothing was answered.</exception>
    /// <exception cref="InvalidOperationException">The request has been answered.</exception>
    public ValueTask RefuseAsync(
        int status, string text = "", IEnumerable<KeyValuePair<string, string>>? headers = null, CancellationToken cancellationToken = default)
    {
        ThrowIfAnswered();
        ServerHandshake.WriteRefusal(_pipe.Output, status, text, headers);
        return EndAsync(cancellationToken);
    }

    /// <summary>Answers a plain HTTP request, and ends the transport.</summary>
    /// <param name="status">The HTTP status, from 200 to 599.</param>
    /// <param name="contentType">The type of the body, such as <c>text/html; charset=utf-8</c>.</param>
    /// <param name="body">The body.</param>
    /// <param name="headers">Further headers.</param>
    /// <param name="cancellationToken">Gives up the transport.</param>
    /// <exception cref="ArgumentException">The status is out of range, or a header may not be set or is malformed. Nothing was answered.</exception>
    /// <exception cref="InvalidOperationException">The request has been answered.</exception>
    public ValueTask RespondAsync(
        int status, string contentType, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>>? headers = null,
        CancellationToken cancellationToken = default)
    {
        ThrowIfAnswered();
        ServerHandshake.WriteResponse(_pipe.Output, status, contentType, body.Span, headers);
        return EndAsync(cancellationToken);
    }

    /// <summary>Refuses the request if it has not been answered. Does not throw.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_answered) return;
        try
        {
            await RefuseAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // There is no memory to answer in.
            await HandshakeTransport.AbortAsync(_pipe, exception).ConfigureAwait(false);
        }
    }

    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        _answered = true;
        try
        {
            await HandshakeTransport.FlushAsync(_pipe.Output, _options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The client is gone, or does not read: nothing more is owed to it.
            await HandshakeTransport.AbortAsync(_pipe, exception).ConfigureAwait(false);
            return;
        }
        await HandshakeTransport.EndAsync(_pipe, _options).ConfigureAwait(false);
    }

    private void ThrowIfAnswered()
    {
        if (_answered) throw new InvalidOperationException("The request has been answered.");
    }
}
