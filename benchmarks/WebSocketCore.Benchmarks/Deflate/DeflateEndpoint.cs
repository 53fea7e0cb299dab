using System.Net.WebSockets;
using WebSocketCore.Benchmarks.InMemory;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>A server's end of one connection with permessage-deflate, over a stream in memory that never waits, with the same settings in both libraries.</summary>
internal abstract class DeflateEndpoint : IAsyncDisposable
{
    private readonly byte[][] _messages;
    private int _next;

    protected DeflateEndpoint(DeflateScenario scenario)
    {
        Scenario = scenario;
        _messages = JsonText.Create(scenario.Size, scenario.Count);
        Input = new WireInput(Compress(scenario, _messages));
    }

    public WireOutput Output { get; } = new();

    protected DeflateScenario Scenario { get; }

    protected WireInput Input { get; }

    public static DeflateEndpoint Create(Library library, DeflateScenario scenario) =>
        library == Library.System ? new SystemDeflateEndpoint(scenario) : new CoreDeflateEndpoint(scenario);

    /// <summary>Does the scenario's work; to be measured. Throws where the length of a message is not what it should be.</summary>
    public async Task RunAsync(int messages)
    {
        for (var i = 0; i < messages; i++)
        {
            var expected = _messages[_next];
            _next = (_next + 1) % _messages.Length;
            if (Scenario.Work == Work.Send) await SendAsync(expected);
            else if (await ReceiveAsync() != expected.Length) throw new InvalidOperationException("A message is not what it should be.");
        }
    }

    public abstract ValueTask DisposeAsync();

    protected abstract ValueTask SendAsync(ReadOnlyMemory<byte> message);

    protected abstract ValueTask<long> ReceiveAsync();

    // What a client of System.Net.WebSockets makes of the messages. The first one refers to nothing, so that they can go round.
    private static byte[] Compress(DeflateScenario scenario, byte[][] messages)
    {
        var output = new WireOutput { Copy = new MemoryStream() };
        using var client = WebSocket.CreateFromStream(new WireStream(new WireInput([0]), output), new WebSocketCreationOptions
        {
            IsServer = false,
            KeepAliveInterval = TimeSpan.Zero,
            DangerousDeflateOptions = SystemDeflateEndpoint.Options(scenario),
        });
        foreach (var message in messages)
            client.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return output.Copy.ToArray();
    }
}

/// <summary>System.Net.WebSockets.</summary>
internal sealed class SystemDeflateEndpoint : DeflateEndpoint
{
    private readonly WebSocket _webSocket;
    private readonly byte[] _buffer;

    public SystemDeflateEndpoint(DeflateScenario scenario)
        : base(scenario)
    {
        _webSocket = WebSocket.CreateFromStream(new WireStream(Input, Output), new WebSocketCreationOptions
        {
            IsServer = true,
            KeepAliveInterval = TimeSpan.Zero,
            DangerousDeflateOptions = Options(scenario),
        });
        _buffer = new byte[scenario.Size + 1];
    }

    public static WebSocketDeflateOptions Options(DeflateScenario scenario) =>
        new() { ClientContextTakeover = scenario.Takeover, ServerContextTakeover = scenario.Takeover };

    public override ValueTask DisposeAsync()
    {
        _webSocket.Dispose();
        return default;
    }

    protected override ValueTask SendAsync(ReadOnlyMemory<byte> message) =>
        _webSocket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    protected override async ValueTask<long> ReceiveAsync()
    {
        var length = 0;
        while (true)
        {
            var received = await _webSocket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
            length += received.Count;
            if (received.EndOfMessage) return length;
        }
    }
}

/// <summary>WebSocketCore.</summary>
internal sealed class CoreDeflateEndpoint : DeflateEndpoint
{
    private readonly WebSocketConnection _connection;

    public CoreDeflateEndpoint(DeflateScenario scenario)
        : base(scenario)
    {
        _connection = WebSocketConnection.FromUpgraded(
            new WireStream(Input, Output), WebSocketRole.Server,
            new WebSocketServerOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan },
            extensions: [Agree(takeover: scenario.Takeover)]);
    }

    /// <summary>What a server agrees on with a client that wants what it wants.</summary>
    public static NegotiatedExtension Agree(bool takeover) =>
        new PermessageDeflate { ServerNoContextTakeover = !takeover, ClientNoContextTakeover = !takeover, Threshold = 0 }.Accept(ExtensionParameters.None)
        ?? throw new PlatformNotSupportedException("This runtime has no zlib that fits.");

    public override async ValueTask DisposeAsync()
    {
        _connection.Abort();
        await _connection.DisposeAsync();
    }

    protected override ValueTask SendAsync(ReadOnlyMemory<byte> message) => _connection.SendAsync(MessageKind.Text, message);

    protected override async ValueTask<long> ReceiveAsync() => (await _connection.ReceiveAsync())?.Length ?? -1;
}
