using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class HandshakeErrorTests
{
    [Fact]
    public void Every_violation_has_its_own_sentence_in_plain_ASCII()
    {
        var messages = Enum.GetValues<HandshakeError>().Where(error => error != HandshakeError.None).Select(error => error.Message()).ToList();
        messages.Should().OnlyHaveUniqueItems().And.OnlyContain(message => message.Length > 0 && message.All(c => c >= ' ' && c <= '~'));
    }

    [Theory]
    [InlineData(HandshakeError.BareLineFeed, 400)]
    [InlineData(HandshakeError.TruncatedHead, 400)]
    [InlineData(HandshakeError.InvalidSubprotocol, 400)]
    [InlineData(HandshakeError.InvalidExtensions, 400)]
    [InlineData(HandshakeError.DuplicateOrigin, 400)]
    [InlineData(HandshakeError.OriginNotAllowed, 403)]
    [InlineData(HandshakeError.RefusedByApplication, 403)]
    [InlineData(HandshakeError.MethodNotAllowed, 405)]
    [InlineData(HandshakeError.TimedOut, 408)]
    [InlineData(HandshakeError.NotAnUpgrade, 426)]
    [InlineData(HandshakeError.UnsupportedVersion, 426)]
    [InlineData(HandshakeError.HeadTooLarge, 431)]
    [InlineData(HandshakeError.TooManyHeaders, 431)]
    [InlineData(HandshakeError.UnsupportedHttpVersion, 505)]
    public void Violations_by_a_request_have_a_status(HandshakeError error, int status) => error.StatusCode().Should().Be(status);

    [Theory]
    [InlineData(HandshakeError.None)]
    [InlineData(HandshakeError.MalformedStatusLine)]
    [InlineData(HandshakeError.UnexpectedSubprotocol)]
    [InlineData((HandshakeError)999)]
    [InlineData((HandshakeError)(-1))]
    public void What_is_no_violation_by_a_request_has_no_status(HandshakeError error) =>
        ((Action)(() => error.StatusCode())).Should().Throw<ArgumentOutOfRangeException>();

    [Theory]
    [InlineData(HandshakeError.None)]
    [InlineData((HandshakeError)999)]
    public void What_is_no_violation_has_no_sentence(HandshakeError error) =>
        ((Action)(() => error.Message())).Should().Throw<ArgumentOutOfRangeException>();
}
