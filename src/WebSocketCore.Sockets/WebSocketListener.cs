using System.Net;
using System.Net.Sockets;
using WebSocketCore.EventLoops;

namespace WebSocketCore;

/// <summary>Accepts WebSocket connections over TCP or TLS and runs a handler for each.</summary>
/// <remarks>Safe for use from any thread.</remarks>
public sealed class WebSocketListener : IAsyncDisposable
{
    private readonly Acceptor _acceptor;
    private readonly HashSet<WebSocketConnection> _connections = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _hurrying = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly Lock _sync = new();
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _serving = 1; // The acceptor.
    private Task? _stop;

    private WebSocketListener(
        Acceptor acceptor, IPEndPoint endPoint, Func<WebSocketConnection, CancellationToken, Task> handler, WebSocketListenerOptions options)
    {
        _acceptor = acceptor;
        EndPoint = endPoint;
        Handler = handler;
        Options = options;
        _acceptor.Start(transport =>
        {
            Interlocked.Increment(ref _serving);
            return new ServedConnection(this, transport);
        });
    }

    /// <summary>Where it listens; with the real port where 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>How many connections are open.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_connections) return _connections.Count;
        }
    }

    internal WebSocketListenerOptions Options { get; }

    internal Func<WebSocketConnection, CancellationToken, Task> Handler { get; }

    /// <summary>Cancelled when the listener begins to stop.</summary>
    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>Cancelled when a stop has run out of time.</summary>
    internal CancellationToken Aborting => _aborting.Token;

    /// <summary>Begins to listen.</summary>
    /// <param name="endPoint">The address and port; port 0 for any free one. <see cref="IPAddress.IPv6Any"/> takes IPv4 too.</param>
    /// <param name="handler">Runs for each connection, which is closed and disposed when the handler ends: with <see cref="CloseCode.NormalClosure"/>,
    /// or <see cref="CloseCode.InternalServerError"/> if it throws. Its token is cancelled when a graceful stop has run out of time.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="SocketException">The address is in use or cannot be bound.</exception>
    /// <exception cref="PlatformNotSupportedException">The options ask for a transport that the platform does not have.</exception>
    public static WebSocketListener Start(
        IPEndPoint endPoint, Func<WebSocketConnection, CancellationToken, Task> handler, WebSocketListenerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(handler);
        options ??= WebSocketListenerOptions.Default;
        if (options.Transport == SocketTransport.EventLoop && !OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Event loops need Linux. SocketTransport.Sockets works on every platform.");
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(options.Backlog);
            var boundTo = (IPEndPoint)socket.LocalEndPoint!;
            return new WebSocketListener(CreateAcceptor(socket, options), boundTo, handler, options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal void Add(WebSocketConnection connection)
    {
        lock (_connections) _connections.Add(connection);
    }

    internal void Remove(WebSocketConnection connection)
    {
        lock (_connections) _connections.Remove(connection);
    }

    internal static void SayGoodbye(WebSocketConnection connection) => connection.StartClose(CloseCode.GoingAway, "the server is shutting down");

    internal void Report(Exception exception)
    {
        try
        {
            Options.OnError?.Invoke(exception);
        }
        catch (Exception)
        {
            // Who is told of errors has nobody to tell.
        }
    }

    /// <summary>A connection has been served.</summary>
    internal void EndServed()
    {
        _acceptor.Release();
        EndServing();
    }

    private void EndServing()
    {
        if (Interlocked.Decrement(ref _serving) == 0) _served.TrySetResult();
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
    // The cancellation sources hold nothing to dispose of, and handlers that outlive the stop still use them.
    public ValueTask DisposeAsync() => new(StopAsync());

    private async Task StopOnceAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _acceptor.StopAsync().ConfigureAwait(false);
        EndServing();
        await EndConnectionsAsync().ConfigureAwait(false);
        _acceptor.End();
    }

    private async Task EndConnectionsAsync()
    {
        foreach (var connection in Connections()) SayGoodbye(connection);
        if (await AllServedAsync(_hurrying.Token).ConfigureAwait(false)) return;

        foreach (var connection in Connections()) connection.Abort();
        await _aborting.CancelAsync().ConfigureAwait(false);
        await AllServedAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private WebSocketConnection[] Connections()
    {
        lock (_connections) return [.. _connections];
    }

    private async Task<bool> AllServedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _served.Task.WaitAsync(Options.StopTimeout, Options.TimeProvider, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private static Acceptor CreateAcceptor(Socket socket, WebSocketListenerOptions options) =>
        options.Transport == SocketTransport.EventLoop && OperatingSystem.IsLinux() ? new EventLoopAcceptor(socket, options) : new SocketAcceptor(socket, options);
}
