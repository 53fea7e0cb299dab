using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests;

[Needs(Peer.Node)]
public class NodeClientTests : PeerClientTests
{
    [PeerFact]
    public async Task Its_ping_is_answered()
    {
        (await RunAsync("ping", Listener.Address("/echo"))).Pong.Should().Be("are you there?");
        (await Listener.PingAsync(Guard)).Should().Be("are you there?");
    }

    private protected override Task<PeerReport> RunAsync(string scenario, Uri address, params string[] subprotocols) =>
        RunScriptAsync(Peer.Node, "client.mjs", scenario, address, subprotocols);
}

[Needs(Peer.Node)]
public sealed class NodeServerTests : PeerServerTests
{
    [PeerFact]
    public async Task Its_ping_is_answered()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/ping");
        (await client.ReceiveAsync(Guard))!.Value.GetText().Should().Be("are you there?");
        (await PingAsync()).Should().Be("are you there?");
    }

    private protected override Task<IPeerServer> StartAsync() => StartScriptAsync(Peer.Node, "server.mjs");
}
