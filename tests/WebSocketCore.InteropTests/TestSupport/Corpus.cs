using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>A message that goes there and back in every pair of peers; in several fragments where the sender can.</summary>
internal sealed record SampleMessage(string Name, MessageKind Kind, params byte[][] Parts)
{
    public byte[] Whole => [.. Parts.SelectMany(part => part)];
}

/// <summary>What a peer tells of a connection.</summary>
internal sealed record PeerReport
{
    public int Port { get; init; }

    public string[] Echoed { get; init; } = [];

    public string? Subprotocol { get; init; }

    /// <summary>Sec-WebSocket-Extensions of the response.</summary>
    public string? Extensions { get; init; }

    /// <summary>What came in over the wire, in bytes, if the peer can tell.</summary>
    public long? Received { get; init; }

    /// <summary>What went out over the wire, in bytes, if the peer can tell.</summary>
    public long? Sent { get; init; }

    public string? Pong { get; init; }

    public int Code { get; init; }

    public string Reason { get; init; } = "";

    public static PeerReport Parse(string line) => JsonSerializer.Deserialize<PeerReport>(line, JsonSerializerOptions.Web)!;
}

internal static class Corpus
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    public static SampleMessage[] Messages { get; } =
    [
        Text("text", "Hello, WebSocket"),
        Text("empty text", ""),
        Text("unicode", "Grüße, 世界, 𝄞, 👩‍👩‍👧‍👦, \u0000\uFFFD\U0010FFFF"),
        Text("125 bytes", new string('a', 125)),
        Text("126 bytes", new string('b', 126)),
        Text("65535 bytes", new string('c', 65535)),
        Text("65536 bytes", new string('d', 65536)),
        Text("1 MiB of text", string.Concat(Enumerable.Repeat("Grüße, 世界!", 65536))),
        Text("fragmented text", "Grü", "", "ße, 世", "界"),
        new("text cut in a character", MessageKind.Text, [0xF0, 0x9D], [0x84], [0x9E, 0x21]),
        Binary("binary", 256),
        Binary("empty binary", 0),
        Binary("1 MiB of binary", 1024 * 1024),
        Binary("fragmented binary", 1, 0, 70_000, 125, 3),
    ];

    public static IEnumerable<string> Names => Messages.Select(message => message.Name);

    public static string Json => ToJson(Messages);

    /// <summary>Messages, or what has some, as the scripts of the folder peers read it.</summary>
    public static string ToJson<T>(T value) => JsonSerializer.Serialize(value, Format);

    public static SampleMessage Text(string name, params string[] parts) => new(name, MessageKind.Text, [.. parts.Select(Encoding.UTF8.GetBytes)]);

    /// <summary>A message of bytes that look random and are the same every time.</summary>
    public static SampleMessage Binary(string name, params int[] lengths)
    {
        var random = new Random(lengths[0]);
        return new(name, MessageKind.Binary, [.. lengths.Select(length =>
        {
            var part = new byte[length];
            random.NextBytes(part);
            return part;
        })]);
    }
}
