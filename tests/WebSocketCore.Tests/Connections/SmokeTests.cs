using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class SmokeTests
{
    [Fact]
    public async Task Echo_and_close()
    {
        var (server, client) = DuplexPair.Connect();
        var echo = Task.Run(async () =>
        {
            await foreach (var message in server.ReadAllAsync()) await server.SendAsync(message);
        });
        for (var i = 0; i < 1000; i++)
        {
            await client.SendTextAsync($"hello {i}");
            var reply = await client.ReceiveAsync();
            reply!.Value.GetText().Should().Be($"hello {i}");
        }
        var rtt = await client.PingAsync();
        rtt.Should().BePositive();
        await client.CloseAsync(CloseCode.GoingAway, "bye");
        await echo;
        client.Closure!.ToString().Should().Be("clean, closed by this end; sent 1001 \"bye\"; received 1001");
        server.Closure!.Reason.Should().Be("bye");
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Handshake_and_large_message()
    {
        var pair = new DuplexPair();
        var accepting = WebSocketConnection.AcceptAsync(pair.Server, new WebSocketServerOptions { MaxMessageSize = 1 << 25, Subprotocols = ["b", "a"] });
        await using var client = await WebSocketConnection.ConnectAsync(pair.Client, new Uri("ws://example.org/chat?x=1"), new WebSocketClientOptions { MaxMessageSize = 1 << 25, Subprotocols = ["a", "b"] });
        await using var server = await accepting;
        client.Subprotocol.Should().Be("b");
        server.Request!.Path.Should().Be("/chat");
        var data = new byte[16 << 20];
        new Random(1).NextBytes(data);
        var sending = client.SendAsync(MessageKind.Binary, data);
        var message = await server.ReceiveAsync();
        await sending;
        message!.Value.ToArray().SequenceEqual(data).Should().BeTrue();
        var back = server.SendAsync(message.Value);
        (await client.ReceiveAsync())!.Value.ToArray().SequenceEqual(data).Should().BeTrue();
        await back;
    }
}
