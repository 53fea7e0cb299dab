namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>Somebody else's server: /echo, /fragments (an echo in fragments), /ping and /close.</summary>
internal interface IPeerServer : IAsyncDisposable
{
    /// <summary>Where it listens: one address for each setting of compression that it was started with.</summary>
    IReadOnlyList<Uri> Addresses { get; }

    Uri Address => Addresses[0];

    /// <summary>How the next connection ended, as the server saw it.</summary>
    Task<PeerReport> ReportAsync(CancellationToken cancellationToken);
}
