using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

[Needs(Peer.Node)]
public class NodeDeflateClientTests : DeflateClientTests
{
    private protected override IAsyncEnumerable<PeerReport> RunAsync(IReadOnlyList<DeflateCase> cases, IReadOnlyList<Uri> addresses) =>
        RunScriptAsync(Peer.Node, "deflate-client.mjs", cases, addresses);
}

[Needs(Peer.Node)]
public sealed class NodeDeflateServerTests : DeflateServerTests
{
    private protected override Task<IPeerServer> StartAsync(IReadOnlyList<DeflateSettings> settings) =>
        ScriptServer.StartAsync(Peer.Node, "server.mjs", settings, Guard);
}
