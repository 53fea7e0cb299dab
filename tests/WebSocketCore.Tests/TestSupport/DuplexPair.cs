using System.IO.Pipelines;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>Two ends of a transport in memory. What one end writes the other reads.</summary>
internal sealed class DuplexPair
{
    public DuplexPair(PipeOptions? options = null)
    {
        var toServer = new Pipe(options ?? PipeOptions.Default);
        var toClient = new Pipe(options ?? PipeOptions.Default);
        Server = new End(toServer.Reader, toClient.Writer);
        Client = new End(toClient.Reader, toServer.Writer);
    }

    public IDuplexPipe Server { get; }

    public IDuplexPipe Client { get; }

    /// <summary>A connection of ours at each end, behind a handshake that is taken as made.</summary>
    public static (WebSocketConnection Server, WebSocketConnection Client) Connect(
        WebSocketServerOptions? serverOptions = null, WebSocketClientOptions? clientOptions = null, PipeOptions? pipeOptions = null)
    {
        var pair = new DuplexPair(pipeOptions);
        return (WebSocketConnection.FromUpgraded(pair.Server, WebSocketRole.Server, serverOptions),
            WebSocketConnection.FromUpgraded(pair.Client, WebSocketRole.Client, clientOptions));
    }

    private sealed record End(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
