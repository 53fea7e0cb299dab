using System.Net;
using System.Text.RegularExpressions;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Readme;

public partial class ReadmeTests
{
    private static string ReadmeText => File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    [Fact]
    public void Every_example_is_code_that_compiles()
    {
        var code = Lines(File.ReadAllText(Path.Combine(Repository.Root, "tests/WebSocketCore.Tests/Readme/ReadmeExamples.cs"))).ToHashSet();
        var examples = CSharpBlock().Matches(ReadmeText);
        examples.Count.Should().BeGreaterThan(4);
        foreach (Match example in examples)
            Lines(example.Groups[1].Value).Should().BeSubsetOf(code);
    }

    [Fact]
    public void Defaults_in_the_table_are_the_real_ones()
    {
        var server = new WebSocketListenerOptions();
        var rows = TableRow().Matches(ReadmeText).ToDictionary(row => row.Groups[1].Value, row => row.Groups[2].Value.Trim());
        Bytes(rows["MaxMessageSize"]).Should().Be(server.MaxMessageSize);
        Number(rows["MaxFragments"]).Should().Be(server.MaxFragments);
        Number(rows["MaxEmptyFragments"]).Should().Be(server.MaxEmptyFragments);
        Bytes(rows["MaxHandshakeBytes"]).Should().Be(server.MaxHandshakeBytes);
        Number(rows["MaxHandshakeHeaders"]).Should().Be(server.MaxHandshakeHeaders);
        Seconds(rows["HandshakeTimeout"]).Should().Be(server.HandshakeTimeout);
        Seconds(rows["ConnectTimeout"]).Should().Be(new WebSocketConnectOptions().ConnectTimeout);
        Seconds(rows["KeepAliveInterval"]).Should().Be(server.KeepAliveInterval);
        Seconds(rows["KeepAliveTimeout"]).Should().Be(server.KeepAliveTimeout);
        rows["IdleTimeout"].Should().Be("none");
        server.IdleTimeout.Should().Be(Timeout.InfiniteTimeSpan);
        Seconds(rows["CloseTimeout"]).Should().Be(server.CloseTimeout);
        rows["Origins"].Should().Be("any");
        server.Origins.Should().BeSameAs(WebSocketCore.Handshake.OriginPolicy.Any);
        rows["Extensions"].Should().Be("none");
        server.Extensions.Should().BeEmpty();
        Number(rows["MaxConnections"]).Should().Be(server.MaxConnections);
        Number(rows["Backlog"]).Should().Be(server.Backlog);
        Seconds(rows["StopTimeout"]).Should().Be(server.StopTimeout);
    }

    [Fact]
    public async Task Compression_example_compresses_and_reaches_everybody()
    {
        var text = string.Concat(Enumerable.Repeat("{\"answer\":42},", 20));
        await using var listener = ReadmeExamples.Start(new IPEndPoint(IPAddress.Loopback, 0), async (ws, ct) =>
        {
            ws.Extensions.Should().HaveCount(ws.Request!.Headers.Contains("Sec-WebSocket-Extensions") ? 1 : 0);
            await ReadmeExamples.BroadcastAsync([ws, ws], text, ct);
        });
        foreach (var extensions in new WebSocketExtension[][] { [], [new PermessageDeflate()] })
        {
            await using var client = await WebSocketClient.ConnectAsync(
                new Uri($"ws://{listener.EndPoint}/"), new WebSocketConnectOptions { Extensions = extensions });
            client.Extensions.Should().HaveCount(extensions.Length);
            for (var i = 0; i < 2; i++) (await client.ReceiveAsync())!.Value.GetText().Should().Be(text);
        }
    }

    [Fact]
    public async Task Pipe_example_echoes_to_the_client_example()
    {
        var pair = new DuplexPair();
        var serving = ReadmeExamples.ServeAsync(pair.Server, default);
        await using var client = await WebSocketConnection.ConnectAsync(pair.Client, new Uri("ws://localhost/"));
        await ReadmeExamples.ComposeAsync(client, new { Answer = 42 }, default);
        (await client.ReceiveAsync())!.Value.GetText().Should().Be("""{"Answer":42}""");

        using var copy = new MemoryStream();
        await ReadmeExamples.StreamAsync(client, new MemoryStream(new byte[100_000]), copy, default);
        copy.Length.Should().Be(100_000);
        await client.CloseAsync();
        await serving;
    }

    [Fact]
    public async Task Stream_example_refuses_who_is_not_logged_in()
    {
        var pair = new DuplexPair();
        var serving = ReadmeExamples.ServeAsync(new DuplexStream(pair.Server), default);
        var connecting = async () => await WebSocketConnection.ConnectAsync(pair.Client, new Uri("ws://localhost/"));
        (await connecting.Should().ThrowAsync<WebSocketHandshakeException>()).Which.StatusCode.Should().Be(401);
        await serving;
    }

    [Fact]
    public async Task Client_example_talks_over_sockets()
    {
        await using var listener = WebSocketListener.Start(
            new(System.Net.IPAddress.Loopback, 0),
            async (ws, ct) =>
            {
                await foreach (var message in ws.ReadAllAsync(ct)) await ws.SendAsync(message, ct);
            },
            new WebSocketListenerOptions { Subprotocols = ["chat.v1"] });
        await ReadmeExamples.TalkAsync(new Uri($"ws://{listener.EndPoint}/"), default);
    }

    [Fact]
    public async Task Listener_example_stops()
    {
        var shutdown = new TaskCompletionSource();
        var listening = ReadmeExamples.ListenAsync(shutdown.Task);
        shutdown.SetResult();
        await listening;
    }

    [Fact]
    public void Codec_example_finds_the_broken_rule()
    {
        // RFC 6455 5.7: a single-frame masked text message.
        var frame = Convert.FromHexString("818537FA213D7F9F4D5158");
        ReadmeExamples.Inspect(frame, WebSocketRole.Server).Should().Be(ProtocolError.None);
        ReadmeExamples.Inspect(frame, WebSocketRole.Client).Should().Be(ProtocolError.UnexpectedMask);
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 1);

    private static long Bytes(string text)
    {
        var unit = text.EndsWith("KiB", StringComparison.Ordinal) ? 1024 : text.EndsWith("MiB", StringComparison.Ordinal) ? 1024 * 1024 : 1;
        return Number(text[..^3]) * unit;
    }

    private static long Number(string text) => long.Parse(text.Replace(",", "", StringComparison.Ordinal).Trim(), System.Globalization.CultureInfo.InvariantCulture);

    private static TimeSpan Seconds(string text)
    {
        text.Should().EndWith(" s");
        return TimeSpan.FromSeconds(Number(text[..^2]));
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"^\| `(\w+)` \| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}
