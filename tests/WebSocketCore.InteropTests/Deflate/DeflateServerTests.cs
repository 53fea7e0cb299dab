using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

/// <summary>Compression between our client and somebody else's server.</summary>
public abstract class DeflateServerTests : InteropTest
{
    [PeerFact]
    public async Task Every_message_comes_back_as_it_was_however_it_was_compressed()
    {
        var cases = DeflateCase.All.Where(CanAnswer).ToList();
        cases.Should().NotBeEmpty();
        await using var server = await StartAsync(cases.ConvertAll(each => each.Server));
        foreach (var (each, address) in cases.Zip(server.Addresses))
        {
            await using var client = await ConnectAsync(new(address, each.Path), each.Client.ToExtension());
            client.Extensions.Should().ContainSingle(each.Name);
            DeflateSettings.Parse(client.Extensions[0].ToString()).Should().Be(each.Agreed, each.Name);
            await client.EchoAsync(DeflateCorpus.Messages, Guard, each.Name);
            await client.CloseAsync(cancellationToken: Guard);
            client.Closure!.IsClean.Should().BeTrue("{0}: {1}", each.Name, client.Closure);

            var report = await server.ReportAsync(Guard);
            DeflateSettings.Parse(report.Extensions).Should().Be(each.Agreed, each.Name);
            if (report.Received is { } received) received.Should().BeLessThan(DeflateCorpus.Length / 2, "what we send is compressed: {0}", each.Name);
            if (report.Sent is { } sent) sent.Should().BeLessThan(DeflateCorpus.Length / 2, "what the server sends is compressed: {0}", each.Name);
        }
    }

    [PeerFact]
    public async Task Nothing_is_agreed_on_where_nothing_is_offered()
    {
        await using var server = await StartAsync([new()]);
        await using var client = await ConnectAsync(new(server.Address, "/echo"));
        client.Extensions.Should().BeEmpty();
        await client.EchoAsync(DeflateCorpus.Messages, Guard);
    }

    [PeerFact]
    public async Task What_comes_again_is_found_as_far_as_contexts_reach()
    {
        await using var server = await StartAsync([Defaults]);
        foreach (var asked in Repetition.Settings)
        {
            await using var stream = await CountingStream.ConnectAsync(server.Address, Guard);
            await using var client = await WebSocketConnection.ConnectAsync(
                stream, new(server.Address, "/echo"), new() { Extensions = [asked.ToExtension()] }, Guard);
            DeflateSettings.Parse(client.Extensions.Single().ToString()).Should().Be(asked);
            var traffic = new List<Traffic>();
            foreach (var message in Repetition.Messages)
            {
                var before = stream.Traffic;
                await client.EchoAsync([message], Guard);
                traffic.Add(stream.Traffic - before);
            }
            Repetition.Check(traffic.Select(each => each.Sent), asked.ClientMaxWindowBits, !asked.ClientNoContextTakeover, $"from the client, {asked}");
            Repetition.Check(traffic.Select(each => each.Received), asked.ServerMaxWindowBits, !asked.ServerNoContextTakeover, $"from the server, {asked}");
        }
    }

    /// <summary>What the server is told where nothing is asked of it, except to compress short messages too.</summary>
    private protected virtual DeflateSettings Defaults => new();

    /// <summary>Whether the server can be told to answer as the case wants.</summary>
    private protected virtual bool CanAnswer(DeflateCase each) => true;

    /// <summary>Starts the server with an address for each of the settings.</summary>
    private protected abstract Task<IPeerServer> StartAsync(IReadOnlyList<DeflateSettings> settings);

    private protected ValueTask<WebSocketConnection> ConnectAsync(Uri address, params IReadOnlyList<WebSocketExtension> extensions) =>
        WebSocketClient.ConnectAsync(address, new() { Extensions = extensions, MaxMessageSize = 16 * 1024 * 1024 }, Guard);
}
