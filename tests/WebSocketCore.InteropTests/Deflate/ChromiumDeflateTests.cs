using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

[Needs(Peer.Chromium)]
public sealed class ChromiumDeflateTests : DeflateClientTests
{
    // A page has no say in what the browser offers.
    private protected override bool CanOffer(DeflateCase each) => each.Client == new DeflateSettings();

    private protected override IAsyncEnumerable<PeerReport> RunAsync(
        IReadOnlyList<DeflateCase> cases, IReadOnlyList<Uri> addresses, IReadOnlyList<SampleMessage> messages) =>
        RunScriptAsync(Peer.Chromium, "deflate-browser.mjs", cases, addresses, messages);
}
