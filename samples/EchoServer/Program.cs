using System.Net;
using System.Net.Sockets;
using EchoServer;
using WebSocketCore;

// An echo server: every message comes back with its kind, on any path. A browser that opens the address gets a page to try it with.

var command = new CommandLine();
var parsed = command.Parse(args);
if (parsed.Errors.Count > 0) return Fail(parsed.Errors[0].Message, exitCode: 2);
if (parsed.Action is not null) return parsed.Invoke(); // --help, --version

IPAddress address;
try
{
    address = (await Dns.GetHostAddressesAsync(parsed.GetRequiredValue(command.Host)))[0];
}
catch (Exception exception) when (exception is SocketException or ArgumentException)
{
    return Fail($"--host {parsed.GetValue(command.Host)} is not an address of this machine: {exception.Message}", exitCode: 2);
}
var endPoint = new IPEndPoint(address, parsed.GetValue(command.Port));

var options = new WebSocketListenerOptions
{
    MaxMessageSize = parsed.GetValue(command.MaxMessageSize),
    Transport = parsed.GetValue(command.Transport),
    OnHandshake = WebPage.AnswerAsync,

    // What comes in is not secret here, and goes back to who sent it: there is no harm in compressing it.
    Extensions = parsed.GetValue(command.NoDeflate) ? [] : [new PermessageDeflate()],
};

WebSocketListener listener;
try
{
    listener = WebSocketListener.Start(endPoint, EchoAsync, options);
}
catch (SocketException exception)
{
    return Fail($"Cannot listen on {endPoint}: {exception.Message}", exitCode: 1);
}
catch (PlatformNotSupportedException exception)
{
    return Fail(exception.Message, exitCode: 2);
}

await using (listener)
{
    using var shutdown = new ShutdownSignal();
    Console.WriteLine($"Listening on http://{listener.EndPoint}/");
    await shutdown.Received;

    // Every client is told that the server goes away (1001), and gets time to answer.
    await listener.StopAsync();
}
return 0;

// The payload is the connection's own memory and goes out from there. However the connection ends, the loop ends with it: by itself, or by an
// exception that says so and that the listener expects.
static async Task EchoAsync(WebSocketConnection ws, CancellationToken cancellationToken)
{
    await foreach (var message in ws.ReadAllAsync(cancellationToken)) await ws.SendAsync(message, cancellationToken);
}

static int Fail(string message, int exitCode)
{
    Console.Error.WriteLine(message);
    return exitCode;
}
