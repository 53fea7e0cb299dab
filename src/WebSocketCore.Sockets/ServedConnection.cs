using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace WebSocketCore;

/// <summary>One connection of a listener, from its opening handshake to its end.</summary>
internal sealed class ServedConnection(WebSocketListener listener, IDuplexPipe transport) : IThreadPoolWorkItem
{
    private WebSocketListenerOptions Options => listener.Options;

    /// <summary>Serves it.</summary>
    public void Execute() => _ = ServeAsync();

    private async Task ServeAsync()
    {
        WebSocketConnection? connection = null;
        try
        {
            var reading = Options.Tls is { } tls ? ReadSecuredAsync(tls) : OpeningHandshake.ReadAsync(transport, Options, listener.Stopping);
            connection = await AnswerAsync(await reading.ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            // The client went, or failed the TLS handshake, or took too long for it; or the listener stops.
        }
        catch (Exception exception)
        {
            listener.Report(exception);
        }

        // Not awaited: what the handshake needed is not kept while the connection is open.
        if (connection is not null) _ = HandleAsync(listener, connection);
        else listener.EndServed();
    }

    private async ValueTask<OpeningHandshake> ReadSecuredAsync(SslServerAuthenticationOptions tls)
    {
        var secured = await SecureAsync(tls).ConfigureAwait(false);
        return await OpeningHandshake.ReadAsync(secured, Options, listener.Stopping).ConfigureAwait(false);
    }

    private async ValueTask<SslStream> SecureAsync(SslServerAuthenticationOptions tls)
    {
        var stream = new SslStream(new PipeStream(transport));
        try
        {
            using var deadline = new CancellationTokenSource(Options.HandshakeTimeout, Options.TimeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, listener.Stopping);
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
                if (Options.OnHandshake is { } onHandshake) return await onHandshake(handshake, listener.Stopping).ConfigureAwait(false);
                return handshake.IsValid ? await handshake.AcceptAsync(cancellationToken: listener.Stopping).ConfigureAwait(false) : null;
            }
            catch (WebSocketHandshakeException)
            {
                // The client went, or broke a rule of the handshake. It was told as far as it could be.
            }
            catch (OperationCanceledException) when (listener.Stopping.IsCancellationRequested)
            {
                // Stopping.
            }
            catch (Exception exception)
            {
                listener.Report(exception);
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

    private static async Task HandleAsync(WebSocketListener listener, WebSocketConnection connection)
    {
        listener.Add(connection);
        try
        {
            // A stop that began meanwhile may have missed it.
            if (listener.Stopping.IsCancellationRequested) WebSocketListener.SayGoodbye(connection);
            await listener.Handler(connection, listener.Aborting).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is WebSocketClosedException or WebSocketProtocolException)
        {
            // How a connection ended is no error of the handler.
        }
        catch (OperationCanceledException) when (listener.Aborting.IsCancellationRequested)
        {
            // Stopping.
        }
        catch (Exception exception)
        {
            connection.StartClose(CloseCode.InternalServerError);
            listener.Report(exception);
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            listener.Remove(connection);
            listener.EndServed();
        }
    }
}
