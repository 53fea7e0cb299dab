using System.Diagnostics.CodeAnalysis;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>What is done with messages.</summary>
public enum Work
{
    Receive,
    Send,
    Echo,
}

/// <summary>One kind of work on one kind of message.</summary>
/// <param name="Work">What is done.</param>
/// <param name="Content">What the messages hold.</param>
/// <param name="Size">The length of each in bytes.</param>
/// <param name="Batch">How many messages the transport gives at once.</param>
/// <param name="Role">Which end works. What a server receives and a client sends is masked.</param>
[SuppressMessage("Design", "CA1036", Justification = "Comparable for BenchmarkDotNet alone, which sorts its rows.")]
public sealed record Scenario(Work Work, Content Content, int Size, int Batch, WebSocketRole Role) : IComparable
{
    private static readonly int[] Sizes = [32, 125, 1024, 16 * 1024, 1024 * 1024];

    /// <summary>Everything that is compared.</summary>
    public static IReadOnlyList<Scenario> All { get; } = [.. Enumerate()];

    public string Name =>
        $"{Work}{(Work == Work.Echo ? Batch : "")}{(Role == WebSocketRole.Client ? "-masked" : "")}/{Content}/{Describe(Size)}".ToLowerInvariant();

    public override string ToString() => Name;

    // The order of a summary's rows.
    int IComparable.CompareTo(object? other) => IndexOf(this).CompareTo(IndexOf(other as Scenario));

    private static IEnumerable<Scenario> Enumerate()
    {
        foreach (var (work, role) in new[]
        {
            (Work.Receive, WebSocketRole.Server), (Work.Send, WebSocketRole.Server), (Work.Send, WebSocketRole.Client),
        })
        {
            foreach (var content in Enum.GetValues<Content>())
            {
                // Masking is the same for all.
                if (role == WebSocketRole.Client && content != Content.Binary) continue;
                foreach (var size in Sizes) yield return new Scenario(work, content, size, DefaultBatch(size), role);
            }
        }
        foreach (var (content, size, batch) in new[]
        {
            (Content.Ascii, 32, 1), (Content.Ascii, 32, 16), (Content.Ascii, 32, 64), (Content.Binary, 125, 16), (Content.Binary, 125, 64),
            (Content.Binary, 1024, 4), (Content.Binary, 16 * 1024, 4), (Content.Chinese, 16 * 1024, 4), (Content.Binary, 1024 * 1024, 1),
        })
        {
            yield return new Scenario(Work.Echo, content, size, batch, WebSocketRole.Server);
        }
    }

    private static int IndexOf(Scenario? scenario) => scenario is null ? -1 : All.ToList().IndexOf(scenario);

    /// <summary>About 32 KiB of messages at once, at most 64, at least one.</summary>
    private static int DefaultBatch(int size) => Math.Clamp(32 * 1024 / size, 1, 64);

    private static string Describe(int size) => size switch
    {
        >= 1024 * 1024 => $"{size / (1024 * 1024)}MiB",
        >= 1024 => $"{size / 1024}KiB",
        _ => $"{size}B",
    };
}
