using System.Threading.Channels;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests;

/// <summary>Our client against somebody else's server.</summary>
public abstract class PeerServerTests : InteropTest
{
    private readonly Channel<string> _pings = Channel.CreateUnbounded<string>();

    [PeerFact]
    public async Task Every_message_comes_back_as_it_was()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/echo");
        await client.EchoAsync(Corpus.Messages, Guard);
        await client.CloseAsync(cancellationToken: Guard);
        client.Closure!.IsClean.Should().BeTrue(client.Closure.ToString());
    }

    [PeerFact]
    public async Task Fragments_are_put_together()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/fragments");
        await client.EchoAsync(Corpus.Messages, Guard);
        client.State.Should().Be(ConnectionState.Open);
    }

    [PeerFact]
    public async Task The_subprotocol_is_the_one_that_both_speak()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/echo", new() { Subprotocols = ["chat.v1", "chat.v2"] });
        client.Subprotocol.Should().Be("chat.v2");
    }

    [PeerFact]
    public async Task Our_ping_is_answered()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/echo");
        (await client.PingAsync(Guard)).Should().BePositive();
        client.RoundTripTime.Should().BePositive();
    }

    [PeerFact]
    public async Task Both_ends_see_the_code_and_reason_of_our_close()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/echo");
        await client.CloseAsync((CloseCode)4002, "enough, ünïcode", Guard);
        client.Closure!.Cause.Should().Be(ClosureCause.LocalClose);
        client.Closure.ReceivedCode.Should().Be((CloseCode)4002);
        client.Closure.IsClean.Should().BeTrue(client.Closure.ToString());
        var report = await server.ReportAsync(Guard);
        report.Code.Should().Be(4002);
        report.Reason.Should().Be("enough, ünïcode");
    }

    [PeerFact]
    public async Task Both_ends_see_the_code_and_reason_of_the_servers_close()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server, "/close");
        (await client.ReceiveAsync(Guard)).Should().BeNull();
        var closure = await client.Closed.WaitAsync(Guard);
        closure.Cause.Should().Be(ClosureCause.PeerClose);
        closure.ReceivedCode.Should().Be((CloseCode)4001);
        closure.ReceivedReason.Should().Be("so long, ünïcode");
        closure.IsClean.Should().BeTrue(closure.ToString());
        (await server.ReportAsync(Guard)).Code.Should().Be(4001);
    }

    private protected abstract Task<IPeerServer> StartAsync();

    private protected Task<IPeerServer> StartScriptAsync(Peer peer, string script) =>
        ScriptServer.StartAsync(peer, script, [], Guard);

    private protected ValueTask<WebSocketConnection> ConnectAsync(IPeerServer server, string path, WebSocketConnectOptions? options = null) =>
        WebSocketClient.ConnectAsync(
            new Uri(server.Address, path),
            new()
            {
                Subprotocols = options?.Subprotocols ?? [],
                ConfigureTls = options?.ConfigureTls,
                MaxMessageSize = 16 * 1024 * 1024,
                PingReceived = (_, payload) => _pings.Writer.TryWrite(System.Text.Encoding.UTF8.GetString(payload)),
            },
            Guard);

    /// <summary>The server's next ping, by its payload.</summary>
    private protected ValueTask<string> PingAsync() => _pings.Reader.ReadAsync(Guard);
}
