using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>Kestrel with System.Net.WebSockets.</summary>
internal sealed class KestrelServer : IPeerServer
{
    private readonly Channel<PeerReport> _reports = Channel.CreateUnbounded<PeerReport>();
    private readonly WebApplication _application;
    private readonly IReadOnlyList<DeflateSettings> _settings;

    private KestrelServer(X509Certificate2? certificate, IReadOnlyList<DeflateSettings> settings)
    {
        _settings = settings;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            for (var i = 0; i < Math.Max(settings.Count, 1); i++)
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    if (certificate is not null) listen.UseHttps(certificate);
                });
            }
        });
        _application = builder.Build();
        _application.UseWebSockets();
        _application.Run(ServeAsync);
    }

    public IReadOnlyList<Uri> Addresses { get; private set; } = [];

    /// <summary>Starts it without compression, or with some, each setting on a port of its own.</summary>
    public static async Task<IPeerServer> StartAsync(X509Certificate2? certificate = null, IReadOnlyList<DeflateSettings>? settings = null)
    {
        var server = new KestrelServer(certificate, settings ?? []);
        await server._application.StartAsync();
        var addresses = server._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        server.Addresses = [.. addresses.Select(address => new Uri("ws" + address["http".Length..]))];
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

        var settings = _settings.ElementAtOrDefault(Addresses.TakeWhile(address => address.Port != context.Connection.LocalPort).Count());
        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(name => name == "chat.v2"),
            KeepAliveInterval = path == "/ping" ? TimeSpan.FromMilliseconds(20) : TimeSpan.Zero,
            KeepAliveTimeout = TimeSpan.FromSeconds(60),
            DangerousEnableCompression = settings is not null,
            DisableServerContextTakeover = settings?.ServerNoContextTakeover ?? false,
            ServerMaxWindowBits = settings?.ServerMaxWindowBits ?? 15,
        });
        if (path == "/close") await socket.CloseAsync((WebSocketCloseStatus)4001, "so long, ünïcode", context.RequestAborted);
        else await EchoAsync(socket, inFragments: path == "/fragments", context.RequestAborted);
        await _reports.Writer.WriteAsync(new PeerReport
        {
            Code = (int?)socket.CloseStatus ?? 0,
            Reason = socket.CloseStatusDescription ?? "",
            Extensions = context.Response.Headers.SecWebSocketExtensions,
        });
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
