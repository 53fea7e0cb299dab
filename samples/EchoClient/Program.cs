using System.CommandLine;
using EchoClient;
using WebSocketCore;

// An echo client: connects to each URL in turn, sends every message back until the connection ends, and prints one line about it.

var urls = new Argument<string[]>("URL") { Description = "ws or wss addresses; - reads them from standard input, one a line.", Arity = ArgumentArity.OneOrMore };
var print = new Option<bool>("--print") { Description = "Print text messages instead of echoing." };
var noDeflate = new Option<bool>("--no-deflate") { Description = "Do not offer to compress messages (permessage-deflate)." };
var root = new RootCommand("Echoes every WebSocket message of the servers that it connects to.") { urls, print, noDeflate };

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    Console.Error.WriteLine(parsed.Errors[0].Message);
    return 2;
}
if (parsed.Action is not null) return parsed.Invoke(); // --help, --version

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = !interrupted.IsCancellationRequested; // The second Ctrl+C does not wait for the peer.
    interrupted.Cancel();
};

var options = new WebSocketConnectOptions
{
    MaxMessageSize = 32 * 1024 * 1024,
    Extensions = parsed.GetValue(noDeflate) ? [] : [new PermessageDeflate()],
};
var allConnected = true;
try
{
    await foreach (var url in UrlList.ReadAsync(parsed.GetRequiredValue(urls), interrupted.Token))
    {
        var session = new EchoSession(url, options, parsed.GetValue(print));
        allConnected &= await session.RunAsync(interrupted.Token);
        Console.WriteLine(session.Summary);
    }
}
catch (OperationCanceledException)
{
    allConnected = false; // Ctrl+C, with URLs left.
}
return allConnected ? 0 : 1;
