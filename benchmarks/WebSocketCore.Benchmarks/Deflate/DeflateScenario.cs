using WebSocketCore.Benchmarks.InMemory;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>A library that compresses.</summary>
internal enum Library
{
    /// <summary>System.Net.WebSockets.</summary>
    System,

    /// <summary>WebSocketCore.</summary>
    Core,
}

/// <summary>One kind of work of a server on compressed messages.</summary>
/// <param name="Work">Receive or send.</param>
/// <param name="Takeover">Whether contexts are kept.</param>
/// <param name="Size">The length of each message in bytes, before it is compressed.</param>
internal sealed record DeflateScenario(Work Work, bool Takeover, int Size)
{
    public static IReadOnlyList<DeflateScenario> All { get; } =
    [
        .. from work in new[] { Work.Send, Work.Receive }
           from takeover in new[] { true, false }
           from size in new[] { 100, 1024, 16 * 1024, 1024 * 1024 }
           select new DeflateScenario(work, takeover, size),
    ];

    public string Name => $"{Work}/{(Takeover ? "takeover" : "no-takeover")}/{Size}".ToLowerInvariant();

    /// <summary>How many different messages go round.</summary>
    public int Count => Math.Clamp(1024 * 1024 / Size, 4, 256);
}
