using System.Buffers;
using System.Text;
using WebSocketCore.Frames;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Extensions;

/// <summary>Sec-WebSocket-Extensions from the offer to what both ends agree on (RFC 6455, section 9.1).</summary>
public class ExtensionNegotiationTests
{
    private static readonly WebSocketExtension[] Supported =
    [
        new DoublingExtension("one", ReservedBits.Rsv1, flag: "f"),
        new DoublingExtension("two", ReservedBits.Rsv2),
        new DoublingExtension("other-two", ReservedBits.Rsv2),
        new DoublingExtension("none", ReservedBits.None),
    ];

    [Theory]
    [InlineData("", "")]
    [InlineData("unknown", "")]
    [InlineData("one", "one")]
    [InlineData("One", "")]
    [InlineData("two, one", "two, one")]
    [InlineData("one; f", "one; f")]
    [InlineData("one; f=1, one; g, one; f, one", "one; f")]
    [InlineData("one; f=1, one", "one")]
    [InlineData("unknown, two; x, other-two, two", "other-two")]
    [InlineData("two, other-two, none, one, none", "two, none, one")]
    [InlineData("one|two, one; f|none", "one, two, none")]
    public void A_server_takes_offers_in_their_order_each_once_and_no_bit_twice(string offers, string response)
    {
        var request = HeadFeed.ReadRequest(HeadFeed.Request.Replace("\r\n\r\n", Lines(offers) + "\r\n\r\n", StringComparison.Ordinal));
        ServerHandshake.Check(request, OriginPolicy.Any).Should().Be(HandshakeError.None);
        var agreed = ServerHandshake.SelectExtensions(request, Supported);
        string.Join(", ", agreed).Should().Be(response);

        var output = new ArrayBufferWriter<byte>();
        ServerHandshake.WriteAccept(output, request, extensions: agreed);
        var answer = Encoding.ASCII.GetString(output.WrittenSpan);
        if (response.Length == 0) answer.Should().NotContain("Extensions");
        else answer.Should().Contain($"\r\nSec-WebSocket-Extensions: {response}\r\n");

        ServerHandshake.SelectExtensions(request, []).Should().BeEmpty();
    }

    [Fact]
    public void A_client_offers_all_it_has_in_order()
    {
        var output = new ArrayBufferWriter<byte>();
        Client(Supported).WriteRequest(output);
        Encoding.ASCII.GetString(output.WrittenSpan).Should().Contain("\r\nSec-WebSocket-Extensions: one; f, one, two, other-two, none\r\n");

        output.ResetWrittenCount();
        Client([]).WriteRequest(output);
        Encoding.ASCII.GetString(output.WrittenSpan).Should().NotContain("Extensions");
    }

    [Theory]
    [InlineData("", HandshakeError.None)]
    [InlineData("one", HandshakeError.None)]
    [InlineData("two, one; f", HandshakeError.None)]
    [InlineData("two|one", HandshakeError.None)]
    [InlineData("unknown", HandshakeError.UnexpectedExtension)]
    [InlineData("One", HandshakeError.UnexpectedExtension)]
    [InlineData("one, unknown", HandshakeError.UnexpectedExtension)]
    [InlineData("one; g", HandshakeError.UnacceptableExtension)]
    [InlineData("one, one", HandshakeError.UnacceptableExtension)]
    [InlineData("one|one", HandshakeError.UnacceptableExtension)]
    [InlineData("two, other-two", HandshakeError.UnacceptableExtension)]
    [InlineData("one,", HandshakeError.InvalidExtensions)]
    [InlineData("one; f=", HandshakeError.InvalidExtensions)]
    public void A_client_takes_what_it_offered_each_once_and_no_bit_twice(string answer, HandshakeError error)
    {
        var response = HeadFeed.ReadResponse(
            HeadFeed.Response.Replace("Sec-WebSocket-Protocol: chat\r\n", "", StringComparison.Ordinal).Replace("\r\n\r\n", Lines(answer) + "\r\n\r\n", StringComparison.Ordinal));
        Client(Supported).Check(response, out _, out var agreed).Should().Be(error);
        string.Join(", ", agreed).Should().Be(error == HandshakeError.None ? answer.Replace("|", ", ", StringComparison.Ordinal) : "");
    }

    [Fact]
    public void What_cannot_stand_in_a_header_is_not_written()
    {
        var request = HeadFeed.ReadRequest(HeadFeed.Request);
        foreach (var (name, flag) in new[] { ("a b", "f"), ("a\r\nX: y", "f"), ("a", "f\r\n"), ("a", "f,g"), ("a", "") })
        {
            var extension = new DoublingExtension(name, ReservedBits.Rsv1, flag);
            ((Action)(() => Client([extension]))).Should().Throw<ArgumentException>();
            var output = new ArrayBufferWriter<byte>();
            var agreed = extension.Agree(new ExtensionParameters(new KeyValuePair<string, string?>(flag, null)));
            ((Action)(() => ServerHandshake.WriteAccept(output, request, extensions: [agreed]))).Should().Throw<ArgumentException>();
            output.WrittenCount.Should().Be(0);
        }
        ((Action)(() => Client([new DoublingExtension("a"), new DoublingExtension("a")]))).Should().Throw<ArgumentException>();
    }

    private static ClientHandshake Client(WebSocketExtension[] extensions) =>
        new(new Uri("ws://example.com/"), HeadFeed.ExampleKey, null, extensions: extensions);

    private static string Lines(string values) =>
        values.Length == 0 ? "" : string.Concat(values.Split('|').Select(value => $"\r\nSec-WebSocket-Extensions: {value}"));
}
