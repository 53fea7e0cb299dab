using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using WebSocketCore.Handshake;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Handshake;

public class Sha1Tests
{
    [Theory]
    [InlineData("", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709")]
    [InlineData("abc", "A9993E364706816ABA3E25717850C26C9CD0D89D")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983E441C3BD26EBAAE4AA1F95129E5E54670F1")]
    public void Hashes_are_those_of_the_standards_examples(string text, string hash) =>
        Convert.ToHexString(Hash(Encoding.ASCII.GetBytes(text))).Should().Be(hash);

    [Fact]
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "It is what is tested.")]
    public void Hashes_are_those_of_the_base_library_for_every_length_around_the_blocks()
    {
        for (var length = 0; length < 300; length++)
        {
            var bytes = Wire.Bytes(length, seed: length);
            Hash(bytes).Should().Equal(SHA1.HashData(bytes), "of {0} bytes", length);
        }
    }

    private static byte[] Hash(byte[] bytes)
    {
        var hash = new byte[Sha1.HashSize];
        Sha1.Hash(bytes, hash);
        return hash;
    }
}
