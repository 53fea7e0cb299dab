using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using WebSocketCore.Handshake;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>Our server: /echo, /fragments (an echo in fragments, with a ping among them), /ping (pings, then says so) and /close.</summary>
internal sealed class TestListener : IAsyncDisposable
{
    private readonly Channel<WebSocketClosure> _closures = Channel.CreateUnbounded<WebSocketClosure>();
    private readonly Channel<string> _extensions = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _pings = Channel.CreateUnbounded<string>();
    private readonly WebSocketListener _listener;
    private readonly string _scheme;

    public TestListener(SocketTransport transport, X509Certificate2? certificate = null, params IReadOnlyList<WebSocketExtension> extensions)
    {
        _scheme = certificate is null ? "ws" : "wss";
        _listener = WebSocketListener.Start(new IPEndPoint(IPAddress.Loopback, 0), ServeAsync, new WebSocketListenerOptions
        {
            Transport = transport,
            MaxMessageSize = 16 * 1024 * 1024,
            Subprotocols = ["chat.v2"],
            Extensions = extensions,
            OnHandshake = AnswerAsync,
            PingReceived = (_, payload) => _pings.Writer.TryWrite(System.Text.Encoding.UTF8.GetString(payload)),
            Tls = certificate is null ? null : new() { ServerCertificate = certificate },
        });
    }

    public Uri Address(string path) => new($"{_scheme}://{_listener.EndPoint}{path}");

    /// <summary>How the next connection ended, as this end saw it.</summary>
    public ValueTask<WebSocketClosure> ClosureAsync(CancellationToken cancellationToken) => _closures.Reader.ReadAsync(cancellationToken);

    /// <summary>What was agreed on with the next client, as it stands in Sec-WebSocket-Extensions.</summary>
    public ValueTask<string> ExtensionsAsync(CancellationToken cancellationToken) => _extensions.Reader.ReadAsync(cancellationToken);

    /// <summary>The payload of the next ping that a client sends.</summary>
    public ValueTask<string> PingAsync(CancellationToken cancellationToken) => _pings.Reader.ReadAsync(cancellationToken);

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    // A browser needs a page from this host before it connects.
    private static async ValueTask<WebSocketConnection?> AnswerAsync(OpeningHandshake handshake, CancellationToken cancellationToken)
    {
        if (handshake.Error != HandshakeError.NotAnUpgrade) return await handshake.AcceptAsync(cancellationToken: cancellationToken);
        await handshake.RespondAsync(200, "text/html", "<!doctype html><title>Test</title>"u8.ToArray(), cancellationToken: cancellationToken);
        return null;
    }

    private async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        _extensions.Writer.TryWrite(string.Join(", ", connection.Extensions));
        switch (connection.Request!.Path)
        {
            case "/echo":
                await foreach (var message in connection.ReadAllAsync(cancellationToken)) await connection.SendAsync(message, cancellationToken);
                break;

            case "/fragments":
                await foreach (var message in connection.ReadAllAsync(cancellationToken)) await SendFragmentsAsync(connection, message, cancellationToken);
                break;

            case "/ping":
                await connection.PingAsync(cancellationToken);
                await connection.SendTextAsync("The ping was answered.", cancellationToken);
                await connection.ReceiveAsync(cancellationToken);
                break;

            case "/close":
                await connection.CloseAsync((CloseCode)4001, "so long, ünïcode", cancellationToken);
                break;
        }
        _closures.Writer.TryWrite(await connection.Closed.WaitAsync(cancellationToken));
    }

    private static async Task SendFragmentsAsync(WebSocketConnection connection, WebSocketMessage message, CancellationToken cancellationToken)
    {
        var payload = message.ToArray().AsMemory();
        var third = (payload.Length + 2) / 3;
        await using var writer = await connection.StartMessageAsync(message.Kind, cancellationToken);
        await writer.WriteAsync(payload[..third], cancellationToken);
        await connection.SendPingAsync("between"u8.ToArray(), cancellationToken);
        await writer.WriteAsync(payload[third..Math.Min(2 * third, payload.Length)], cancellationToken);
        await writer.WriteAsync(payload[Math.Min(2 * third, payload.Length)..], cancellationToken);
        await writer.CompleteAsync(cancellationToken);
    }
}
