using System.Text;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>What an application can do with a request: accept it, refuse it, answer it.</summary>
public class OpeningHandshakeTests
{
    private const string PlainRequest = "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task The_request_can_be_looked_at_before_it_is_accepted()
    {
        var (handshake, peer) = await ReadAsync(HeadFeed.Request);
        handshake.IsValid.Should().BeTrue();
        handshake.Error.Should().Be(HandshakeError.None);
        handshake.Request!.Subprotocols.Should().Equal("chat", "superchat");
        peer.HasOutput().Should().BeFalse();
        var connection = await handshake.AcceptAsync("superchat", [new("Set-Cookie", "a=b"), new("X-Node", "7")]).AsTask().Within();
        connection.Subprotocol.Should().Be("superchat");
        connection.Request.Should().BeSameAs(handshake.Request);
        await connection.SendTextAsync("x").Within();
        await handshake.DisposeAsync();
        connection.State.Should().Be(ConnectionState.Open, "what was accepted belongs to the connection");
        var head = await ReadHeadAsync(peer);
        head.Should().StartWith("HTTP/1.1 101 ").And.Contain("\r\nSec-WebSocket-Protocol: superchat\r\n")
            .And.Contain("\r\nSet-Cookie: a=b\r\nX-Node: 7\r\n").And.NotContain("Connection: close");
        (await peer.ReceiveAsync()).Should().Be("8101 78");
    }

    [Theory]
    [InlineData(new[] { "superchat", "chat" }, "superchat")]
    [InlineData(new[] { "other", "chat" }, "chat")]
    [InlineData(new[] { "CHAT" }, null)]
    [InlineData(new string[0], null)]
    public async Task Without_a_choice_of_its_own_the_servers_favourite_is_taken(string[] spoken, string? chosen)
    {
        var (handshake, peer) = await ReadAsync(HeadFeed.Request, new WebSocketServerOptions { Subprotocols = spoken });
        var connection = await handshake.AcceptAsync().AsTask().Within();
        connection.Subprotocol.Should().Be(chosen);
        (await ReadHeadAsync(peer)).Contains("Sec-WebSocket-Protocol", StringComparison.Ordinal).Should().Be(chosen is not null);
    }

    [Fact]
    public async Task What_may_not_be_answered_is_refused_and_the_request_can_still_be_answered()
    {
        var (handshake, peer) = await ReadAsync(HeadFeed.Request);
        Func<Task>[] misuses =
        [
            () => handshake.AcceptAsync("not offered").AsTask(),
            () => handshake.AcceptAsync(headers: [new("X", "a\r\nSet-Cookie: evil")]).AsTask(),
            () => handshake.AcceptAsync(headers: [new("Upgrade", "h2c")]).AsTask(),
            () => handshake.RefuseAsync(200, "").AsTask(),
            () => handshake.RefuseAsync(600, "").AsTask(),
            () => handshake.RefuseAsync(401, "", [new("bad name", "x")]).AsTask(),
            () => handshake.RespondAsync(101, "text/plain", default).AsTask(),
            () => handshake.RespondAsync(200, "text/plain\r\n", default).AsTask(),
        ];
        foreach (var misuse in misuses) await misuse.Should().ThrowAsync<ArgumentException>();
        peer.HasOutput().Should().BeFalse();
        await handshake.AcceptAsync().AsTask().Within();
        (await ReadHeadAsync(peer)).Should().StartWith("HTTP/1.1 101 ");
    }

    [Fact]
    public async Task An_answer_is_given_once()
    {
        var (handshake, _) = await ReadAsync(HeadFeed.Request);
        var connection = await handshake.AcceptAsync().AsTask().Within();
        await ShouldBeAnsweredAsync(handshake);
        connection.Abort();

        (handshake, var peer) = await ReadAsync(HeadFeed.Request);
        peer.End();
        await handshake.RefuseAsync().AsTask().Within();
        await ShouldBeAnsweredAsync(handshake);
        Encoding.Latin1.GetString(await peer.ReceiveToEndAsync()).Should().StartWith("HTTP/1.1 403 Forbidden\r\n");
    }

    [Fact]
    public async Task A_request_can_be_refused_with_a_status_text_and_headers_of_the_applications_own()
    {
        var (handshake, peer) = await ReadAsync(HeadFeed.Request);
        peer.End();
        await handshake.RefuseAsync(401, "Wer da?", [new("WWW-Authenticate", "Basic")]).AsTask().Within();
        await handshake.DisposeAsync();
        Encoding.UTF8.GetString(await peer.ReceiveToEndAsync()).Should().Be(
            "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n"
            + "WWW-Authenticate: Basic\r\n\r\nWer da?");
    }

    [Fact]
    public async Task A_plain_request_can_be_answered()
    {
        var (handshake, peer) = await ReadAsync(PlainRequest);
        handshake.Error.Should().Be(HandshakeError.NotAnUpgrade);
        handshake.IsValid.Should().BeFalse();
        handshake.Request!.Path.Should().Be("/index.html");
        peer.End();
        await handshake.RespondAsync(200, "text/html; charset=utf-8", "<p>é"u8.ToArray(), [new("Cache-Control", "no-store")]).AsTask().Within();
        Encoding.UTF8.GetString(await peer.ReceiveToEndAsync()).Should().Be(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\nCache-Control: no-store\r\n\r\n<p>é");
        await ShouldBeAnsweredAsync(handshake);
    }

    [Theory]
    [InlineData(HeadFeed.Request, 403)]
    [InlineData(PlainRequest, 426)]
    [InlineData("nonsense\r\n\r\n", 400)]
    public async Task Disposing_refuses_what_was_not_answered(string request, int status)
    {
        var (handshake, peer) = await ReadAsync(request);
        peer.End();
        await handshake.DisposeAsync().AsTask().Within();
        await handshake.DisposeAsync();
        Encoding.Latin1.GetString(await peer.ReceiveToEndAsync()).Should().StartWith($"HTTP/1.1 {status} ");
    }

    [Fact]
    public async Task A_request_that_breaks_a_rule_cannot_be_accepted()
    {
        var (handshake, peer) = await ReadAsync(PlainRequest);
        peer.End();
        var thrown = (await handshake.Awaiting(h => h.AcceptAsync().AsTask().Within()).Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        thrown.Error.Should().Be(HandshakeError.NotAnUpgrade);
        thrown.Headers!.Contains("Host").Should().BeTrue();
        Encoding.Latin1.GetString(await peer.ReceiveToEndAsync()).Should().StartWith("HTTP/1.1 426 ");
        await ShouldBeAnsweredAsync(handshake);
    }

    [Fact]
    public async Task The_origin_policy_decides()
    {
        foreach (var (policy, status) in new[] { (OriginPolicy.Any, 101), (OriginPolicy.SameOrigin, 403), (OriginPolicy.AllowList("http://example.com"), 101) })
        {
            var (handshake, peer) = await ReadAsync(HeadFeed.Request, new WebSocketServerOptions { Origins = policy });
            peer.End();
            handshake.IsValid.Should().Be(status == 101);
            if (handshake.IsValid) await handshake.AcceptAsync().AsTask().Within();
            else await handshake.RefuseAsync().AsTask().Within();
            (await ReadHeadAsync(peer)).Should().StartWith($"HTTP/1.1 {status} ");
        }
    }

    [Fact]
    public async Task A_client_that_does_not_take_the_refusal_is_cut_off()
    {
        var time = new FakeTimeProvider();
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        var observed = new ObservedPipe(pipe);
        await peer.SendBytesAsync(HeadFeed.Latin1(HeadFeed.Request));
        var handshake = await OpeningHandshake.ReadAsync(observed, new WebSocketServerOptions { TimeProvider = time }).AsTask().Within();
        var disposing = handshake.DisposeAsync().AsTask();
        disposing.IsCompleted.Should().BeFalse();
        time.Advance(TimeSpan.FromSeconds(10));
        await disposing.Within();
        observed.InputCompleted.Should().BeTrue();
        observed.OutputCompleted.Should().BeTrue();
    }

    private static async Task<(OpeningHandshake Handshake, RawPeer Peer)> ReadAsync(string request, WebSocketServerOptions? options = null)
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Server);
        await peer.SendBytesAsync(HeadFeed.Latin1(request));
        return (await OpeningHandshake.ReadAsync(pipe, options).AsTask().Within(), peer);
    }

    private static async Task ShouldBeAnsweredAsync(OpeningHandshake handshake)
    {
        await handshake.Awaiting(h => h.AcceptAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
        await handshake.Awaiting(h => h.RefuseAsync().AsTask()).Should().ThrowAsync<InvalidOperationException>();
        await handshake.Awaiting(h => h.RefuseAsync(404).AsTask()).Should().ThrowAsync<InvalidOperationException>();
        await handshake.Awaiting(h => h.RespondAsync(200, "text/plain", default).AsTask()).Should().ThrowAsync<InvalidOperationException>();
    }

    private static async Task<string> ReadHeadAsync(RawPeer peer)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append((char)(await peer.ReadExactlyAsync(1).Within())[0]);
        return head.ToString();
    }
}
