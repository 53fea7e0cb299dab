using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class HandshakeRequestTests
{
    [Fact]
    public void Request_of_the_RFC_is_described()
    {
        var request = HeadFeed.ReadRequest(HeadFeed.Request);
        request.Target.Should().Be("/chat");
        request.Path.Should().Be("/chat");
        request.Query.Should().BeEmpty();
        request.Host.Should().Be("server.example.com");
        request.Origin.Should().Be("http://example.com");
        request.Subprotocols.Should().Equal("chat", "superchat");
        request.Key.Should().Be("dGhlIHNhbXBsZSBub25jZQ==");
        request.Headers.Count.Should().Be(7);
    }

    [Theory]
    [InlineData("/", "/", "", "header.example")]
    [InlineData("/a/b?c=d?e", "/a/b", "c=d?e", "header.example")]
    [InlineData("/a?", "/a", "", "header.example")]
    [InlineData("/%20", "/%20", "", "header.example")]
    [InlineData("//a", "//a", "", "header.example")]
    [InlineData("/x?u=http://other.example/y", "/x", "u=http://other.example/y", "header.example")]
    [InlineData("http://target.example:81/a?b", "/a", "b", "target.example:81")]
    [InlineData("ws://target.example", "/", "", "target.example")]
    [InlineData("WSS://target.example?b", "/", "b", "target.example")]
    [InlineData("https://[::1]:444/", "/", "", "[::1]:444")]
    public void Target_is_split(string target, string path, string query, string host)
    {
        var request = new HandshakeRequest(target, new HandshakeHeaders([KeyValuePair.Create("Host", "header.example")]));
        request.Target.Should().Be(target);
        request.Path.Should().Be(path);
        request.Query.Should().Be(query);
        request.Host.Should().Be(host);
    }

    [Fact]
    public void What_is_missing_is_empty_or_null()
    {
        var request = new HandshakeRequest("/", HandshakeHeaders.Empty);
        request.Host.Should().BeEmpty();
        request.Origin.Should().BeNull();
        request.Key.Should().BeEmpty();
        request.Subprotocols.Should().BeEmpty();
        request.TryGetCookie("a", out string? value).Should().BeFalse();
        value.Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("chat")]
    [InlineData("/a\r\nInjected: 1")]
    public void Invalid_target_is_refused(string target) =>
        ((Action)(() => _ = new HandshakeRequest(target, HandshakeHeaders.Empty))).Should().Throw<ArgumentException>();

    [Theory]
    [InlineData("a=1; b=2; a=3", "a", "1")]
    [InlineData("a=1; b=2", "b", "2")]
    [InlineData("a=1;b=2", "b", "2")]
    [InlineData("a=b=c", "a", "b=c")]
    [InlineData("a=", "a", "")]
    [InlineData("a=\"q\"", "a", "\"q\"")]
    [InlineData("x=1|a=2", "a", "2")]
    [InlineData("; ;a=1;", "a", "1")]
    [InlineData("A=1", "a", null)]
    [InlineData("aa=1; ba=2", "a", null)]
    [InlineData("a; b", "a", null)]
    [InlineData("", "a", null)]
    [InlineData("=1", "a", null)]
    public void Cookie_is_found_by_its_name(string lines, string name, string? expected)
    {
        var headers = new HandshakeHeaders(lines.Split('|').Select(line => KeyValuePair.Create("cookie", line)));
        new HandshakeRequest("/", headers).TryGetCookie(name, out string? value).Should().Be(expected is not null);
        value.Should().Be(expected);
    }
}
