namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>A server that is a script of the folder peers.</summary>
internal sealed class ScriptServer : IPeerServer
{
    private readonly ChildProcess _process;

    private ScriptServer(ChildProcess process, IReadOnlyList<Uri> addresses)
    {
        _process = process;
        Addresses = addresses;
    }

    public IReadOnlyList<Uri> Addresses { get; }

    /// <summary>Starts it with its own settings of compression, or with others, each on a port.</summary>
    public static async Task<IPeerServer> StartAsync(Peer peer, string script, IReadOnlyList<DeflateSettings> settings, CancellationToken cancellationToken)
    {
        var process = Peers.Start(peer, script, [.. settings.Select(Corpus.ToJson)]);
        var addresses = new List<Uri>();
        while (addresses.Count < Math.Max(settings.Count, 1))
            addresses.Add(new($"ws://127.0.0.1:{PeerReport.Parse(await process.ReadLineAsync(cancellationToken)).Port}/"));
        return new ScriptServer(process, addresses);
    }

    public async Task<PeerReport> ReportAsync(CancellationToken cancellationToken) => PeerReport.Parse(await _process.ReadLineAsync(cancellationToken));

    public ValueTask DisposeAsync()
    {
        _process.Dispose();
        return default;
    }
}
