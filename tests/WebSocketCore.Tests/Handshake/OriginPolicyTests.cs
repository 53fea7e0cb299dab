using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class OriginPolicyTests
{
    [Fact]
    public void A_request_without_origin_passes_every_policy()
    {
        OriginPolicy.Any.Allows(null, "example.org").Should().BeTrue();
        OriginPolicy.SameOrigin.Allows(null, "example.org").Should().BeTrue();
        OriginPolicy.AllowList("https://example.org").Allows(null, "example.org").Should().BeTrue();
    }

    [Theory]
    [InlineData("null")]
    [InlineData("https://evil.example")]
    [InlineData("nonsense")]
    public void Any_allows_any(string origin) => OriginPolicy.Any.Allows(origin, "example.org").Should().BeTrue();

    [Theory]
    [InlineData("https://example.org", "example.org", true)]
    [InlineData("http://example.org", "example.org", true)]
    [InlineData("HTTPS://EXAMPLE.org", "example.ORG", true)]
    [InlineData("https://example.org", "example.org:443", true)]
    [InlineData("https://example.org:443", "example.org", true)]
    [InlineData("http://example.org:80", "example.org", true)]
    [InlineData("http://localhost:8080", "localhost:8080", true)]
    [InlineData("http://[::1]:8080", "[::1]:8080", true)]
    [InlineData("https://example.org", "example.org:80", false)]
    [InlineData("http://example.org", "example.org:443", false)]
    [InlineData("https://example.org:8443", "example.org", false)]
    [InlineData("https://example.org", "example.org:8443", false)]
    [InlineData("http://localhost:8080", "localhost:8081", false)]
    [InlineData("https://sub.example.org", "example.org", false)]
    [InlineData("https://example.org.evil.example", "example.org", false)]
    [InlineData("https://evil.example", "example.org", false)]
    [InlineData("https://user@example.org", "example.org", false)]
    [InlineData("https://example.org/", "example.org", false)]
    [InlineData("https://example.org https://evil.example", "example.org", false)]
    [InlineData("chrome-extension://example.org", "example.org", false)]
    [InlineData("example.org", "example.org", false)]
    [InlineData("null", "null", false)]
    [InlineData("null", "example.org", false)]
    [InlineData("", "", false)]
    [InlineData("file://", "", false)]
    public void Same_origin_compares_host_and_port(string origin, string host, bool allowed) =>
        OriginPolicy.SameOrigin.Allows(origin, host).Should().Be(allowed);

    [Theory]
    [InlineData("https://example.org", true)]
    [InlineData("https://example.org:443", true)]
    [InlineData("HTTPS://Example.ORG", true)]
    [InlineData("http://localhost:8080", true)]
    [InlineData("http://[::1]", true)]
    [InlineData("http://[::1]:80", true)]
    [InlineData("chrome-extension://abcdefgh", true)]
    [InlineData("http://example.org", false)]
    [InlineData("https://example.org:80", false)]
    [InlineData("https://example.org:8443", false)]
    [InlineData("http://localhost", false)]
    [InlineData("https://example.org.evil.example", false)]
    [InlineData("https://sub.example.org", false)]
    [InlineData("https://example.org/", false)]
    [InlineData("https://example.org, https://evil.example", false)]
    [InlineData("null", false)]
    [InlineData("", false)]
    public void List_compares_scheme_host_and_port(string origin, bool allowed) =>
        OriginPolicy.AllowList("https://example.org", "http://localhost:8080", "http://[::1]:80", "chrome-extension://abcdefgh")
            .Allows(origin, "other.example").Should().Be(allowed);

    [Fact]
    public void Opaque_origins_pass_only_if_listed()
    {
        OriginPolicy.AllowList("null").Allows("null", "example.org").Should().BeTrue();
        OriginPolicy.AllowList("file://").Allows("file://", "example.org").Should().BeTrue();
        OriginPolicy.AllowList("null").Allows("file://", "example.org").Should().BeFalse();
    }

    [Theory]
    [InlineData("https://example.org/")]
    [InlineData("https://example.org/app")]
    [InlineData("example.org")]
    [InlineData("https://*.example.org:x")]
    [InlineData("")]
    [InlineData("1a://example.org")]
    public void What_is_no_origin_cannot_be_listed(string origin) =>
        ((Action)(() => OriginPolicy.AllowList(origin))).Should().Throw<ArgumentException>();

    [Fact]
    public void An_empty_list_is_a_mistake() => ((Action)(() => OriginPolicy.AllowList())).Should().Throw<ArgumentException>();

    [Fact]
    public void The_list_is_a_copy()
    {
        string[] origins = ["https://example.org"];
        var policy = OriginPolicy.AllowList(origins);
        origins[0] = "https://evil.example";
        policy.Allows("https://evil.example", "").Should().BeFalse();
    }

    [Theory]
    [InlineData("http://a:8080:80")]
    [InlineData("http://a:8080\0")]
    [InlineData("http://a:8080/")]
    public void What_is_no_origin_is_not_listed(string origin) => OriginPolicy.AllowList("http://a:8080").Allows(origin, "a").Should().BeFalse();
}
