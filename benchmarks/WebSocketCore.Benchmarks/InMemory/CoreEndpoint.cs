namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>WebSocketCore.</summary>
internal sealed class CoreEndpoint : Endpoint
{
    private readonly WebSocketConnection _connection;
    private readonly WireDirectTransport? _direct;

    public CoreEndpoint(Scenario scenario, Variant variant)
        : base(scenario)
    {
        WebSocketConnectionOptions options = Role == WebSocketRole.Server
            ? new WebSocketServerOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan }
            : new WebSocketClientOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan };
        if (variant == Variant.Direct) _direct = new WireDirectTransport(Input, Output);
        _connection = variant switch
        {
            Variant.Stream => WebSocketConnection.FromUpgraded(new WireStream(Input, Output), Role, options),
            Variant.Pipe => WebSocketConnection.FromUpgraded(new WirePipe(Input, Output), Role, options),
            Variant.Direct => WebSocketConnection.FromUpgraded(_direct!, Role, options),
            _ => throw new ArgumentOutOfRangeException(nameof(variant), variant, "Not a transport."),
        };
    }

    protected override async Task<long> ReceiveAsync(int messages)
    {
        var bytes = 0L;
        for (var i = 0; i < messages; i++)
        {
            var message = await _connection.ReceiveAsync() ?? throw Ended();
            bytes += message.Length;
        }
        return bytes;
    }

    protected override async Task<long> SendAsync(int messages)
    {
        var kind = Content.Kind();
        var payload = Payload;
        for (var i = 0; i < messages; i++) await _connection.SendAsync(kind, payload.AsMemory());
        return (long)messages * payload.Length;
    }

    protected override async Task<long> EchoAsync(int messages)
    {
        var bytes = 0L;
        await foreach (var message in _connection.ReadAllAsync())
        {
            bytes += message.Length;
            await _connection.SendAsync(message);
            if (--messages == 0) return bytes;
        }
        throw Ended();
    }

    protected override async Task<byte[]> ReceiveCopyAsync() => (await _connection.ReceiveAsync() ?? throw Ended()).ToArray();

    protected override void EndWakeUp() => _direct?.EndWakeUp();

    public override async ValueTask DisposeAsync()
    {
        Input.IsEnded = true;
        _direct?.EndLoop();
        await _connection.DisposeAsync();
    }

    private InvalidOperationException Ended() => new($"The connection has ended: {_connection.Closure}");
}
