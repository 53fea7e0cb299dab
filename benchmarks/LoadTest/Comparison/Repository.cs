namespace LoadTest.Comparison;

/// <summary>The clone of the repository from which the program was built.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "WebSocketCore.sln"))) return folder.FullName;
        }
        return Environment.CurrentDirectory;
    }
}
