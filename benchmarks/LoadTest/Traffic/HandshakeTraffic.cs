namespace LoadTest.Traffic;

/// <summary>Each connection is closed as soon as it is open, and made anew as soon as it is closed.</summary>
internal sealed class HandshakeTraffic(Workload workload, int port, CancellationToken cancellation) : TrafficLoop(workload, port, cancellation)
{
    private bool _isStopping;

    // They are opened all the time.
    protected override bool IsOpening => false;

    protected override void OnOpened(ClientConnection connection) => StartClosing(connection);

    protected override void OnEnded(ClientConnection connection)
    {
        Operations++;
        if (!_isStopping) Start(connection);
    }

    protected override void Stop() => _isStopping = true;
}
