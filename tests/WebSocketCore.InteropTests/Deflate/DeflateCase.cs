using System.Text;
using System.Text.Json;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

/// <summary>A connection with compression: what the client offers, what the server is set to, and the path, which says how it echoes.</summary>
internal sealed record DeflateCase(string Name, DeflateSettings Client, DeflateSettings Server, string Path = "/echo")
{
    private static readonly DeflateSettings Defaults = new();

    public static DeflateCase[] All { get; } =
    [
        new("the defaults", Defaults, Defaults),
        new("the defaults, in fragments", Defaults, Defaults, "/fragments"),
        .. Asked("the server keeps no context", new() { ServerNoContextTakeover = true }),
        .. Asked("the client keeps no context", new() { ClientNoContextTakeover = true }),
        .. Asked("nobody keeps a context", new() { ServerNoContextTakeover = true, ClientNoContextTakeover = true }, "/fragments"),
        .. Asked("the smallest window of the server", new() { ServerMaxWindowBits = 9 }),
        .. Asked("a small window of the server", new() { ServerMaxWindowBits = 12 }),
        .. Asked("the smallest window of the client", new() { ClientMaxWindowBits = 9 }),
        .. Asked("a small window of the client", new() { ClientMaxWindowBits = 12 }),
        new("a window of each end", new() { ClientMaxWindowBits = 12 }, new() { ServerMaxWindowBits = 9 }, "/fragments"),
    ];

    /// <summary>What both must agree on.</summary>
    public DeflateSettings Agreed => Client.With(Server);

    private static IEnumerable<DeflateCase> Asked(string name, DeflateSettings settings, string path = "/echo") =>
        [new($"{name}, as the client asks", settings, Defaults, path), new($"{name}, as the server asks", Defaults, settings, path)];
}

/// <summary>Messages that make compression go wrong if it can.</summary>
internal static class DeflateCorpus
{
    // What comes again is found in the context, in a small window only if it is near; after the noise it is far away, and after the long text gone.
    public static SampleMessage[] Messages { get; } =
    [
        Corpus.Text("empty text", ""),
        Corpus.Text("10 bytes", "0123456789"),
        Corpus.Text("JSON", Json(0, 40)),
        Corpus.Text("the same JSON", Json(0, 40)),
        Corpus.Text("similar JSON", Json(20, 40)),
        Corpus.Binary("empty binary", 0),
        Corpus.Binary("100 KB that cannot be compressed", 100_000),
        Corpus.Text("JSON after noise", Json(0, 40)),
        new("1 MiB of text", MessageKind.Text, Encoding.ASCII.GetBytes(Json(0, 16_000))[..(1024 * 1024)]),
        new("fragmented JSON", MessageKind.Text, [.. Encoding.UTF8.GetBytes(Json(7, 100)).Chunk(1000), []]),
        new("text cut in a character", MessageKind.Text, [0xF0, 0x9D], [], [0x84], [0x9E, 0x21]),
        Corpus.Binary("fragmented binary", 1, 0, 70_000, 125, 3),
        Corpus.Text("JSON at the end", Json(0, 40)),
    ];

    public static IEnumerable<string> Names => Messages.Select(message => message.Name);

    /// <summary>The bytes of all messages without compression.</summary>
    public static int Length => Messages.Sum(message => message.Whole.Length);

    private static string Json(int first, int count)
    {
        string[] tags = ["common", "repeated"];
        return JsonSerializer.Serialize(Enumerable.Range(first, count)
            .Select(id => new { id, name = $"item {id}", price = id * 37 % 1000 / 10.0, available = id % 3 == 0, tags }));
    }
}
