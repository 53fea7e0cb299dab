using LoadTest.Traffic;

namespace LoadTest.Comparison;

/// <summary>How a server has done in a workload, over all rounds.</summary>
internal sealed class Result(Server server, Workload workload)
{
    public Server Server { get; } = server;

    public Workload Workload { get; } = workload;

    /// <summary>Why there are no figures; null where there are.</summary>
    public string? Failure { get; set; }

    /// <summary>Whether there is something to show.</summary>
    public bool HasFigures => Failure is null && Main.Count > 0;

    /// <summary>CPU time of the server for a message or handshake in microseconds, or resident bytes for a fresh idle connection.</summary>
    public Samples Main { get; } = new();

    /// <summary>Idle connections only: resident bytes for one that was used once.</summary>
    public Samples Used { get; } = new();

    /// <summary>Messages or handshakes a second.</summary>
    public Samples Rate { get; } = new();

    /// <summary>Which part of its core the server has used.</summary>
    public Samples ServerLoad { get; } = new();

    /// <summary>Which part of the time the generator had something to do.</summary>
    public Samples ClientLoad { get; } = new();

    /// <summary>How many samples were thrown away because others used the machine.</summary>
    public int Discarded { get; set; }

    /// <summary>How many samples were kept although others used the machine: it did not get quieter.</summary>
    public int Disturbed { get; set; }

    public void Add(Measurement sample)
    {
        Main.Add(sample.ServerMicroseconds);
        Rate.Add(sample.OperationsPerSecond);
        ServerLoad.Add(sample.ServerLoad);
        ClientLoad.Add(sample.ClientLoad);
    }

    public void Add(IdleMeasurement sample)
    {
        Main.Add(sample.FreshBytes);
        Used.Add(sample.UsedBytes);
    }
}
