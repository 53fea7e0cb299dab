namespace LoadTest.Traffic;

/// <summary>Each connection sends its messages in one write, waits until all of them have come back, and sends the next ones.</summary>
internal sealed class EchoTraffic(Workload workload, int port, CancellationToken cancellation) : TrafficLoop(workload, port, cancellation)
{
    private bool _isStopping;

    protected override void OnOpened(ClientConnection connection) => SendMessages(connection, Workload.Depth);

    protected override void OnEchoes(ClientConnection connection, int messages)
    {
        Operations += messages;
        if (connection.InFlight == 0 && !_isStopping) SendMessages(connection, Workload.Depth);
    }

    protected override void Stop() => _isStopping = true;
}
