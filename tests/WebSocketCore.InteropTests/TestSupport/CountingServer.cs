using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using WebSocketCore.Handshake;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>Our server over streams, which echoes and counts what every message takes on the wire.</summary>
internal sealed class CountingServer : IAsyncDisposable
{
    private readonly Channel<IReadOnlyList<Traffic>> _traffic = Channel.CreateUnbounded<IReadOnlyList<Traffic>>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly WebSocketServerOptions _options;
    private readonly Task _accepting;

    public CountingServer(params IReadOnlyList<WebSocketExtension> extensions)
    {
        _options = new() { Extensions = extensions };
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"ws://{_listener.LocalEndpoint}/");

    /// <summary>What each message and its echo took on the next connection that ended.</summary>
    public ValueTask<IReadOnlyList<Traffic>> TrafficAsync(CancellationToken cancellationToken) => _traffic.Reader.ReadAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true) serving.Add(ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new CountingStream(socket);
        try
        {
            await using var handshake = await OpeningHandshake.ReadAsync(stream, _options, _stopping.Token);
            if (handshake.Error == HandshakeError.NotAnUpgrade)
            {
                // A browser needs a page from this host before it connects.
                await handshake.RespondAsync(200, "text/html", "<!doctype html><title>Test</title>"u8.ToArray(), cancellationToken: _stopping.Token);
                return;
            }
            if (!handshake.IsValid) return; // A browser gives up connections that it has not used; a client that is refused fails by itself.
            await using var connection = await handshake.AcceptAsync(cancellationToken: _stopping.Token);
            await EchoAsync(connection, stream);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // One that it has not given up yet.
        }
        catch (Exception exception)
        {
            _traffic.Writer.TryComplete(exception);
        }
    }

    // A client that waits for every echo sends nothing meanwhile, and this end reads in a receive only: what was counted is that message's.
    private async Task EchoAsync(WebSocketConnection connection, CountingStream stream)
    {
        var counted = new List<Traffic>();
        var before = stream.Traffic;
        await foreach (var message in connection.ReadAllAsync(_stopping.Token))
        {
            await connection.SendAsync(message, _stopping.Token);
            var after = stream.Traffic;
            counted.Add(after - before);
            before = after;
        }
        _traffic.Writer.TryWrite(counted);
    }
}
