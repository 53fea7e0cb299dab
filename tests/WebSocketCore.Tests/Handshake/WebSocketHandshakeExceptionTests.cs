using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class WebSocketHandshakeExceptionTests
{
    [Fact]
    public void Exception_tells_the_rule_and_the_status()
    {
        var headers = new HandshakeHeaders([KeyValuePair.Create("Retry-After", "5")]);
        var exception = new WebSocketHandshakeException(HandshakeError.UnexpectedStatus, 503, headers, "busy"u8.ToArray());
        exception.Error.Should().Be(HandshakeError.UnexpectedStatus);
        exception.StatusCode.Should().Be(503);
        exception.Headers.Should().BeSameAs(headers);
        exception.Body.ToArray().Should().Equal("busy"u8.ToArray());
        exception.Message.Should().Be("The WebSocket handshake failed: the server did not answer with status 101 (HTTP status 503).");
        new WebSocketHandshakeException(HandshakeError.TimedOut).Message.Should()
            .Be("The WebSocket handshake failed: the handshake was not complete within its time limit.");
    }
}
