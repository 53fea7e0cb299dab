namespace WebSocketCore.Tests.TestSupport;

/// <summary>The checkout that the tests were built from. Deterministic builds hide its path from the compiler, so it is found from the output folder.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "WebSocketCore.sln")) ? folder : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("No solution above the output folder."));
}
