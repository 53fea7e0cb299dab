using System.Text.Json;
using System.Text.RegularExpressions;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Samples;

/// <summary>The page of the sample EchoServer in a browser.</summary>
[Needs(Peer.Chromium)]
public sealed partial class PageTests : InteropTest
{
    [PeerFact]
    public async Task A_person_can_connect_send_measure_and_close()
    {
        using var server = ChildProcess.StartSample("EchoServer", "--port", "0");
        var address = await EchoServerTests.AddressAsync(server, Guard);
        using var browser = Peers.Start(Peer.Chromium, "page.mjs", address.ToString());
        var shown = JsonSerializer.Deserialize<Shown>(await browser.ReadLineAsync(Guard), JsonSerializerOptions.Web)!;

        shown.Problems.Should().BeEmpty();
        shown.Requests.Should().OnlyContain(url => url.StartsWith(address.ToString(), StringComparison.Ordinal), "the page needs nothing from elsewhere");
        shown.Address.Should().Be($"ws://{address.Authority}/");
        shown.Status.Should().Be("Connected, subprotocol chat.v1");
        shown.Events.Select(e => $"{e.Kind}: {RoundTrip().Replace(e.What, "round trip N ms")}").Should().Equal(
            $"open: ws://{address.Authority}/, subprotocol chat.v1",
            "sent: text: Grüße, 世界",
            "received: text: Grüße, 世界",
            "sent: binary, 3 bytes: 00 ff 7f",
            "received: binary, 3 bytes: 00 ff 7f",
            "sent: binary, 0 bytes",
            "received: binary, 0 bytes",
            "error: Hex needs an even number of the digits 0-9 and a-f.",
            "sent: binary, 2 bytes: c3 a9",
            "received: binary, 2 bytes: c3 a9",
            "echo: round trip N ms",
            "close: code 4000, reason \"done\"");
    }

    [GeneratedRegex(@"^round trip \d+\.\d ms$")]
    private static partial Regex RoundTrip();

    private sealed record Shown(string Address, string Status, Event[] Events, string[] Problems, string[] Requests);

    private sealed record Event(string Kind, string What);
}
