using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

[Needs(Peer.Python)]
public sealed class PythonDeflateClientTests : DeflateClientTests
{
    private protected override IAsyncEnumerable<PeerReport> RunAsync(
        IReadOnlyList<DeflateCase> cases, IReadOnlyList<Uri> addresses, IReadOnlyList<SampleMessage> messages) =>
        RunScriptAsync(Peer.Python, "deflate-client.py", cases, addresses, messages);
}

[Needs(Peer.Python)]
public sealed class PythonDeflateServerTests : DeflateServerTests
{
    [PeerFact]
    public async Task Its_own_settings_are_smaller_windows()
    {
        await using var server = await ScriptServer.StartAsync(Peer.Python, "server.py", settings: [], Guard);
        await using var client = await ConnectAsync(new(server.Address, "/echo"), new PermessageDeflate());
        DeflateSettings.Parse(client.Extensions.Single().ToString()).Should().Be(new DeflateSettings { ServerMaxWindowBits = 12, ClientMaxWindowBits = 12 });
        await client.EchoAsync(DeflateCorpus.Messages, Guard);
    }

    private protected override Task<IPeerServer> StartAsync(IReadOnlyList<DeflateSettings> settings) =>
        ScriptServer.StartAsync(Peer.Python, "server.py", settings, Guard);
}
