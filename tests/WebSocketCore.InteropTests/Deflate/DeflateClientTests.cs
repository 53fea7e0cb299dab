using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

/// <summary>Compression between somebody else's client and our listener.</summary>
public abstract class DeflateClientTests : InteropTest
{
    private protected virtual SocketTransport Transport => SocketTransport.Sockets;

    [PeerFact]
    public async Task Every_message_comes_back_as_it_was_however_it_was_compressed()
    {
        var cases = DeflateCase.All.Where(CanOffer).ToList();
        cases.Should().NotBeEmpty();
        var listeners = cases.ConvertAll(each => new TestListener(Transport, certificate: null, each.Server.ToExtension()));
        try
        {
            var index = 0;
            await foreach (var report in RunAsync(cases, cases.ConvertAll(each => listeners[cases.IndexOf(each)].Address(each.Path)), DeflateCorpus.Messages))
            {
                var (name, agreed) = (cases[index].Name, cases[index].Agreed);
                report.Echoed.Should().Equal(DeflateCorpus.Names, name);
                DeflateSettings.Parse(report.Extensions).Should().Be(agreed, name);
                (await listeners[index].ExtensionsAsync(Guard)).Should().Be(report.Extensions, name);
                if (report.Received is { } received) received.Should().BeLessThan(DeflateCorpus.Length / 2, "what we send is compressed: {0}", name);
                if (report.Sent is { } sent) sent.Should().BeLessThan(DeflateCorpus.Length / 2, "what the client sends is compressed: {0}", name);
                var closure = await listeners[index].ClosureAsync(Guard);
                closure.IsClean.Should().BeTrue("{0}: {1}", name, closure);
                index++;
            }
            index.Should().Be(cases.Count);
        }
        finally
        {
            foreach (var listener in listeners) await listener.DisposeAsync();
        }
    }

    [PeerFact]
    public async Task What_comes_again_is_found_as_far_as_contexts_reach()
    {
        var cases = Repetition.Settings.Select(asked => new DeflateCase(asked.ToString(), Defaults, asked)).ToList();
        var servers = cases.ConvertAll(each => new CountingServer(each.Server.ToExtension()));
        try
        {
            var index = 0;
            await foreach (var report in RunAsync(cases, servers.ConvertAll(server => server.Address), Repetition.Messages))
            {
                var (name, agreed) = (cases[index].Name, cases[index].Agreed);
                report.Echoed.Should().Equal(Repetition.Names, name);
                DeflateSettings.Parse(report.Extensions).Should().Be(agreed, name);
                var traffic = await servers[index].TrafficAsync(Guard);
                Repetition.Check(traffic.Select(each => each.Received), agreed.ClientMaxWindowBits, !agreed.ClientNoContextTakeover, $"from the client, {name}");
                Repetition.Check(traffic.Select(each => each.Sent), agreed.ServerMaxWindowBits, !agreed.ServerNoContextTakeover, $"from the server, {name}");
                index++;
            }
            index.Should().Be(cases.Count);
        }
        finally
        {
            foreach (var server in servers) await server.DisposeAsync();
        }
    }

    /// <summary>What the client is told where nothing is asked of it, except to compress short messages too.</summary>
    private protected virtual DeflateSettings Defaults => new();

    /// <summary>Whether the client can be told to offer what the case wants.</summary>
    private protected virtual bool CanOffer(DeflateCase each) => true;

    /// <summary>Has the client connect to each address in turn, send the messages and wait for every echo.</summary>
    private protected abstract IAsyncEnumerable<PeerReport> RunAsync(
        IReadOnlyList<DeflateCase> cases, IReadOnlyList<Uri> addresses, IReadOnlyList<SampleMessage> messages);

    private protected async IAsyncEnumerable<PeerReport> RunScriptAsync(
        Peer peer, string script, IReadOnlyList<DeflateCase> cases, IReadOnlyList<Uri> addresses, IReadOnlyList<SampleMessage> messages)
    {
        using var client = Peers.Start(peer, script);
        var table = cases.Zip(addresses, (each, url) => new { url, offer = each.Client });
        await client.Input.WriteAsync(Corpus.ToJson(new { messages, table }).AsMemory(), Guard);
        client.Input.Close();
        for (var i = 0; i < cases.Count; i++) yield return PeerReport.Parse(await client.ReadLineAsync(Guard));
    }
}
