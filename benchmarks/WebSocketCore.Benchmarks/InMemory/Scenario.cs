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
public sealed record Scenario(Work Work, Content Content, int Size, int Batch, WebSocketRole Role)
{
    /// <summary>The sizes that are compared.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [32, 125, 1024, 16 * 1024, 1024 * 1024];

    public string Name =>
        $"{Work}{(Work == Work.Echo ? Batch : "")}{(Role == WebSocketRole.Client ? "-masked" : "")}/{Content}/{Describe(Size)}".ToLowerInvariant();

    /// <summary>About 32 KiB of messages at once, at most 64, at least one.</summary>
    public static int DefaultBatch(int size) => Math.Clamp(32 * 1024 / size, 1, 64);

    public static string Describe(int size) => size switch
    {
        >= 1024 * 1024 => $"{size / (1024 * 1024)}MiB",
        >= 1024 => $"{size / 1024}KiB",
        _ => $"{size}B",
    };
}
