using System.Reflection;
using System.Runtime.InteropServices;

namespace LoadTest.Comparison;

/// <summary>All servers that are known by name.</summary>
internal static class Servers
{
    // What the socket engine of .NET can be told: to run the application's code on the thread that waits for events, without a hand-off to the thread pool.
    private static readonly Dictionary<string, string> InlineCompletions = new() { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" };

    public static IReadOnlyList<Server> All { get; } =
    [
        new("epoll", "WebSocketCore, event-loop transport", port => EchoServer(port, "--transport", "epoll"), WebSocketCoreVersion),
        new("sockets", "WebSocketCore, sockets transport", port => EchoServer(port), WebSocketCoreVersion),
        new("sockets-inline", "WebSocketCore, sockets transport, inline socket completions", port => EchoServer(port), WebSocketCoreVersion)
        {
            IsDefault = false,
            Environment = InlineCompletions,
        },
        new("bun", "Bun (uWebSockets)", port => [Packages.Bun, Script("bun.js"), Text(port)], () => $"Bun {Packages.VersionOf(Packages.BunPackage)}") { NeedsPackages = true },
        new("deno", "Deno (fastwebsockets)", port => [Packages.Deno, "run", "--quiet", "--no-check", "--no-config", "--no-lock", "--allow-net=127.0.0.1", Script("deno.js"), Text(port)],
            () => $"Deno {Packages.VersionOf(Packages.DenoPackage)}")
        {
            NeedsPackages = true,
            Environment = new Dictionary<string, string> { ["DENO_NO_UPDATE_CHECK"] = "1" },
        },
        new("ws", "Node.js with ws and bufferutil", port => ["node", Script("ws.js"), Text(port)],
            () => $"Node.js {ProgramOutput.FirstLine("node", "--version")}, ws {Packages.VersionOf("ws")}, bufferutil {Packages.VersionOf("bufferutil")}")
        {
            NeedsPackages = true,
            Environment = new Dictionary<string, string> { ["NODE_PATH"] = Packages.Modules },
        },
        new("kestrel", "Kestrel with System.Net.WebSockets", port => [DotNet, Assembly("KestrelEcho"), Text(port)], () => RuntimeInformation.FrameworkDescription),
        new("kestrel-inline", "Kestrel with System.Net.WebSockets, inline socket completions", port => [DotNet, Assembly("KestrelEcho"), Text(port)],
            () => RuntimeInformation.FrameworkDescription)
        {
            IsDefault = false,
            Environment = InlineCompletions,
        },
    ];

    private static string DotNet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>A server that the command line describes: NAME=COMMAND, with {port} where the port belongs.</summary>
    /// <exception cref="LoadException">It is not of this form.</exception>
    public static Server Custom(string text)
    {
        string[] parts = text.Split('=', 2);
        if (parts.Length < 2 || parts[0].Length == 0 || !parts[1].Contains("{port}", StringComparison.Ordinal))
            throw new LoadException($"A server is NAME=COMMAND, and the command has {{port}} where the port belongs, not '{text}'.");
        return new Server(parts[0], $"`{parts[1]}`", port => ["/bin/sh", "-c", "exec " + parts[1].Replace("{port}", Text(port), StringComparison.Ordinal)], () => "");
    }

    private static string[] EchoServer(int port, params string[] options) => [DotNet, Assembly("EchoServer"), "--port", Text(port), "--no-deflate", .. options];

    /// <summary>Where the build has put a server.</summary>
    private static string Assembly(string name) =>
        typeof(Servers).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == name).Value!;

    private static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "peers", name);

    private static string WebSocketCoreVersion()
    {
        string version = typeof(WebSocketCore.WebSocketRole).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        // The commit, shortened.
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        if (plus >= 0) version = version[..Math.Min(version.Length, plus + 8)];
        return $"WebSocketCore {version}, {RuntimeInformation.FrameworkDescription}";
    }

    private static string Text(int port) => port.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
