using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WebSocketCore.Protocol;

/// <summary>
/// Fresh masking keys from the operating system's cryptographic generator, fetched many at a time. RFC 6455 5.3: the key "MUST be derived from
/// a strong source of entropy" and must not be predictable from earlier ones.
/// </summary>
internal static class MaskingKeys
{
    private const int KeysPerFetch = 128;

    [ThreadStatic]
    private static byte[]? _random;

    [ThreadStatic]
    private static int _left;

    public static uint Next()
    {
        var random = _random ??= new byte[KeysPerFetch * sizeof(uint)];
        if (_left == 0)
        {
            RandomNumberGenerator.Fill(random);
            _left = random.Length;
        }
        _left -= sizeof(uint);
        return BinaryPrimitives.ReadUInt32LittleEndian(random.AsSpan(_left));
    }
}
