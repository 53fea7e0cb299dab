using System.Net.WebSockets;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

/// <summary>System.Net.WebSockets.ClientWebSocket.</summary>
public sealed class DotNetDeflateTests : DeflateClientTests
{
    private protected override async IAsyncEnumerable<PeerReport> RunAsync(
        IReadOnlyList<DeflateCase> cases, IReadOnlyList<Uri> addresses, IReadOnlyList<SampleMessage> messages)
    {
        foreach (var (each, address) in cases.Zip(addresses))
        {
            using var client = new ClientWebSocket();
            client.Options.CollectHttpResponseDetails = true;
            client.Options.DangerousDeflateOptions = new()
            {
                ServerContextTakeover = !each.Client.ServerNoContextTakeover,
                ClientContextTakeover = !each.Client.ClientNoContextTakeover,
                ServerMaxWindowBits = each.Client.ServerMaxWindowBits ?? 15,
                ClientMaxWindowBits = each.Client.ClientMaxWindowBits ?? 15,
            };
            await client.ConnectAsync(address, Guard);
            var report = new PeerReport
            {
                Extensions = client.HttpResponseHeaders?["Sec-WebSocket-Extensions"].Single(),
                Echoed = await client.EchoAsync(messages, Guard),
            };
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Guard);
            yield return report;
        }
    }
}

/// <summary>Kestrel with System.Net.WebSockets.</summary>
public sealed class KestrelDeflateTests : DeflateServerTests
{
    // It has settings of what it sends only.
    private protected override bool CanAnswer(DeflateCase each) => each.Server is { ClientNoContextTakeover: false, ClientMaxWindowBits: null };

    private protected override Task<IPeerServer> StartAsync(IReadOnlyList<DeflateSettings> settings) => KestrelServer.StartAsync(settings: settings);
}
