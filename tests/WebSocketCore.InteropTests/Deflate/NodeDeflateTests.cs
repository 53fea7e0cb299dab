using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

[Needs(Peer.Node)]
public class NodeDeflateClientTests : DeflateClientTests
{
    // Shorter messages than 1024 bytes it leaves as they are.
    private protected override DeflateSettings Defaults => new() { Threshold = 0 };

    private protected override IAsyncEnumerable<PeerReport> RunAsync(
        IReadOnlyList<DeflateCase> cases, IReadOnlyList<Uri> addresses, IReadOnlyList<SampleMessage> messages) =>
        RunScriptAsync(Peer.Node, "deflate-client.mjs", cases, addresses, messages);
}

[Needs(Peer.Node)]
public sealed class NodeDeflateServerTests : DeflateServerTests
{
    // Shorter messages than 1024 bytes it leaves as they are.
    private protected override DeflateSettings Defaults => new() { Threshold = 0 };

    private protected override Task<IPeerServer> StartAsync(IReadOnlyList<DeflateSettings> settings) =>
        ScriptServer.StartAsync(Peer.Node, "server.mjs", settings, Guard);
}
