using System.Text.RegularExpressions;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Architecture;

/// <summary>
/// The folders of src/WebSocketCore are layers. Read from the source: what a file names, outside comments and strings, shows whom it uses.
/// </summary>
public partial class LayerTests
{
    private const string Root = "(root)";
    private const string Connections = "Connections";

    /// <summary>Whom each folder may use besides itself. A new folder needs its line here.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        [Root] = [],
        ["Frames"] = [Root],
        ["Closing"] = [Root],
        ["Messages"] = [Root, "Frames"],
        ["Extensions"] = [Root, "Frames"],
        ["Handshake"] = [Root, "Extensions"],
        ["Protocol"] = [Root, "Frames", "Messages", "Extensions", "Closing"],
        [Connections] = [Root, "Frames", "Closing", "Messages", "Extensions", "Handshake", "Protocol"],
    };

    /// <summary>What only Connections may name: waiting, threads, transports and clocks.</summary>
    private static readonly string[] ConnectionsOnly =
    [
        "async", "await", "lock", "Task", "ValueTask", "TaskCompletionSource", "CancellationToken", "CancellationTokenSource", "IAsyncEnumerable", "IAsyncDisposable",
        "Pipelines", "IDuplexPipe", "PipeReader", "PipeWriter", "Pipe", "Stream", "Socket",
        "Thread", "ThreadPool", "Lock", "Monitor", "Interlocked", "Volatile", "SemaphoreSlim", "Channel",
        "TimeProvider", "ITimer", "Timer", "PeriodicTimer", "DateTime", "DateTimeOffset", "Stopwatch", "TickCount64",
    ];

    private static readonly string SourceFolder = Path.Combine(Repository.Root, "src");

    private static readonly SourceFile[] Core =
        [.. Files(Path.Combine(SourceFolder, "WebSocketCore")).Select(path => new SourceFile(Path.Combine(SourceFolder, "WebSocketCore"), path))];

    [Fact]
    public void The_source_was_found_and_every_folder_has_a_rule()
    {
        Core.Should().HaveCountGreaterThan(40);
        Core.Select(file => file.Folder).Distinct().Should().BeSubsetOf(MayUse.Keys);
        MayUse.Keys.Should().BeSubsetOf(Core.Select(file => file.Folder), "a rule without a folder rules nothing");
    }

    [Fact]
    public void A_folder_names_types_of_the_layers_below_it_only()
    {
        var home = new Dictionary<string, string>();
        foreach (var file in Core)
        {
            foreach (var type in file.DeclaredTypes)
            {
                if (!home.TryAdd(type, file.Folder)) home[type].Should().Be(file.Folder, "{0} is one type, in one folder", type);
            }
        }

        home.Should().HaveCountGreaterThan(40).And.Contain("MessageReceiver", "Protocol").And.Contain("WebSocketRole", Root);
        Core.SelectMany(file => file.Identifiers
                .Where(name => home.TryGetValue(name, out var folder) && !file.MayUse(folder))
                .Select(name => $"{file.Name} uses {name} of {home[name]}"))
            .Should().BeEmpty();
    }

    [Fact]
    public void A_folder_imports_namespaces_of_the_layers_below_it_only() =>
        Core.SelectMany(file => file.UsedNamespaces.Where(folder => !file.MayUse(folder)).Select(folder => $"{file.Name} uses WebSocketCore.{folder}"))
            .Should().BeEmpty();

    [Fact]
    public void Waiting_transports_threads_and_clocks_appear_in_Connections_only()
    {
        Core.Where(file => file.Folder != Connections)
            .SelectMany(file => file.Identifiers.Intersect(ConnectionsOnly).Select(name => $"{file.Name} names {name}"))
            .Should().BeEmpty();
        Core.Where(file => file.Folder == Connections).SelectMany(file => file.Identifiers).Should().Contain(["ValueTask", "PipeReader", "TimeProvider"]);
    }

    [Fact]
    public void A_file_has_the_namespace_of_the_package_or_of_its_folder() =>
        Core.Where(file => file.Namespace != "WebSocketCore" && file.Namespace != "WebSocketCore." + file.Folder)
            .Select(file => $"{file.Name}: {file.Namespace}").Should().BeEmpty();

    [Fact]
    public void Public_types_are_in_three_namespaces() =>
        PublicTypes().Select(type => type.Namespace).Distinct().Should()
            .BeEquivalentTo("WebSocketCore", "WebSocketCore.Frames", "WebSocketCore.Handshake");

    [Fact]
    public void No_file_is_longer_than_400_lines() =>
        Files(SourceFolder).Select(path => (Path.GetFileName(path), Lines: File.ReadLines(path).Count())).Where(file => file.Lines > 400)
            .Should().BeEmpty();

    // Both namespaces can be imported into one file.
    [Fact]
    public void No_public_type_has_the_name_of_one_in_System_Net_WebSockets()
    {
        var taken = new[] { typeof(System.Net.WebSockets.WebSocket), typeof(System.Net.WebSockets.ClientWebSocket), typeof(System.Net.HttpListener) }
            .SelectMany(type => type.Assembly.GetExportedTypes().Concat(type.Assembly.GetForwardedTypes()))
            .Where(type => type.Namespace == "System.Net.WebSockets")
            .Select(type => type.Name)
            .ToHashSet();
        taken.Should().Contain(["WebSocket", "WebSocketException", "WebSocketState", "WebSocketMessageType", "ClientWebSocket"]);
        PublicTypes().Select(type => type.Name).Should().NotIntersectWith(taken);
    }

    [Fact]
    public void Public_classes_are_sealed_static_or_abstract_unless_they_are_options() =>
        PublicTypes().Where(type => type.IsClass && !type.IsSealed && !type.IsAbstract && !type.Name.EndsWith("Options", StringComparison.Ordinal))
            .Should().BeEmpty();

    private static Type[] PublicTypes() => typeof(WebSocketRole).Assembly.GetExportedTypes();

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Intersect(["obj", "bin"]).Any());

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\])+'""", RegexOptions.Singleline)]
    private static partial Regex CommentsAndStrings { get; }

    [GeneratedRegex(@"^(?:public|internal)\b[^(;{=\n]*?\b(?:class|interface|enum|struct|record)\s+(?!class\b|struct\b)(?<type>\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration { get; }

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration { get; }

    [GeneratedRegex(@"(?<!^namespace )\bWebSocketCore\.(?<folder>\w+)", RegexOptions.Multiline)]
    private static partial Regex QualifiedName { get; }

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Identifier { get; }

    private sealed class SourceFile
    {
        public SourceFile(string project, string path)
        {
            var code = CommentsAndStrings.Replace(File.ReadAllText(path), "\"\"");
            Name = Path.GetRelativePath(project, path);
            Folder = Name.Split(Path.DirectorySeparatorChar) is [var folder, _, ..] ? folder : Root;
            Namespace = NamespaceDeclaration.Match(code).Groups["name"].Value;
            DeclaredTypes = [.. TypeDeclaration.Matches(code).Select(match => match.Groups["type"].Value)];
            UsedNamespaces = [.. QualifiedName.Matches(code).Select(match => match.Groups["folder"].Value).Where(LayerTests.MayUse.ContainsKey)];
            Identifiers = [.. Identifier.Matches(code).Select(match => match.Value)];
        }

        public string Name { get; }

        public string Folder { get; }

        public string Namespace { get; }

        public string[] DeclaredTypes { get; }

        public string[] UsedNamespaces { get; }

        public HashSet<string> Identifiers { get; }

        public bool MayUse(string folder) => folder == Folder || LayerTests.MayUse[Folder].Contains(folder);
    }
}
