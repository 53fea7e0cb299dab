using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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
        await EchoAsync(client);
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

    private sealed class KestrelServer : IPeerServer
    {
        private readonly Channel<PeerReport> _reports = Channel.CreateUnbounded<PeerReport>();
        private readonly WebApplication _application;

        private KestrelServer(X509Certificate2? certificate)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseKestrelHttpsConfiguration();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                if (certificate is not null) listen.UseHttps(certificate);
            }));
            _application = builder.Build();
            _application.UseWebSockets();
            _application.Run(ServeAsync);
        }

        public Uri Address
        {
            get
            {
                var address = _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
                return new Uri("ws" + address["http".Length..]);
            }
        }

        public static async Task<IPeerServer> StartAsync(X509Certificate2? certificate = null)
        {
            var server = new KestrelServer(certificate);
            await server._application.StartAsync();
            return server;
        }

        public async Task<PeerReport> ReportAsync(CancellationToken cancellationToken) => await _reports.Reader.ReadAsync(cancellationToken);

        public ValueTask DisposeAsync() => _application.DisposeAsync();

        private async Task ServeAsync(HttpContext context)
        {
            string path = context.Request.Path;
            if (path is not ("/echo" or "/fragments" or "/ping" or "/close"))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(name => name == "chat.v2"),
                KeepAliveInterval = path == "/ping" ? TimeSpan.FromMilliseconds(20) : TimeSpan.Zero,
                KeepAliveTimeout = TimeSpan.FromSeconds(60),
            });
            if (path == "/close") await socket.CloseAsync((WebSocketCloseStatus)4001, "so long, ünïcode", context.RequestAborted);
            else await EchoAsync(socket, inFragments: path == "/fragments", context.RequestAborted);
            await _reports.Writer.WriteAsync(new PeerReport { Code = (int?)socket.CloseStatus ?? 0, Reason = socket.CloseStatusDescription ?? "" });
        }

        private static async Task EchoAsync(WebSocket socket, bool inFragments, CancellationToken cancellationToken)
        {
            var buffer = new byte[2 * 1024 * 1024];
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                    length += result.Count;
                }
                while (!result.EndOfMessage);
                if (result.MessageType == WebSocketMessageType.Close) break;

                var message = buffer.AsMemory(0, length);
                if (inFragments)
                {
                    await socket.SendAsync(message[..(length / 3)], result.MessageType, endOfMessage: false, cancellationToken);
                    message = message[(length / 3)..];
                }
                await socket.SendAsync(message, result.MessageType, endOfMessage: true, cancellationToken);
            }
            await socket.CloseAsync(socket.CloseStatus!.Value, null, cancellationToken);
        }
    }
}
