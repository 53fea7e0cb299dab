using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class HandshakeHeadersTests
{
    private static readonly HandshakeHeaders Parsed =
        HeadFeed.ReadRequest("GET / HTTP/1.1\r\nHost: a\r\nX-One:\t first \t\r\nx-two:2\r\nX-ONE: second\r\nEmpty:\r\nBlank: \t \r\nLatin: caf\u00E9\r\n\r\n").Headers;

    [Fact]
    public void Order_duplicates_and_spelling_are_kept_and_values_are_trimmed()
    {
        Parsed.Count.Should().Be(7);
        Parsed.Select(header => header.Key + "=" + header.Value).Should().Equal(
            "Host=a", "X-One=first", "x-two=2", "X-ONE=second", "Empty=", "Blank=", "Latin=caf\u00E9");
    }

    [Fact]
    public void Headers_from_pairs_equal_headers_from_the_wire() =>
        new HandshakeHeaders(Parsed).Should().Equal(Parsed);

    [Fact]
    public void Lookup_ignores_case()
    {
        Parsed.TryGetValue("x-one", out string? value).Should().BeTrue();
        value.Should().Be("first");
        Parsed.GetValues("X-one").Should().Equal("first", "second");
        Parsed.CountOf("x-ONE").Should().Be(2);
        Parsed.Contains("HOST").Should().BeTrue();
    }

    [Theory]
    [InlineData("X-Three")]
    [InlineData("X-On")]
    [InlineData("X-Onee")]
    [InlineData("")]
    [InlineData("Ho\u017Ft")] // a long s is no s
    public void What_is_not_there_is_not_found(string name)
    {
        Parsed.TryGetValue(name, out string? value).Should().BeFalse();
        value.Should().BeNull();
        Parsed.GetValues(name).Should().BeEmpty();
        Parsed.CountOf(name).Should().Be(0);
        Parsed.Contains(name).Should().BeFalse();
    }

    [Theory]
    [InlineData("", "a")]
    [InlineData("a b", "a")]
    [InlineData("a\r\nb", "a")]
    [InlineData("a:", "a")]
    [InlineData("a", "x\r\nInjected: 1")]
    [InlineData("a", "x\ny")]
    [InlineData("a", "x\0y")]
    public void Pairs_that_are_no_header_are_refused(string name, string value)
    {
        var create = () => new HandshakeHeaders([KeyValuePair.Create(name, value)]);
        create.Should().Throw<ArgumentException>().Which.Message.Should().NotContainAny("\r", "\n", "\0");
    }

    [Fact]
    public void Empty_holds_nothing() => HandshakeHeaders.Empty.Should().BeEmpty();
}
