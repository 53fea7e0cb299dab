using System.Text;
using System.Text.RegularExpressions;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public partial class ClientResponseTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Interim_responses_are_skipped(int count)
    {
        var connecting = await RespondAsync(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", count)), accept: true);
        var connection = await connecting.Within();
        connection.State.Should().Be(ConnectionState.Open);
        connection.Abort();
    }

    [Fact]
    public async Task Endless_interim_responses_are_refused()
    {
        var connecting = await RespondAsync(string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9)), accept: true);
        (await FluentActions.Awaiting(() => connecting.Within()).Should().ThrowAsync<WebSocketHandshakeException>()).Which.StatusCode.Should().Be(100);
    }

    [Theory]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic\r\n\r\n", 401, "")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 4\r\n\r\ngone and what follows", 302, "gone")]
    [InlineData("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n", 503, "busy")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, "")]
    public async Task A_refusal_surfaces_while_the_server_keeps_the_connection_open(string response, int status, string body)
    {
        var connecting = await RespondAsync(response, accept: false);
        var refusal = (await FluentActions.Awaiting(() => connecting.Within()).Should().ThrowAsync<WebSocketHandshakeException>()).Which;
        refusal.Error.Should().Be(HandshakeError.UnexpectedStatus);
        refusal.StatusCode.Should().Be(status);
        Encoding.ASCII.GetString(refusal.Body.Span).Should().Be(body);
    }

    private static async Task<Task<WebSocketConnection>> RespondAsync(string response, bool accept)
    {
        var (pipe, peer) = RawPeer.Transport(WebSocketRole.Client);
        var connecting = WebSocketConnection.ConnectAsync(pipe, new Uri("ws://localhost/")).AsTask();
        var request = "";
        while (!request.EndsWith("\r\n\r\n", StringComparison.Ordinal)) request += (char)(await peer.ReadExactlyAsync(1).Within())[0];
        if (accept)
        {
            response += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + $"Sec-WebSocket-Accept: {AcceptKey.Compute(Key().Match(request).Groups[1].Value)}\r\n\r\n";
        }
        await peer.SendBytesAsync(Encoding.ASCII.GetBytes(response));
        return connecting;
    }

    [GeneratedRegex("Sec-WebSocket-Key: (.{24})\r\n")]
    private static partial Regex Key();
}
