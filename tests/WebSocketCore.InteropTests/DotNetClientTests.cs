using System.Net.WebSockets;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests;

/// <summary>System.Net.WebSockets.ClientWebSocket.</summary>
public class DotNetClientTests : PeerClientTests
{
    [Fact]
    public async Task Its_keep_alive_ping_is_answered()
    {
        using var client = new ClientWebSocket();
        client.Options.KeepAliveInterval = TimeSpan.FromMilliseconds(20);
        client.Options.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        await client.ConnectAsync(Listener.Address("/echo"), Guard);
        var receiving = client.ReceiveAsync(new byte[1], Guard);
        await Listener.PingAsync(Guard);
        await Listener.PingAsync(Guard);
        receiving.IsCompleted.Should().BeFalse();
        client.State.Should().Be(WebSocketState.Open);
        client.Abort();
    }

    [Fact]
    public async Task The_same_over_TLS()
    {
        using var certificate = SelfSigned.Certificate();
        await using var listener = new TestListener(Transport, certificate);
        var report = await RunAsync("echo", listener.Address("/echo"), server => server?.GetCertHashString() == certificate.GetCertHashString());
        report.Echoed.Should().Equal(Corpus.Names);
        (await listener.ClosureAsync(Guard)).IsClean.Should().BeTrue();
    }

    private protected override Task<PeerReport> RunAsync(string scenario, Uri address, params string[] subprotocols) =>
        RunAsync(scenario, address, trust: null, subprotocols);

    private async Task<PeerReport> RunAsync(
        string scenario, Uri address, Func<System.Security.Cryptography.X509Certificates.X509Certificate?, bool>? trust, params string[] subprotocols)
    {
        using var client = new ClientWebSocket();
        foreach (var subprotocol in subprotocols) client.Options.AddSubProtocol(subprotocol);
        if (trust is not null) client.Options.RemoteCertificateValidationCallback = (_, server, _, _) => trust(server);
        await client.ConnectAsync(address, Guard);
        var report = new PeerReport { Subprotocol = client.SubProtocol };
        switch (scenario)
        {
            case "echo":
                report = report with { Echoed = await client.EchoAsync(Corpus.Messages, Guard) };
                await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Guard);
                break;

            case "pinged":
                await client.ReceiveAsync(new byte[100], Guard);
                await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Guard);
                break;

            case "close":
                await client.CloseAsync((WebSocketCloseStatus)4002, "enough, ünïcode", Guard);
                break;

            case "closed":
                (await client.ReceiveAsync(new byte[1], Guard)).MessageType.Should().Be(WebSocketMessageType.Close);
                await client.CloseOutputAsync(client.CloseStatus!.Value, null, Guard);
                break;
        }
        return report with { Code = (int?)client.CloseStatus ?? 0, Reason = client.CloseStatusDescription ?? "" };
    }
}
