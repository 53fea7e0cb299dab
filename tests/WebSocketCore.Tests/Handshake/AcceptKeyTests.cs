using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class AcceptKeyTests
{
    [Theory]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")] // RFC 6455 1.3
    [InlineData("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI=")]
    public void Accept_belongs_to_its_key(string key, string accept) => AcceptKey.Compute(key).Should().Be(accept);

    [Theory]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", true)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA==", true)]
    [InlineData("/////////////////////w==", true)]
    [InlineData("+/+/+/+/+/+/+/+/+/+/+g==", true)]
    [InlineData("", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ", false)] // no padding
    [InlineData("dGhlIHNhbXBsZSBub25jZQ=", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ===", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZR==", false)] // bits after the last byte
    [InlineData("dGhlIHNhbXBsZSBub25jZf==", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZS4=", false)] // 17 bytes
    [InlineData("dGhlIHNhbXBsZSBub25j", false)] // 15 bytes
    [InlineData("dGhlIHNhbXBsZSBub25jZSEh", false)] // 18 bytes
    [InlineData("dGhlIHNhbXBs ZSBub25jZQ==", false)]
    [InlineData("dGhlIHNhbXBs\nSBub25jZQ==", false)]
    [InlineData("dGhlIHNhbXBsZSBub25j=Q==", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZ-==", false)] // the URL alphabet
    [InlineData("dGhlIHNhbXBsZSBub25j\u0441Q==", false)]
    public void Key_is_the_canonical_base64_of_16_bytes(string key, bool valid)
    {
        AcceptKey.IsValid(key).Should().Be(valid);
        if (!valid) ((Action)(() => AcceptKey.Compute(key))).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Validity_equals_decoding_and_encoding_again_for_every_last_character()
    {
        for (char last = '\0'; last < 256; last++)
        {
            string key = "dGhlIHNhbXBsZSBub25jZ" + last + "==";
            byte[] bytes = new byte[18];
            bool canonical = Convert.TryFromBase64String(key, bytes, out int length) && length == 16 && Convert.ToBase64String(bytes, 0, 16) == key;
            AcceptKey.IsValid(key).Should().Be(canonical, "of {0}", (int)last);
        }
    }

    [Fact]
    public void Fresh_keys_are_valid_and_differ()
    {
        var keys = Enumerable.Range(0, 100).Select(_ => AcceptKey.CreateKey()).ToList();
        keys.Should().OnlyHaveUniqueItems().And.OnlyContain(key => AcceptKey.IsValid(key));
    }
}
