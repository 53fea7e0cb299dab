using LoadTest.Traffic;

namespace LoadTest.Comparison;

/// <summary>What is to be compared, and how.</summary>
internal sealed record Plan(IReadOnlyList<Server> Servers, IReadOnlyList<Workload> Workloads)
{
    /// <summary>How many samples are taken of each server in each workload.</summary>
    public required int Rounds { get; init; }

    /// <summary>How long a sample takes.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>How long a server is at least under the load of a workload before its first sample.</summary>
    public required TimeSpan WarmUp { get; init; }

    /// <summary>How much of one core others may use while a sample is taken.</summary>
    public required double MaxDisturbance { get; init; }

    public required int ServerCore { get; init; }

    public required int ClientCore { get; init; }
}
