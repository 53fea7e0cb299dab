using System.Net.Security;
using System.Net.Sockets;
using WebSocketCore.Handshake;

namespace WebSocketCore;

/// <summary>Opens WebSocket connections over TCP and TLS.</summary>
public static class WebSocketClient
{
    /// <summary>Connects to a ws or wss address: resolves the name, tries its addresses in turn, IPv6 and IPv4, and makes the opening handshake.</summary>
    /// <param name="uri">An absolute ws or wss URI without fragment and user information.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up. It has no effect on the connection afterwards.</param>
    /// <exception cref="ArgumentException">The URI, a subprotocol, the origin or a header cannot be used. Nothing was connected.</exception>
    /// <exception cref="SocketException">The name cannot be resolved, or no address accepts a connection.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed, or the certificate is not trusted.</exception>
    /// <exception cref="IOException">The transport failed during the TLS handshake.</exception>
    /// <exception cref="TimeoutException">The connect timeout passed.</exception>
    /// <exception cref="WebSocketHandshakeException">The server refused, or its response breaks a rule. Redirects are not followed: the exception has
    /// the status and the headers.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<WebSocketConnection> ConnectAsync(
        Uri uri, WebSocketConnectOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uri);
        options ??= WebSocketConnectOptions.Default;
        // What cannot be asked for is refused before anything is connected.
        _ = new ClientHandshake(uri, options.Subprotocols, options.Origin, options.Headers);

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? secured = null;
        SocketDuplexPipe? plain = null;
        try
        {
            using var deadline = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            try
            {
                await socket.ConnectAsync(uri.IdnHost, uri.Port, either.Token).ConfigureAwait(false);
                if (uri.Scheme == "wss") secured = await SecureAsync(socket, uri.IdnHost, options, either.Token).ConfigureAwait(false);
                else plain = new SocketDuplexPipe(socket, options.BufferPool);
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"Connecting to {uri.Host}:{uri.Port} took longer than the connect timeout.", exception);
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        return secured is not null
            ? await WebSocketConnection.ConnectAsync(secured, uri, options, cancellationToken).ConfigureAwait(false)
            : await WebSocketConnection.ConnectAsync(plain!, uri, options, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<SslStream> SecureAsync(Socket socket, string host, WebSocketConnectOptions options, CancellationToken cancellationToken)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            var tls = new SslClientAuthenticationOptions { TargetHost = host, ApplicationProtocols = [SslApplicationProtocol.Http11] };
            options.ConfigureTls?.Invoke(tls);
            await stream.AuthenticateAsClientAsync(tls, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
