using System.Runtime.InteropServices;
using System.Text.Json;

namespace LoadTest.Comparison;

/// <summary>The peers that npm provides, in a folder of their own in artifacts/. Versions are pinned, so that tables of different days compare.</summary>
internal static class Packages
{
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>The package with the program bun.</summary>
    public static readonly string BunPackage = IsArm ? "@oven/bun-linux-aarch64" : "@oven/bun-linux-x64";

    /// <summary>The package with the program deno.</summary>
    public static readonly string DenoPackage = IsArm ? "@deno/linux-arm64-glibc" : "@deno/linux-x64-glibc";

    private static readonly (string Name, string Version)[] Pinned = [(BunPackage, "1.4.5"), (DenoPackage, "2.9.6"), ("ws", "8.23.0"), ("bufferutil", "4.1.0")];

    private static readonly string Folder = Path.Combine(Repository.Root, "artifacts", "load-peers");

    public static string Modules { get; } = Path.Combine(Folder, "node_modules");

    public static string Bun => Path.Combine(Modules, BunPackage, "bin", "bun");

    public static string Deno => Path.Combine(Modules, DenoPackage, "deno");

    /// <summary>The version of a package that is installed; empty where it is not.</summary>
    public static string VersionOf(string package)
    {
        string file = Path.Combine(Modules, package, "package.json");
        if (!File.Exists(file)) return "";
        using var description = JsonDocument.Parse(File.ReadAllText(file));
        return description.RootElement.GetProperty("version").GetString()!;
    }

    /// <summary>Installs what is not there yet in its version. Nothing that the packages bring along is run.</summary>
    /// <exception cref="LoadException">npm is missing or fails.</exception>
    public static void Install()
    {
        if (Array.TrueForAll(Pinned, package => VersionOf(package.Name) == package.Version)) return;
        Directory.CreateDirectory(Folder);
        ProgramOutput.Run(
            "npm",
            ["install", "--prefix", Folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", .. Pinned.Select(package => $"{package.Name}@{package.Version}")]);
    }
}
