using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests;

/// <summary>A browser's own WebSocket. It cannot ping, and cuts messages into frames as it likes.</summary>
[Needs(Peer.Chromium)]
public class ChromiumClientTests : PeerClientTests
{
    private protected override Task<PeerReport> RunAsync(string scenario, Uri address, params string[] subprotocols) =>
        RunScriptAsync(Peer.Chromium, "browser.mjs", scenario, address, subprotocols);
}
