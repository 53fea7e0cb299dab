using System.Text;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class HeaderGrammarTests
{
    [Fact]
    public void Token_characters_are_those_of_RFC_9110_for_characters_and_bytes()
    {
        const string Others = "!#$%&'*+-.^_`|~";
        for (int code = 0; code < 256; code++)
        {
            bool expected = char.IsAsciiLetterOrDigit((char)code) || Others.Contains((char)code, StringComparison.Ordinal);
            HeaderGrammar.IsToken(new string((char)code, 1)).Should().Be(expected, "of {0}", code);
            HeaderGrammar.IsToken([(byte)code]).Should().Be(expected, "of {0}", code);
        }
        HeaderGrammar.IsToken("").Should().BeFalse();
        HeaderGrammar.IsToken("\u212A").Should().BeFalse();
    }

    [Fact]
    public void Controls_are_all_below_space_but_tab_and_delete()
    {
        for (int code = 0; code < 256; code++)
        {
            bool expected = code is < 32 and not 9 or 127;
            HeaderGrammar.HasControl("a" + (char)code).Should().Be(expected, "of {0}", code);
            HeaderGrammar.HasControl([(byte)'a', (byte)code]).Should().Be(expected, "of {0}", code);
        }
    }

    [Theory]
    [InlineData("example.org", "example.org", -1)]
    [InlineData("example.org:8080", "example.org", 8080)]
    [InlineData("example.org:", "example.org", -1)]
    [InlineData("example.org:0", "example.org", 0)]
    [InlineData("example.org:65535", "example.org", 65535)]
    [InlineData("127.0.0.1:80", "127.0.0.1", 80)]
    [InlineData("[::1]", "[::1]", -1)]
    [InlineData("[2001:db8::1]:443", "[2001:db8::1]", 443)]
    [InlineData("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", -1)]
    [InlineData("my_host-1", "my_host-1", -1)]
    [InlineData("xn--bcher-kva.example", "xn--bcher-kva.example", -1)]
    [InlineData("a%2Fb", "a%2Fb", -1)]
    public void Host_is_split(string text, string host, int port)
    {
        HeaderGrammar.TrySplitHost(text, out var foundHost, out int foundPort).Should().BeTrue();
        foundHost.ToString().Should().Be(host);
        foundPort.Should().Be(port);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("user@example.org")]
    [InlineData("user:password@example.org")]
    [InlineData("example.org/")]
    [InlineData("http://example.org")]
    [InlineData("example.org?a")]
    [InlineData("example.org#a")]
    [InlineData("example org")]
    [InlineData("example.org:65536")]
    [InlineData("example.org:-1")]
    [InlineData("example.org:+1")]
    [InlineData("example.org: 1")]
    [InlineData("example.org:80a")]
    [InlineData("example.org:80:80")]
    [InlineData("example.org:99999999999999999999")]
    [InlineData("b\u00FCcher.example")]
    [InlineData("a%2")]
    [InlineData("a%zz")]
    [InlineData("a\\b")]
    [InlineData("::1")]
    [InlineData("[]")]
    [InlineData("[::1")]
    [InlineData("[::1]8")]
    [InlineData("[::1]]")]
    [InlineData("[[::1]]")]
    [InlineData("[127.0.0.1]")]
    [InlineData("[fe80::1%25eth0]")]
    [InlineData("[::1/64]")]
    [InlineData("[example.org]")]
    [InlineData("[v1.a]")]
    public void What_is_no_host_is_refused(string text) => HeaderGrammar.IsHost(text).Should().BeFalse();

    [Theory]
    [InlineData("/", true)]
    [InlineData("/chat?a=b&c=%20", true)]
    [InlineData("//double", true)]
    [InlineData("/a:b", true)]
    [InlineData("http://example.org", true)]
    [InlineData("HTTPS://example.org:444/a?b", true)]
    [InlineData("ws://[::1]:80?x", true)]
    [InlineData("wss://example.org/", true)]
    [InlineData("", false)]
    [InlineData("*", false)]
    [InlineData("chat", false)]
    [InlineData("example.org:443", false)]
    [InlineData("ftp://example.org/", false)]
    [InlineData("http:/example.org/", false)]
    [InlineData("http:///path", false)]
    [InlineData("http://user@example.org/", false)]
    [InlineData("/a#b", false)]
    [InlineData("/a b", false)]
    [InlineData("/a\tb", false)]
    [InlineData("/a\0b", false)]
    [InlineData("/a\u007Fb", false)]
    [InlineData("/\u00E9", false)]
    public void Target_is_a_path_or_an_absolute_uri(string target, bool expected) => HeaderGrammar.IsTarget(target).Should().Be(expected);

    [Theory]
    [InlineData("Upgrade", ListSearch.Found)]
    [InlineData("UPGRADE", ListSearch.Found)]
    [InlineData("keep-alive, uPgRaDe", ListSearch.Found)]
    [InlineData("keep-alive,\tUpgrade\t,x", ListSearch.Found)]
    [InlineData("keep-alive|Upgrade", ListSearch.Found)]
    [InlineData(",, ,Upgrade,,", ListSearch.Found)]
    [InlineData("keep-alive", ListSearch.Missing)]
    [InlineData("", ListSearch.Missing)]
    [InlineData("upgrades", ListSearch.Missing)]
    [InlineData("keep-alive-upgrade", ListSearch.Missing)]
    [InlineData("Upgrade websocket", ListSearch.Malformed)]
    [InlineData("Upgrade, \"a\"", ListSearch.Malformed)]
    [InlineData("Upgrade; q=1", ListSearch.Malformed)]
    [InlineData("Upgrade/1", ListSearch.Malformed)]
    [InlineData("Upgrade|a b", ListSearch.Malformed)]
    internal void Token_is_found_in_the_lists_of_all_lines(string lines, ListSearch expected) =>
        HeaderGrammar.Find(Headers("Connection", lines), "connection", "upgrade", allowVersions: false).Should().Be(expected);

    [Theory]
    [InlineData("websocket", ListSearch.Found)]
    [InlineData("h2c, IRC/6.9, WebSocket", ListSearch.Found)]
    [InlineData("h2c|websocket", ListSearch.Found)]
    [InlineData("h2c", ListSearch.Missing)]
    [InlineData("websocket/13", ListSearch.Missing)]
    [InlineData("websocket/", ListSearch.Malformed)]
    [InlineData("/websocket", ListSearch.Malformed)]
    [InlineData("a/b/websocket", ListSearch.Malformed)]
    internal void Protocols_may_have_versions(string lines, ListSearch expected) =>
        HeaderGrammar.Find(Headers("Upgrade", lines), "Upgrade", "websocket", allowVersions: true).Should().Be(expected);

    [Theory]
    [InlineData(16, ListSearch.Found)]
    [InlineData(17, ListSearch.Malformed)]
    internal void Empty_elements_are_bounded(int count, ListSearch expected) =>
        HeaderGrammar.Find(Headers("Connection", new string(',', count) + "upgrade"), "Connection", "upgrade", allowVersions: false).Should().Be(expected);

    [Theory]
    [InlineData("chat", "chat")]
    [InlineData("chat, superchat|v2.json", "chat superchat v2.json")]
    [InlineData("a,A", "a A")]
    [InlineData("", null)]
    [InlineData("a,", null)]
    [InlineData(",a", null)]
    [InlineData("a,,b", null)]
    [InlineData("a|", null)]
    [InlineData("a,b,a", null)]
    [InlineData("a|a", null)]
    [InlineData("a b", null)]
    [InlineData("a;b", null)]
    [InlineData("\"a\"", null)]
    [InlineData("\u00E9", null)]
    public void Unique_tokens_are_read_over_all_lines(string lines, string? expected)
    {
        HeaderGrammar.TryReadUniqueTokens(Headers("P", lines), "p", out var tokens).Should().Be(expected is not null);
        string.Join(' ', tokens).Should().Be(expected ?? "");
    }

    [Fact]
    public void Elements_are_trimmed_and_empty_ones_are_shown()
    {
        var elements = new HeaderElements(Headers("A", " a ,\tb\t||c,"), "a");
        var found = new StringBuilder();
        while (elements.MoveNext()) found.Append('<').Append(elements.Current).Append('>');
        found.ToString().Should().Be("<a><b><><c><>");
    }

    // The lines of one header, with a bar between them.
    private static HandshakeHeaders Headers(string name, string lines) => new(lines.Split('|').Select(line => KeyValuePair.Create(name, line)));

    [Theory]
    [InlineData("h:80\0")]
    [InlineData("h:+80")]
    [InlineData("h: 80")]
    [InlineData("h:65536")]
    public void Ports_are_digits(string text) => HeaderGrammar.IsHost(text).Should().BeFalse();
}
