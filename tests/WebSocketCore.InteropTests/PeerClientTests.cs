using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests;

/// <summary>Somebody else's client against our listener, over each of its transports: a class derived from a client's has another one.</summary>
public abstract class PeerClientTests : InteropTest
{
    private TestListener? _listener;

    private protected TestListener Listener => _listener ??= new(Transport);

    private protected virtual SocketTransport Transport => SocketTransport.Sockets;

    [PeerFact]
    public async Task Every_message_comes_back_as_it_was()
    {
        var report = await RunAsync("echo", Listener.Address("/echo"));
        report.Echoed.Should().Equal(Corpus.Names);
        report.Code.Should().Be(1000);
        var closure = await Listener.ClosureAsync(Guard);
        closure.IsClean.Should().BeTrue(closure.ToString());
        closure.ReceivedCode.Should().Be(CloseCode.NormalClosure);
    }

    [PeerFact]
    public async Task Our_fragments_are_put_together()
    {
        var report = await RunAsync("echo", Listener.Address("/fragments"));
        report.Echoed.Should().Equal(Corpus.Names);
        (await Listener.ClosureAsync(Guard)).IsClean.Should().BeTrue();
    }

    [PeerFact]
    public async Task The_subprotocol_is_the_one_that_both_speak()
    {
        var report = await RunAsync("close", Listener.Address("/echo"), "chat.v1", "chat.v2");
        report.Subprotocol.Should().Be("chat.v2");
    }

    [PeerFact]
    public async Task Our_ping_is_answered()
    {
        var report = await RunAsync("pinged", Listener.Address("/ping"));
        report.Code.Should().Be(1000);
        (await Listener.ClosureAsync(Guard)).IsClean.Should().BeTrue();
    }

    [PeerFact]
    public async Task Both_ends_see_the_code_and_reason_of_the_clients_close()
    {
        var report = await RunAsync("close", Listener.Address("/echo"));
        report.Code.Should().Be(4002);
        var closure = await Listener.ClosureAsync(Guard);
        closure.Cause.Should().Be(ClosureCause.PeerClose);
        closure.ReceivedCode.Should().Be((CloseCode)4002);
        closure.ReceivedReason.Should().Be("enough, ünïcode");
        closure.SentCode.Should().Be((CloseCode)4002);
        closure.IsClean.Should().BeTrue(closure.ToString());
    }

    [PeerFact]
    public async Task Both_ends_see_the_code_and_reason_of_our_close()
    {
        var report = await RunAsync("closed", Listener.Address("/close"));
        report.Code.Should().Be(4001);
        report.Reason.Should().Be("so long, ünïcode");
        var closure = await Listener.ClosureAsync(Guard);
        closure.Cause.Should().Be(ClosureCause.LocalClose);
        closure.ReceivedCode.Should().Be((CloseCode)4001);
        closure.IsClean.Should().BeTrue(closure.ToString());
    }

    public override void Dispose()
    {
        _listener?.DisposeAsync().AsTask().Wait();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Has the client connect, do one of: echo, ping, pinged, close, closed; and tell what it saw.</summary>
    private protected abstract Task<PeerReport> RunAsync(string scenario, Uri address, params string[] subprotocols);

    private protected async Task<PeerReport> RunScriptAsync(Peer peer, string script, string scenario, Uri address, string[] subprotocols)
    {
        using var client = Peers.Start(peer, script, [scenario, address.ToString(), .. subprotocols]);
        if (scenario == "echo") await client.Input.WriteAsync(Corpus.Json.AsMemory(), Guard);
        client.Input.Close();
        return PeerReport.Parse(await client.ReadLineAsync(Guard));
    }
}
