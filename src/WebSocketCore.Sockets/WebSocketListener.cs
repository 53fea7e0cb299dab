using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace WebSocketCore;

/// <summary>Accepts WebSocket connections over TCP or TLS and runs a handler for each.</summary>
/// <remarks>Safe for use from any thread.</remarks>
public sealed class WebSocketListener : IAsyncDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly Func<WebSocketConnection, CancellationToken, Task> _handler;
    private readonly WebSocketListenerOptions _options;
    private readonly SemaphoreSlim _places;
    private readonly ConcurrentDictionary<WebSocketConnection, bool> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _hurrying = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly Lock _sync = new();
    private readonly Task _accepting;
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _serving = 1; // The accept loop itself.
    private Task? _stop;

    private WebSocketListener(Socket socket, Func<WebSocketConnection, CancellationToken, Task> handler, WebSocketListenerOptions options)
    {
        _socket = socket;
        _handler = handler;
        _options = options;
        _places = new SemaphoreSlim(options.MaxConnections);
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens; with the real port where 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>How many connections are open.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Begins to listen.</summary>
    /// <param name="endPoint">The address and port; port 0 for any free one. <see cref="IPAddress.IPv6Any"/> takes IPv4 too.</param>
    /// <param name="handler">Runs for each connection, which is closed and disposed when the handler ends: with <see cref="CloseCode.NormalClosure"/>,
    /// or <see cref="CloseCode.InternalServerError"/> if it throws. Its token is cancelled when a graceful stop has run out of time.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="SocketException">The address is in use or cannot be bound.</exception>
    public static WebSocketListener Start(
        IPEndPoint endPoint, Func<WebSocketConnection, CancellationToken, Task> handler, WebSocketListenerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(handler);
        options ??= WebSocketListenerOptions.Default;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(options.Backlog);
            return new WebSocketListener(socket, handler, options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Stops gracefully: accepts no more, gives up handshakes, closes every connection with <see cref="CloseCode.GoingAway"/>, and waits for the
    /// handlers. What has not ended within <see cref="WebSocketListenerOptions.StopTimeout"/> is aborted, and its handler's token cancelled.
    /// </summary>
    /// <remarks>Calling it again waits for the same stop. A handler that ignores its token is waited for once more for as long, and then left alone.</remarks>
    /// <param name="cancellationToken">Aborts at once what has not ended.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        Task stop;
        lock (_sync) stop = _stop ??= StopOnceAsync();
        using (cancellationToken.UnsafeRegister(static hurrying => ((CancellationTokenSource)hurrying!).Cancel(), _hurrying))
            await stop.ConfigureAwait(false);
    }

    /// <summary>Stops as <see cref="StopAsync"/> does.</summary>
    // The cancellation sources and the semaphore hold nothing to dispose of, and handlers that outlive the stop still use them.
    public ValueTask DisposeAsync() => new(StopAsync());

    private async Task StopOnceAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _accepting.ConfigureAwait(false);
        foreach (var (connection, _) in _connections) connection.StartClose(CloseCode.GoingAway, "the server is shutting down");
        if (await AllServedAsync(_hurrying.Token).ConfigureAwait(false)) return;

        foreach (var (connection, _) in _connections) connection.Abort();
        await _aborting.CancelAsync().ConfigureAwait(false);
        await AllServedAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private async Task<bool> AllServedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _served.Task.WaitAsync(_options.StopTimeout, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task AcceptAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                await _places.WaitAsync(_stopping.Token).ConfigureAwait(false);
                try
                {
                    var socket = await _socket.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                    Interlocked.Increment(ref _serving);
                    _ = ServeAsync(socket);
                }
                catch (SocketException) when (!_stopping.IsCancellationRequested)
                {
                    // The client has gone again, or the process is out of file descriptors: the latter needs time.
                    _places.Release();
                    await Task.Delay(AcceptPause, _options.TimeProvider, _stopping.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopping.
        }
        finally
        {
            EndServing();
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var handshake = await ReadHandshakeAsync(socket).ConfigureAwait(false);
            if (await AnswerAsync(handshake).ConfigureAwait(false) is { } connection) await HandleAsync(connection).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            // The client went, or failed the TLS handshake, or took too long for it; or the listener stops.
        }
        catch (Exception exception)
        {
            Report(exception);
        }
        finally
        {
            _places.Release();
            EndServing();
        }
    }

    private async ValueTask<OpeningHandshake> ReadHandshakeAsync(Socket socket)
    {
        Stream? secured = null;
        SocketDuplexPipe? plain = null;
        try
        {
            if (_options.Tls is { } tls) secured = await SecureAsync(socket, tls).ConfigureAwait(false);
            else plain = new SocketDuplexPipe(socket, _options.BufferPool);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        return secured is not null
            ? await OpeningHandshake.ReadAsync(secured, _options, _stopping.Token).ConfigureAwait(false)
            : await OpeningHandshake.ReadAsync(plain!, _options, _stopping.Token).ConfigureAwait(false);
    }

    private async ValueTask<SslStream> SecureAsync(Socket socket, SslServerAuthenticationOptions tls)
    {
        socket.NoDelay = true;
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            using var deadline = new CancellationTokenSource(_options.HandshakeTimeout, _options.TimeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stopping.Token);
            await stream.AuthenticateAsServerAsync(tls, either.Token).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<WebSocketConnection?> AnswerAsync(OpeningHandshake handshake)
    {
        await using (handshake.ConfigureAwait(false))
        {
            try
            {
                if (_options.OnHandshake is { } onHandshake) return await onHandshake(handshake, _stopping.Token).ConfigureAwait(false);
                return handshake.IsValid ? await handshake.AcceptAsync(cancellationToken: _stopping.Token).ConfigureAwait(false) : null;
            }
            catch (WebSocketHandshakeException)
            {
                // The client went, or broke a rule of the handshake. It was told as far as it could be.
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // Stopping.
            }
            catch (Exception exception)
            {
                Report(exception);
                await GiveUpAsync(handshake).ConfigureAwait(false);
            }
            return null;
        }
    }

    private static async ValueTask GiveUpAsync(OpeningHandshake handshake)
    {
        if (handshake.Connection is { } connection)
        {
            connection.StartClose(CloseCode.InternalServerError);
            await connection.DisposeAsync().ConfigureAwait(false);
            return;
        }
        try
        {
            await handshake.RefuseAsync(500, "the server failed to answer").ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            // It was answered before the failure.
        }
    }

    private async Task HandleAsync(WebSocketConnection connection)
    {
        _connections[connection] = true;
        try
        {
            // A stop that began meanwhile may have missed it.
            if (_stopping.IsCancellationRequested) connection.StartClose(CloseCode.GoingAway, "the server is shutting down");
            await _handler(connection, _aborting.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is WebSocketClosedException or WebSocketProtocolException)
        {
            // How a connection ended is no error of the handler.
        }
        catch (OperationCanceledException) when (_aborting.IsCancellationRequested)
        {
            // Stopping.
        }
        catch (Exception exception)
        {
            connection.StartClose(CloseCode.InternalServerError);
            Report(exception);
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            _connections.TryRemove(connection, out _);
        }
    }

    private void Report(Exception exception)
    {
        try
        {
            _options.OnError?.Invoke(exception);
        }
        catch (Exception)
        {
            // Who is told of errors has nobody to tell.
        }
    }

    private void EndServing()
    {
        if (Interlocked.Decrement(ref _serving) == 0) _served.TrySetResult();
    }
}
