using System.Globalization;
using System.Net;
using System.Net.WebSockets;

// The echo server that the framework has on board: Kestrel and System.Net.WebSockets, in their usual setting, without compression and logging.
// KestrelEcho PORT [BUFFER]: the TCP port on 127.0.0.1, and the size of a connection's buffer (default 16 KiB).

int port = int.Parse(args[0], CultureInfo.InvariantCulture);
int bufferSize = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 16 * 1024;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));

await using var application = builder.Build();
application.UseWebSockets();
application.Run(async context =>
{
    if (!context.WebSockets.IsWebSocketRequest)
    {
        context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
        return;
    }
    using var socket = await context.WebSockets.AcceptWebSocketAsync();
    await EchoAsync(socket, new byte[bufferSize], context.RequestAborted);
});
await application.RunAsync();

// What arrives goes out, as the part of the message that it is. A message that fits the buffer is one frame again.
static async Task EchoAsync(WebSocket socket, byte[] buffer, CancellationToken cancellationToken)
{
    for (; ; )
    {
        var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
        if (received.MessageType == WebSocketMessageType.Close) break;
        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellationToken);
    }
    await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
}
