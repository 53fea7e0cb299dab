namespace LoadTest.Traffic;

/// <summary>What the clients of a workload do.</summary>
internal enum TrafficKind
{
    /// <summary>Each connection sends its messages, waits until all have come back, and sends the next ones.</summary>
    Echo,

    /// <summary>Connect, upgrade, closing handshake, and again.</summary>
    Handshakes,

    /// <summary>Connections that are silent, then say one thing, and are silent again.</summary>
    Idle,
}

/// <summary>What is in a message.</summary>
internal enum PayloadKind
{
    /// <summary>Text of ASCII characters.</summary>
    Ascii,

    /// <summary>Text, mostly Chinese characters of three bytes, with some emoji, accented letters and spaces.</summary>
    Chinese,

    /// <summary>Random bytes.</summary>
    Binary,
}

/// <summary>What the generator asks of a server.</summary>
/// <param name="Name">The name on the command line and in tables.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="Connections">How many connections there are at a time.</param>
/// <param name="Payload">What is in a message.</param>
/// <param name="Size">The bytes of payload of a message.</param>
/// <param name="Depth">How many messages a connection has in flight: they leave in one write, as one write's worth of a busy client would.</param>
internal sealed record Workload(string Name, string Description, int Connections, PayloadKind Payload, int Size, int Depth)
{
    public TrafficKind Kind { get; init; } = TrafficKind.Echo;

    /// <summary>How many addresses the clients come from, so that ports do not run out.</summary>
    public int Sources { get; init; } = 1;

    /// <summary>All that there are.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new("pp1", "32 B text, one in flight", 1, PayloadKind.Ascii, 32, 1),
        new("pp64", "32 B text, one in flight", 64, PayloadKind.Ascii, 32, 1),
        new("pp512", "32 B text, one in flight", 512, PayloadKind.Ascii, 32, 1),
        new("pipe16", "32 B text, 16 in flight", 64, PayloadKind.Ascii, 32, 16),
        new("pipe64", "125 B text, 64 in flight", 64, PayloadKind.Ascii, 125, 64),
        new("b1k", "1 KiB binary, 4 in flight", 64, PayloadKind.Binary, 1024, 4),
        new("b16k", "16 KiB binary, 4 in flight", 64, PayloadKind.Binary, 16 * 1024, 4),
        new("b1m", "1 MiB binary, one in flight", 8, PayloadKind.Binary, 1024 * 1024, 1),
        new("utf16k", "16 KiB of Chinese text and emoji, 4 in flight", 64, PayloadKind.Chinese, 16 * 1024, 4),
        new("hs", "connect, upgrade, closing handshake", 64, PayloadKind.Ascii, 32, 1) { Kind = TrafficKind.Handshakes, Sources = 16 },
        new("idle", "silent connections", 10_000, PayloadKind.Ascii, 32, 1) { Kind = TrafficKind.Idle, Sources = 4 },
    ];

    public override string ToString() => Name;
}
