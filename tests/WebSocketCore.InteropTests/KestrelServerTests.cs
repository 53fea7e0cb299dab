using System.Security.Authentication;
using WebSocketCore.Handshake;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests;

/// <summary>Kestrel with System.Net.WebSockets.</summary>
public class KestrelServerTests : PeerServerTests
{
    [Fact]
    public async Task Its_keep_alive_ping_is_answered()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/ping");
        var receiving = client.ReceiveAsync(Guard).AsTask();
        await PingAsync();
        await PingAsync();
        receiving.IsCompleted.Should().BeFalse();
        client.State.Should().Be(ConnectionState.Open);
        client.Abort();
        (await receiving).Should().BeNull();
    }

    [Fact]
    public async Task The_same_over_TLS()
    {
        using var certificate = SelfSigned.Certificate();
        await using var server = await KestrelServer.StartAsync(certificate);
        await using var client = await ConnectAsync(server, "/echo", new()
        {
            ConfigureTls = tls => tls.RemoteCertificateValidationCallback = (_, found, _, _) => found?.GetCertHashString() == certificate.GetCertHashString(),
        });
        await client.EchoAsync(Corpus.Messages, Guard);
        await client.CloseAsync(cancellationToken: Guard);
        client.Closure!.IsClean.Should().BeTrue(client.Closure.ToString());
    }

    [Fact]
    public async Task A_certificate_that_nobody_has_signed_is_not_trusted()
    {
        using var certificate = SelfSigned.Certificate();
        await using var server = await KestrelServer.StartAsync(certificate);
        var connecting = async () => await ConnectAsync(server, "/echo");
        await connecting.Should().ThrowAsync<AuthenticationException>();
    }

    [Fact]
    public async Task A_refusal_tells_its_status()
    {
        await using var server = await StartAsync();
        var connecting = async () => await ConnectAsync(server, "/nowhere");
        var refusal = (await connecting.Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        refusal.Error.Should().Be(HandshakeError.UnexpectedStatus);
        refusal.StatusCode.Should().Be(404);
    }

    private protected override Task<IPeerServer> StartAsync() => KestrelServer.StartAsync();
}
