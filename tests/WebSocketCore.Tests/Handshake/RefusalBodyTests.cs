using System.Text;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class RefusalBodyTests
{
    [Theory]
    [InlineData(403, "Content-Length", "5", "hello", "hello")]
    [InlineData(403, "Content-Length", "5", "hello and more", "hello")]
    [InlineData(403, "Content-Length", "0", "", "")]
    [InlineData(404, "Content-Length", "99999999999999999999", "0123456789abcdef", "0123456789")]
    [InlineData(500, "Transfer-Encoding", "chunked", "5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData(500, "Transfer-Encoding", "gzip, Chunked", "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n", "hello")]
    [InlineData(500, "Transfer-Encoding", "chunked", "A0\r\n0123456789abcdef", "0123456789")]
    [InlineData(500, "Transfer-Encoding", "chunked", "nonsense\r\n", "")]
    [InlineData(500, "Transfer-Encoding", "chunked", "-1\r\n", "")]
    [InlineData(204, "Content-Length", "5", "hello", "")]
    [InlineData(304, "Content-Type", "text/plain", "hello", "")]
    [InlineData(502, "Content-Type", "text/plain", "0123456789abcdef", "0123456789")]
    public void Complete_bodies(int status, string name, string value, string received, string expected)
    {
        RefusalBody.TryRead(Response(status, name, value), Encoding.ASCII.GetBytes(received), max: 10, out var body).Should().BeTrue();
        Encoding.ASCII.GetString(body).Should().Be(expected);
    }

    [Theory]
    [InlineData("Content-Length", "6", "hello", "hello")]
    [InlineData("Content-Type", "text/plain", "hello", "hello")]
    [InlineData("Transfer-Encoding", "chunked", "", "")]
    [InlineData("Transfer-Encoding", "chunked", "5", "")]
    [InlineData("Transfer-Encoding", "chunked", "5\r\nhel", "hel")]
    [InlineData("Transfer-Encoding", "chunked", "5\r\nhello", "hello")]
    [InlineData("Transfer-Encoding", "chunked", "5\r\nhello\r\n0", "hello")]
    [InlineData("Transfer-Encoding", "chunked", "7fffffff\r\nhello", "hello")]
    public void Unfinished_bodies_give_what_there_is(string name, string value, string received, string expected)
    {
        RefusalBody.TryRead(Response(403, name, value), Encoding.ASCII.GetBytes(received), max: 10, out var body).Should().BeFalse();
        Encoding.ASCII.GetString(body).Should().Be(expected);
    }

    private static HandshakeResponse Response(int status, string name, string value) => new(status, "", new HandshakeHeaders([new(name, value)]));
}
