using System.Text;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class WebSocketListenerHandshakeTests : ListenerTest
{
    [Fact]
    public async Task OnHandshake_routes_by_path()
    {
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            var greeting = connection.Request!.Path == "/chat" ? $"chat {connection.Request.Query}" : "news";
            await connection.SendTextAsync(greeting, token);
        }, new WebSocketListenerOptions
        {
            OnHandshake = async (handshake, token) =>
                handshake.IsValid && handshake.Request!.Path is "/chat" or "/news" ? await handshake.AcceptAsync(cancellationToken: token) : null,
        });

        (await GreetingAsync("/chat?room=1")).Should().Be("chat room=1");
        (await GreetingAsync("/news")).Should().Be("news");
        var elsewhere = () => GreetingAsync("/elsewhere");
        (await elsewhere.Should().ThrowAsync<WebSocketHandshakeException>()).Which.StatusCode.Should().Be(403);

        async Task<string> GreetingAsync(string path)
        {
            await using var client = await WebSocketClient.ConnectAsync(listener.Uri(path)).Within();
            return (await client.ReceiveAsync().Within())!.Value.GetText();
        }
    }

    [Fact]
    public async Task OnHandshake_that_fails_after_accepting_closes_the_connection()
    {
        var errors = new TaskCompletionSource<Exception>();
        await using var listener = Start(Loopback.AnyPort, (_, _) => Task.CompletedTask, new WebSocketListenerOptions
        {
            OnHandshake = async (handshake, token) =>
            {
                await handshake.AcceptAsync(cancellationToken: token);
                throw new InvalidOperationException("after accepting");
            },
            OnError = errors.SetResult,
        });
        await using var client = await WebSocketClient.ConnectAsync(listener.Uri("/")).Within();
        (await client.ReceiveAsync().Within()).Should().BeNull();
        client.Closure!.Code.Should().Be(CloseCode.InternalServerError);
        (await errors.Task.Within()).Message.Should().Be("after accepting");
    }

    [Fact]
    public async Task A_refusal_reaches_the_client_with_status_headers_and_body()
    {
        var refused = await RefusedAsync(async (handshake, token) =>
        {
            await handshake.RefuseAsync(401, "Log in first. \u00e9", [new("WWW-Authenticate", "Basic realm=\"x\"")], token);
            return null;
        });

        refused.Error.Should().Be(HandshakeError.UnexpectedStatus);
        refused.StatusCode.Should().Be(401);
        refused.Headers!.TryGetValue("www-authenticate", out var challenge).Should().BeTrue();
        challenge.Should().Be("Basic realm=\"x\"");
        Encoding.UTF8.GetString(refused.Body.Span).Should().Be("Log in first. \u00e9");
    }

    [Fact]
    public async Task A_redirect_reaches_the_client_and_is_not_followed()
    {
        var count = 0;
        var refused = await RefusedAsync(async (handshake, token) =>
        {
            Interlocked.Increment(ref count);
            await handshake.RefuseAsync(302, headers: [new("Location", "ws://127.0.0.1/elsewhere")], cancellationToken: token);
            return null;
        });

        refused.StatusCode.Should().Be(302);
        refused.Headers!.GetValues("Location").Should().Equal("ws://127.0.0.1/elsewhere");
        refused.Body.Length.Should().Be(0);
        count.Should().Be(1);
    }

    [Fact]
    public async Task A_handshake_that_is_left_unanswered_is_refused()
    {
        var refused = await RefusedAsync((_, _) => ValueTask.FromResult<WebSocketConnection?>(null));
        refused.StatusCode.Should().Be(403);
        refused.Error.Should().Be(HandshakeError.UnexpectedStatus);
    }

    [Fact]
    public async Task An_OnHandshake_that_fails_is_answered_as_a_server_error_and_reported()
    {
        var errors = new List<Exception>();
        var refused = await RefusedAsync(
            (_, _) => throw new FileNotFoundException("the list of users"), errors.Add);

        // A FileNotFoundException is an IOException: those of the application are not those of the transport.
        refused.StatusCode.Should().Be(500);
        Encoding.UTF8.GetString(refused.Body.Span).Should().NotContain("users");
        errors.Should().ContainSingle().Which.Should().BeOfType<FileNotFoundException>();
    }

    [Fact]
    public async Task An_OnHandshake_that_fails_after_its_answer_is_reported()
    {
        var errors = new List<Exception>();
        var refused = await RefusedAsync(
            async (handshake, token) =>
            {
                await handshake.RefuseAsync(410, "gone", cancellationToken: token);
                throw new TimeoutException();
            }, errors.Add);

        refused.StatusCode.Should().Be(410);
        errors.Should().ContainSingle().Which.Should().BeOfType<TimeoutException>();
    }

    [Fact]
    public async Task Plain_HTTP_can_be_answered()
    {
        await using var listener = StartEcho(new WebSocketListenerOptions
        {
            OnHandshake = async (handshake, token) =>
            {
                if (handshake.IsValid) return await handshake.AcceptAsync(cancellationToken: token);
                handshake.Error.Should().Be(HandshakeError.NotAnUpgrade);
                await handshake.RespondAsync(200, "text/plain", Encoding.ASCII.GetBytes(handshake.Request!.Path), cancellationToken: token);
                return null;
            },
        });
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendTextAsync(RawTcpPeer.Get);

        (await peer.ReadToEndAsync()).Should().Be(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\n/health");
        await listener.ShouldServeAsync();
    }

    [Theory]
    [InlineData(RawTcpPeer.Get, "HTTP/1.1 426 ")]
    [InlineData("GET /\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 405 ")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n", "HTTP/1.1 400 ")]
    public async Task What_breaks_a_rule_is_told_which_and_the_transport_ended(string request, string answer)
    {
        await using var listener = StartEcho();
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendAsync(Encoding.Latin1.GetBytes(request));

        (await peer.ReadToEndAsync()).Should().StartWith(answer);
    }

    [Fact]
    public async Task A_refusal_is_read_although_the_client_has_sent_more()
    {
        await using var listener = StartEcho();
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendTextAsync("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n");
        await peer.SendAsync(new byte[4_000_000]);

        (await peer.ReadToEndAsync()).Should().StartWith("HTTP/1.1 405 ");
    }

    [Theory]
    [InlineData("a, b", "b, a", "b")]
    [InlineData("a", "a", "a")]
    [InlineData("a", "b", null)]
    [InlineData("", "a", null)]
    public async Task The_servers_first_subprotocol_that_the_client_offers_is_taken(string offered, string supported, string? expected)
    {
        await using var listener = Start(
            Loopback.AnyPort, (connection, token) => connection.SendTextAsync(connection.Subprotocol ?? "none", token).AsTask(),
            new WebSocketListenerOptions { Subprotocols = supported.Split(", ") });
        await using var client = await listener.ConnectAsync(
            new WebSocketConnectOptions { Subprotocols = offered.Split(", ", StringSplitOptions.RemoveEmptyEntries) });

        client.Subprotocol.Should().Be(expected);
        (await client.ReceiveAsync().Within())!.Value.GetText().Should().Be(expected ?? "none");
    }

    [Fact]
    public async Task OnHandshake_chooses_subprotocol_and_headers()
    {
        await using var listener = StartEcho(new WebSocketListenerOptions
        {
            OnHandshake = async (handshake, token) =>
                await handshake.AcceptAsync(handshake.Request!.Subprotocols[^1], [new("Set-Cookie", "a=b")], token),
        });
        await using var client = await listener.ConnectAsync(new WebSocketConnectOptions { Subprotocols = ["a", "b"] });

        client.Subprotocol.Should().Be("b");
        client.Response!.Headers.GetValues("Set-Cookie").Should().Equal("a=b");
    }

    [Fact]
    public async Task Headers_and_origin_of_the_client_reach_the_server()
    {
        await using var listener = Start(
            Loopback.AnyPort,
            (connection, token) => connection.SendTextAsync($"{connection.Request!.Origin} {string.Join(' ', connection.Request.Headers.GetValues("X-Test"))}", token).AsTask(),
            new WebSocketListenerOptions { Origins = OriginPolicy.AllowList("https://example.org") });
        await using var client = await listener.ConnectAsync(
            new WebSocketConnectOptions { Origin = "https://example.org", Headers = [new("X-Test", "1"), new("X-Test", "2")] });
        (await client.ReceiveAsync().Within())!.Value.GetText().Should().Be("https://example.org 1 2");

        var foreign = () => listener.ConnectAsync(new WebSocketConnectOptions { Origin = "https://example.com" });
        (await foreign.Should().ThrowAsync<WebSocketHandshakeException>()).Which.StatusCode.Should().Be(403);
    }

    private async Task<WebSocketHandshakeException> RefusedAsync(
        Func<OpeningHandshake, CancellationToken, ValueTask<WebSocketConnection?>> onHandshake, Action<Exception>? onError = null)
    {
        var listener = StartEcho(new WebSocketListenerOptions { OnHandshake = onHandshake, OnError = onError });
        await using (listener)
        {
            var connecting = () => listener.ConnectAsync();
            return (await connecting.Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        }
    }
}
