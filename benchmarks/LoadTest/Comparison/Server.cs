namespace LoadTest.Comparison;

/// <summary>An echo server that can take part. It listens on a port of 127.0.0.1 that it is told, and does not compress.</summary>
/// <param name="Name">The name on the command line and in tables.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="Command">The program and its arguments, for a port. The process is the server itself, not a shell around it.</param>
/// <param name="Version">What exactly it is, where that can be known.</param>
internal sealed record Server(string Name, string Description, Func<int, string[]> Command, Func<string> Version)
{
    /// <summary>Whether it takes part if no others are asked for.</summary>
    public bool IsDefault { get; init; } = true;

    /// <summary>Whether it comes from npm, so that packages have to be there first.</summary>
    public bool NeedsPackages { get; init; }

    /// <summary>Environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public override string ToString() => Name;
}
