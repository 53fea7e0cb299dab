using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>Listener and client over TLS.</summary>
public class WebSocketTlsTests : ListenerTest
{
    [Fact]
    public async Task A_certificate_that_the_client_trusts_is_enough()
    {
        await using var listener = StartSecure();
        await using var client = await ConnectAsync(listener, TestCertificate.Trust(TestCertificate.Localhost));
        await client.ShouldEchoAsync();

        await client.CloseAsync().Within();
        client.Closure!.ToString().Should().Be("clean, closed by this end; sent 1000; received 1000");
    }

    [Fact]
    public async Task The_client_may_judge_the_certificate_itself()
    {
        string? seen = null;
        await using var listener = StartSecure();
        await using var client = await ConnectAsync(listener, new WebSocketConnectOptions
        {
            ConfigureTls = tls => tls.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                seen = certificate!.GetCertHashString(HashAlgorithmName.SHA256);
                return seen == TestCertificate.Localhost.GetCertHashString(HashAlgorithmName.SHA256);
            },
        });
        await client.ShouldEchoAsync();
        seen.Should().NotBeNull();
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused()
    {
        await using var listener = StartSecure();
        await ShouldRefuseAsync(() => ConnectAsync(listener));
        await ShouldRefuseAsync(() => ConnectAsync(listener, TestCertificate.Trust(TestCertificate.Create("localhost"))));
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        var other = TestCertificate.Create("example.org");
        await using var listener = StartSecure(other);
        await ShouldRefuseAsync(() => ConnectAsync(listener, TestCertificate.Trust(other)));
    }

    [Fact]
    public async Task The_name_to_verify_is_that_of_the_address()
    {
        await using var listener = StartSecure();
        var byNumber = () => WebSocketClient.ConnectAsync(
            new Uri($"wss://{listener.EndPoint}/"), TestCertificate.Trust(TestCertificate.Localhost)).Within();
        await ShouldRefuseAsync(byNumber);
    }

    [Fact]
    public async Task Large_messages_come_back_intact()
    {
        var bytes = RandomNumberGenerator.GetBytes(1024 * 1024);
        await using var listener = StartSecure();
        await using var client = await ConnectAsync(listener, TestCertificate.Trust(TestCertificate.Localhost));
        for (var i = 0; i < 3; i++)
        {
            var sending = client.SendAsync(MessageKind.Binary, bytes);
            (await client.ReceiveAsync().Within())!.Value.ToArray().AsSpan().SequenceEqual(bytes).Should().BeTrue();
            await sending.Within();
        }
    }

    [Fact]
    public async Task A_server_that_closes_first_is_told_apart_from_one_that_vanishes()
    {
        await using var listener = Start(
            Loopback.AnyPort, (_, _) => Task.CompletedTask, new WebSocketListenerOptions { Tls = TestCertificate.Server });
        await using var client = await ConnectAsync(listener, TestCertificate.Trust(TestCertificate.Localhost));

        (await client.ReceiveToEndAsync()).ToString().Should().Be("clean, closed by the peer; sent 1000; received 1000");
    }

    [Fact]
    public async Task After_a_violation_the_peer_reads_our_Close_and_the_end_although_it_has_sent_megabytes_behind_it()
    {
        await using var listener = StartSecure();
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(listener.EndPoint).Within();
        await using var peer = new SslStream(tcp.GetStream());
        var tls = new SslClientAuthenticationOptions { TargetHost = "localhost" };
        TestCertificate.Trust(TestCertificate.Localhost).ConfigureTls!(tls);
        await peer.AuthenticateAsClientAsync(tls).Within();
        await peer.WriteAsync(Encoding.ASCII.GetBytes(RawTcpPeer.Upgrade)).Within();

        // A text frame without a mask.
        await peer.WriteAsync(Convert.FromHexString("810568656c6c6f")).Within();
        await peer.WriteAsync(new byte[4 * 1024 * 1024]).Within();

        var answer = new MemoryStream();
        await peer.CopyToAsync(answer).Within();
        var text = Encoding.Latin1.GetString(answer.ToArray());
        text.Should().StartWith("HTTP/1.1 101 ");
        text.Split("\r\n\r\n")[1].Should().StartWith("\u0088").And.Contain("\u0003\u00ea", "the Close frame says 1002");
    }

    [Fact]
    public async Task A_refusal_reaches_the_client()
    {
        await using var listener = Start(Loopback.AnyPort, Loopback.EchoAsync, new WebSocketListenerOptions
        {
            Tls = TestCertificate.Server,
            OnHandshake = async (handshake, token) =>
            {
                await handshake.RefuseAsync(503, "later", [new("Retry-After", "5")], token);
                return null;
            },
        });
        var connecting = () => ConnectAsync(listener, TestCertificate.Trust(TestCertificate.Localhost));
        var refused = (await connecting.Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        refused.StatusCode.Should().Be(503);
        refused.Body.ToArray().Should().Equal("later"u8.ToArray());
    }

    [Fact]
    public async Task The_server_may_ask_for_a_certificate_of_the_client()
    {
        var clientCertificate = TestCertificate.Create("client");
        string? seen = null;
        await using var listener = Start(Loopback.AnyPort, Loopback.EchoAsync, new WebSocketListenerOptions
        {
            Tls = new()
            {
                ServerCertificate = TestCertificate.Localhost,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, certificate, _, _) => (seen = certificate?.Subject) is not null,
            },
        });
        var trust = TestCertificate.Trust(TestCertificate.Localhost);
        await using var client = await ConnectAsync(listener, new WebSocketConnectOptions
        {
            ConfigureTls = tls =>
            {
                trust.ConfigureTls!(tls);
                tls.ClientCertificates = [clientCertificate];
            },
        });
        await client.ShouldEchoAsync();
        seen.Should().Be("CN=client");
    }

    [Fact]
    public async Task A_client_without_TLS_gets_an_error_in_place_of_a_response()
    {
        await using var listener = StartSecure();
        var connecting = () => WebSocketClient.ConnectAsync(listener.LocalhostUri("ws")).Within();
        await connecting.Should().ThrowAsync<WebSocketHandshakeException>();
    }

    [Fact]
    public async Task A_server_without_TLS_fails_the_TLS_handshake()
    {
        await using var listener = StartEcho();
        await ShouldRefuseAsync(() => ConnectAsync(listener));
        await listener.ShouldServeAsync();
    }

    [Fact]
    public async Task A_server_that_vanishes_during_the_TLS_handshake_fails_it()
    {
        using var listener = RawTcpPeer.Listen();
        var connecting = WebSocketClient.ConnectAsync(RawTcpPeer.Uri(listener, "wss")).Within();
        using (var peer = await RawTcpPeer.AcceptAsync(listener))
            await peer.ReadAsync(1);

        await connecting.Awaiting(task => task).Should().ThrowAsync<IOException>();
    }

    private WebSocketListener StartSecure(X509Certificate2? certificate = null) =>
        StartEcho(new WebSocketListenerOptions { Tls = new() { ServerCertificate = certificate ?? TestCertificate.Localhost } });

    private static Task<WebSocketConnection> ConnectAsync(WebSocketListener listener, WebSocketConnectOptions? options = null) =>
        WebSocketClient.ConnectAsync(listener.LocalhostUri("wss"), options).Within();

    private static async Task ShouldRefuseAsync(Func<Task<WebSocketConnection>> connecting) =>
        await connecting.Should().ThrowAsync<AuthenticationException>();
}
