using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Samples;

/// <summary>The sample EchoClient as a process, against our listener.</summary>
public sealed class EchoClientTests : InteropTest
{
    [Fact]
    public async Task It_echoes_and_tells_how_each_connection_ended()
    {
        await using var server = new ScriptedServer();
        using var client = ChildProcess.StartSample("EchoClient", server.Address("/echo"), server.Address("/close"), server.Address("/no-code"), server.Address("/cut"));
        var (exitCode, output, errors) = await client.EndAsync(Guard);
        errors.Should().BeEmpty();
        output.Split('\n').Should().Equal(
            $"{server.Address("/echo")} close=1000 messages=3 bytes=70005",
            $"{server.Address("/close")} close=4001 messages=0 bytes=0",
            $"{server.Address("/no-code")} close=1005 messages=0 bytes=0",
            $"{server.Address("/cut")} close=1006 messages=0 bytes=0",
            "");
        exitCode.Should().Be(0);
        server.Echoes.Should().Equal("Text 5", "Binary 0", "Binary 70000");
        server.Offers.Should().OnlyContain(offer => offer == "permessage-deflate; client_max_window_bits").And.HaveCount(4);
        server.Agreed.Should().OnlyContain(agreed => agreed == "permessage-deflate").And.HaveCount(4);
    }

    [Fact]
    public async Task It_does_not_compress_when_told_so()
    {
        await using var server = new ScriptedServer();
        using var client = ChildProcess.StartSample("EchoClient", "--no-deflate", server.Address("/echo"));
        var (exitCode, output, _) = await client.EndAsync(Guard);
        output.Should().Be($"{server.Address("/echo")} close=1000 messages=3 bytes=70005\n");
        exitCode.Should().Be(0);
        server.Echoes.Should().Equal("Text 5", "Binary 0", "Binary 70000");
        server.Offers.Should().Equal((string?)null);
        server.Agreed.Should().Equal("");
    }

    [Fact]
    public async Task A_server_that_breaks_the_protocol_is_told_with_the_code_that_it_got()
    {
        await using var server = new ScriptedServer();
        using var client = ChildProcess.StartSample("EchoClient", server.Address("/too-large"));
        var (exitCode, output, _) = await client.EndAsync(Guard);
        output.Should().Be($"{server.Address("/too-large")} close=1009 messages=0 bytes=0\n");
        exitCode.Should().Be(0);
    }

    [Fact]
    public async Task A_URL_that_cannot_be_reached_does_not_stop_the_rest()
    {
        await using var server = new ScriptedServer();
        using var client = ChildProcess.StartSample("EchoClient", "nonsense", "http://localhost/", "ws://127.0.0.1:1/", server.Address("/refused"), server.Address("/close"));
        var (exitCode, output, _) = await client.EndAsync(Guard);
        var lines = output.Split('\n');
        lines.Should().HaveCount(6);
        lines[0].Should().Be("nonsense failed: not an absolute ws or wss URL");
        lines[1].Should().Be("http://localhost/ failed: not an absolute ws or wss URL");
        lines[2].Should().StartWith("ws://127.0.0.1:1/ failed: ");
        lines[3].Should().StartWith($"{server.Address("/refused")} failed: ").And.Contain("401");
        lines[4].Should().Be($"{server.Address("/close")} close=4001 messages=0 bytes=0");
        exitCode.Should().Be(1);
    }

    [Fact]
    public async Task URLs_from_standard_input_are_taken_as_they_come_and_texts_printed()
    {
        await using var server = new ScriptedServer();
        using var client = ChildProcess.StartSample("EchoClient", "--print", "-");
        await client.Input.WriteAsync($"{server.Address("/greeting")}\n".AsMemory(), Guard);
        await client.Input.FlushAsync(Guard);
        (await client.ReadLineAsync(Guard)).Should().Be("Grüße, 世界");
        (await client.ReadLineAsync(Guard)).Should().Be($"{server.Address("/greeting")} close=1000 messages=1 bytes=15");
        await client.Input.WriteAsync($"\n{server.Address("/close")}\n".AsMemory(), Guard);
        await client.Input.FlushAsync(Guard);
        (await client.ReadLineAsync(Guard)).Should().Be($"{server.Address("/close")} close=4001 messages=0 bytes=0");
        client.Input.Close();
        (await client.EndAsync(Guard)).ExitCode.Should().Be(0);
    }

    [UnixFact]
    public async Task Ctrl_C_closes_the_connection_and_ends_it()
    {
        await using var server = new ScriptedServer();
        using var client = ChildProcess.StartSample("EchoClient", server.Address("/wait"), server.Address("/close"));
        await server.Connected.WaitAsync(Guard);
        await client.SignalAsync("INT", Guard);
        var (exitCode, output, _) = await client.EndAsync(Guard);
        output.Should().Be($"{server.Address("/wait")} close=1001 messages=1 bytes=5\n");
        exitCode.Should().Be(1, "a URL was not connected");
    }

    [Fact]
    public async Task A_wrong_command_line_is_told()
    {
        using var client = ChildProcess.StartSample("EchoClient");
        var (exitCode, output, errors) = await client.EndAsync(Guard);
        exitCode.Should().Be(2);
        output.Should().BeEmpty();
        errors.Should().NotBeEmpty();
    }

    /// <summary>A server that talks first, as the path says.</summary>
    private sealed class ScriptedServer : IAsyncDisposable
    {
        private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly WebSocketListener _listener;

        public ScriptedServer() => _listener = WebSocketListener.Start(new(System.Net.IPAddress.Loopback, 0), ServeAsync, new()
        {
            Extensions = [new PermessageDeflate()],
            OnHandshake = async (handshake, cancellationToken) =>
            {
                if (handshake.Request!.Path != "/refused") return await handshake.AcceptAsync(cancellationToken: cancellationToken);
                await handshake.RefuseAsync(401, "no\r\nentry", cancellationToken: cancellationToken);
                return null;
            },
        });

        public List<string> Echoes { get; } = [];

        /// <summary>Sec-WebSocket-Extensions of the requests.</summary>
        public List<string?> Offers { get; } = [];

        /// <summary>What came of them.</summary>
        public List<string> Agreed { get; } = [];

        public Task Connected => _connected.Task;

        public string Address(string path) => $"ws://{_listener.EndPoint}{path}";

        public ValueTask DisposeAsync() => _listener.DisposeAsync();

        private async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellationToken)
        {
            Offers.Add(connection.Request!.Headers.TryGetValue("Sec-WebSocket-Extensions", out string? offer) ? offer : null);
            Agreed.Add(string.Join(", ", connection.Extensions));
            switch (connection.Request.Path)
            {
                case "/echo":
                    await connection.SendTextAsync("hello", cancellationToken);
                    await connection.SendAsync(MessageKind.Binary, ReadOnlyMemory<byte>.Empty, cancellationToken);
                    await connection.SendAsync(MessageKind.Binary, new byte[70_000], cancellationToken);
                    while (Echoes.Count < 3)
                    {
                        var echo = (await connection.ReceiveAsync(cancellationToken))!.Value;
                        Echoes.Add($"{echo.Kind} {echo.Length}");
                    }
                    break;

                case "/close":
                    await connection.CloseAsync((CloseCode)4001, cancellationToken: cancellationToken);
                    break;

                case "/no-code":
                    await connection.CloseAsync(CloseCode.NoStatusReceived, cancellationToken: cancellationToken);
                    break;

                case "/cut":
                    connection.Abort();
                    break;

                case "/too-large":
                    await connection.SendAsync(MessageKind.Binary, new byte[(32 * 1024 * 1024) + 1], cancellationToken);
                    await connection.ReceiveAsync(cancellationToken);
                    break;

                case "/greeting":
                    await connection.SendTextAsync("Grüße, 世界", cancellationToken);
                    break;

                case "/wait":
                    // The echo says that the client is in its loop.
                    await connection.SendTextAsync("hello", cancellationToken);
                    await connection.ReceiveAsync(cancellationToken);
                    _connected.TrySetResult();
                    await connection.ReceiveAsync(cancellationToken);
                    break;
            }
        }
    }
}
