using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Samples;

/// <summary>The sample EchoServer as a process.</summary>
public sealed partial class EchoServerTests : InteropTest
{
    [Fact]
    public Task It_says_where_it_listens_and_echoes_on_any_path() => EchoesAsync(["permessage-deflate"]);

    [Fact]
    public Task It_does_not_compress_when_told_so() => EchoesAsync([], "--no-deflate");

    [LinuxFact]
    public Task It_does_the_same_on_event_loops() => EchoesAsync(["permessage-deflate"], "--transport", "epoll");

    [Fact]
    public async Task A_message_may_be_as_large_as_the_limit_and_no_larger()
    {
        using var server = ChildProcess.StartSample("EchoServer", "--port", "0", "--max-message-size", "70000");
        await using var client = await ConnectAsync(await AddressAsync(server), "/");
        await client.SendAsync(MessageKind.Binary, new byte[70000], Guard);
        (await client.ReceiveAsync(Guard))!.Value.Length.Should().Be(70000);
        await client.SendAsync(MessageKind.Binary, new byte[70001], Guard);
        (await client.ReceiveAsync(Guard)).Should().BeNull();
        client.Closure!.ReceivedCode.Should().Be(CloseCode.MessageTooBig);
    }

    [Fact]
    public async Task One_bad_client_does_not_disturb_another()
    {
        using var server = ChildProcess.StartSample("EchoServer", "--port", "0");
        var address = await AddressAsync(server);
        await using var good = await ConnectAsync(address, "/");
        using (var bad = new TcpClient())
        {
            await bad.ConnectAsync(IPAddress.Loopback, address.Port, Guard);
            await bad.GetStream().WriteAsync("GARBAGE\r\n\r\n"u8.ToArray(), Guard);
            var answer = await new StreamReader(bad.GetStream()).ReadToEndAsync(Guard);
            answer.Should().StartWith("HTTP/1.1 400 ");
        }
        var gone = await ConnectAsync(address, "/");
        await gone.SendAsync(MessageKind.Binary, new byte[100_000], Guard);
        gone.Abort();
        await gone.Closed.WaitAsync(Guard);

        await good.SendTextAsync("still here", Guard);
        (await good.ReceiveAsync(Guard))!.Value.GetText().Should().Be("still here");
    }

    [Fact]
    public async Task It_has_a_page_at_the_root_and_nothing_else()
    {
        using var server = ChildProcess.StartSample("EchoServer", "--port", "0");
        using var http = new HttpClient { BaseAddress = await AddressAsync(server) };
        using var page = await http.GetAsync("/", Guard);
        page.StatusCode.Should().Be(HttpStatusCode.OK);
        page.Content.Headers.ContentType!.ToString().Should().Be("text/html; charset=utf-8");
        (await page.Content.ReadAsStringAsync(Guard)).Should().StartWith("<!doctype html>").And.EndWith("</html>\n");
        using var icon = await http.GetAsync("/favicon.ico", Guard);
        icon.StatusCode.Should().Be(HttpStatusCode.NoContent);
        using var other = await http.GetAsync("/other", Guard);
        other.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [UnixFact]
    public Task SIGTERM_closes_every_connection_and_ends_it_in_order() => EndsInOrderAsync("TERM");

    [LinuxFact]
    public Task It_does_on_event_loops_too() => EndsInOrderAsync("TERM", "--transport", "epoll");

    [UnixFact]
    public Task Ctrl_C_closes_every_connection_and_ends_it_in_order() => EndsInOrderAsync("INT");

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("--port", "65536")]
    [InlineData("--port", "-1")]
    [InlineData("--port", "http")]
    [InlineData("--port")]
    [InlineData("--max-message-size", "1MB")]
    [InlineData("--host", "")]
    [InlineData("--host", "256.256.256.256")]
    [InlineData("extra")]
    public async Task A_wrong_command_line_is_told_in_one_line(params string[] arguments)
    {
        using var server = ChildProcess.StartSample("EchoServer", arguments);
        var (exitCode, output, errors) = await server.EndAsync(Guard);
        exitCode.Should().Be(2);
        output.Should().BeEmpty();
        errors.Split('\n').Should().HaveCount(2).And.HaveElementAt(1, "");
        errors.Should().Contain(arguments[0]);
    }

    [Fact]
    public async Task A_port_in_use_is_told_in_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var endPoint = (IPEndPoint)taken.LocalEndpoint;
        using var server = ChildProcess.StartSample("EchoServer", "--port", $"{endPoint.Port}");
        var (exitCode, output, errors) = await server.EndAsync(Guard);
        exitCode.Should().Be(1);
        output.Should().BeEmpty();
        errors.Should().StartWith($"Cannot listen on {endPoint}: ").And.Match("*\n").And.NotMatch("*\n*\n");
    }

    internal static async Task<Uri> AddressAsync(ChildProcess server, CancellationToken cancellationToken)
    {
        var line = await server.ReadLineAsync(cancellationToken);
        var match = ListeningLine().Match(line);
        match.Success.Should().BeTrue(line);
        return new Uri(match.Groups[1].Value);
    }

    internal static Uri WebSocketAddress(Uri address, string path) => new($"ws://{address.Authority}{path}");

    private async Task EchoesAsync(string[] agreed, params string[] options)
    {
        using var server = ChildProcess.StartSample("EchoServer", ["--port", "0", .. options]);
        var address = await AddressAsync(server);
        foreach (var path in (string[])["/", "/any/path?at=all"])
        {
            await using var client = await ConnectAsync(address, path, new PermessageDeflate());
            client.Extensions.Select(extension => extension.ToString()).Should().Equal(agreed);
            foreach (var message in Corpus.Messages)
            {
                await client.SendAsync(message.Kind, message.Whole, Guard);
                var echo = await client.ReceiveAsync(Guard);
                echo!.Value.Kind.Should().Be(message.Kind);
                echo.Value.ToArray().AsSpan().SequenceEqual(message.Whole).Should().BeTrue(message.Name);
            }
        }
    }

    private async Task EndsInOrderAsync(string signal, params string[] options)
    {
        using var server = ChildProcess.StartSample("EchoServer", ["--port", "0", .. options]);
        var address = await AddressAsync(server);
        await using var first = await ConnectAsync(address, "/");
        await using var second = await ConnectAsync(address, "/");
        var receiving = (first.ReceiveAsync(Guard).AsTask(), second.ReceiveAsync(Guard).AsTask());
        await server.SignalAsync(signal, Guard);
        (await receiving.Item1).Should().BeNull();
        (await receiving.Item2).Should().BeNull();
        foreach (var client in (WebSocketConnection[])[first, second])
        {
            var closure = await client.Closed.WaitAsync(Guard);
            closure.ReceivedCode.Should().Be(CloseCode.GoingAway);
            closure.IsClean.Should().BeTrue(closure.ToString());
        }
        (await server.EndAsync(Guard)).ExitCode.Should().Be(0);
    }

    private Task<Uri> AddressAsync(ChildProcess server) => AddressAsync(server, Guard);

    private ValueTask<WebSocketConnection> ConnectAsync(Uri address, string path, params IReadOnlyList<WebSocketExtension> extensions) =>
        WebSocketClient.ConnectAsync(WebSocketAddress(address, path), new() { MaxMessageSize = 32 * 1024 * 1024, Extensions = extensions }, Guard);

    [GeneratedRegex(@"^Listening on (http://127\.0\.0\.1:[1-9]\d*/)$")]
    private static partial Regex ListeningLine();
}
