namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>Programs that the tests need beyond .NET.</summary>
public enum Peer
{
    /// <summary>Node.js with the package ws.</summary>
    Node,

    /// <summary>Python with the package websockets.</summary>
    Python,

    /// <summary>Chromium, and Node.js with the package playwright-core to drive it.</summary>
    Chromium,
}

/// <summary>
/// Where the peers are. Environment variables say it where the usual places do not hold: WEBSOCKETCORE_NODE, WEBSOCKETCORE_NODE_MODULES,
/// WEBSOCKETCORE_PYTHON, WEBSOCKETCORE_CHROMIUM. Tests of a peer that is not there are skipped, unless WEBSOCKETCORE_REQUIRE_PEERS is 1.
/// </summary>
internal static class Peers
{
    public static string Node { get; } = Setting("NODE") ?? "node";

    public static string Python { get; } = Setting("PYTHON") ?? (File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3");

    public static string Chromium { get; } = Setting("CHROMIUM") ?? (File.Exists("/usr/bin/chromium") ? "/usr/bin/chromium" : "chromium");

    public static string NodeModules { get; } = Setting("NODE_MODULES") ?? Path.Combine(RepositoryRoot(), "artifacts", "peers", "node_modules");

    private static readonly Dictionary<Peer, Lazy<string?>> Missing = new()
    {
        [Peer.Node] = new(() => IsInPath(Node) && HasPackage("ws") ? null : "Node.js with the package ws was not found; .ci/run installs it."),
        [Peer.Python] = new(() => HasWebSockets() ? null : "Python 3 with the package websockets was not found; .ci/run installs it."),
        [Peer.Chromium] = new(() => IsInPath(Node) && HasPackage("playwright-core") && IsInPath(Chromium)
            ? null : "Chromium, and Node.js with the package playwright-core, were not found; .ci/run installs them."),
    };

    /// <summary>Why tests of the peer are skipped; null where they are not.</summary>
    public static string? SkipReason(Peer peer) => Setting("REQUIRE_PEERS") == "1" ? null : Missing[peer].Value;

    /// <summary>Starts a script of the folder peers with the program that runs it.</summary>
    public static ChildProcess Start(Peer peer, string script, params string[] arguments)
    {
        if (Missing[peer].Value is { } reason) throw new InvalidOperationException(reason);
        return ChildProcess.Start(
            peer == Peer.Python ? Python : Node,
            [Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments],
            new() { ["NODE_PATH"] = NodeModules, ["CHROMIUM"] = Chromium, ["PYTHONUTF8"] = "1" });
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable("WEBSOCKETCORE_" + name) is { Length: > 0 } value ? value : null;

    private static bool HasPackage(string name) => File.Exists(Path.Combine(NodeModules, name, "package.json"));

    private static bool IsInPath(string command) =>
        Path.IsPathRooted(command)
            ? File.Exists(command)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
                .Any(folder => File.Exists(Path.Combine(folder, command)) || File.Exists(Path.Combine(folder, command + ".exe")));

    private static bool HasWebSockets()
    {
        if (!IsInPath(Python)) return false;
        using var python = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Python, ["-c", "import websockets"]) { RedirectStandardError = true })!;
        python.StandardError.ReadToEnd();
        python.WaitForExit();
        return python.ExitCode == 0;
    }

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "WebSocketCore.sln"))) return folder.FullName;
        }
        return AppContext.BaseDirectory;
    }
}
