namespace LoadTest.Traffic;

/// <summary>Connections that say nothing, except when they are told to say one thing each.</summary>
internal sealed class IdleTraffic(Workload workload, int port, CancellationToken cancellation) : TrafficLoop(workload, port, cancellation)
{
    /// <summary>How many connections speak at a time.</summary>
    private const int Speakers = 64;

    private int _speaking;

    /// <summary>Each connection sends one message and waits for its echo.</summary>
    public void SendOneEach()
    {
        int next = 0;
        RunWhile(() =>
        {
            for (; next < Connections.Length && _speaking < Speakers; next++, _speaking++) SendMessages(Connections[next], 1);
            return next < Connections.Length || _speaking > 0;
        });
    }

    protected override bool IsSilenceExpected => _speaking == 0 && ConnectionCount == Connections.Length;

    protected override void OnOpened(ClientConnection connection)
    {
    }

    protected override void OnEchoes(ClientConnection connection, int messages)
    {
        Operations += messages;
        _speaking -= messages;
    }
}
