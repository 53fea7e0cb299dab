using System.Buffers.Binary;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>Frames as bytes, made and read without the code under test. Literals are hex with spaces where they help; they are not masked.</summary>
internal static class Wire
{
    /// <summary>The masking key of the examples in RFC 6455, section 5.7.</summary>
    private static readonly byte[] MaskingKey = [0x37, 0xfa, 0x21, 0x3d];

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>A frame with its shortest header.</summary>
    public static byte[] Frame(byte first, ReadOnlySpan<byte> payload)
    {
        byte[] header = payload.Length switch
        {
            <= 125 => [first, (byte)payload.Length],
            <= ushort.MaxValue => [first, 126, 0, 0],
            _ => [first, 127, 0, 0, 0, 0, 0, 0, 0, 0],
        };
        if (header.Length == 4) BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)payload.Length);
        if (header.Length == 10) BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(2), payload.Length);
        return [.. header, .. payload];
    }

    /// <summary>Masks every whole frame, as a client must; what is not a whole frame gets its mask as far as it goes.</summary>
    public static byte[] Mask(ReadOnlySpan<byte> frames)
    {
        var masked = new List<byte>(frames.Length + 64);
        while (frames.Length >= 2)
        {
            var headerLength = (frames[1] & 0x7f) switch { 126 => 4, 127 => 10, _ => 2 };
            var length = (frames[1] & 0x7f) switch
            {
                126 => BinaryPrimitives.ReadUInt16BigEndian(frames[2..]),
                127 => BinaryPrimitives.ReadUInt64BigEndian(frames[2..]),
                var small => (ulong)small,
            };
            masked.Add(frames[0]);
            masked.Add((byte)(frames[1] | 0x80));
            masked.AddRange(frames[2..headerLength]);
            masked.AddRange(MaskingKey);
            var taken = (int)Math.Min(length, (ulong)(frames.Length - headerLength));
            for (var i = 0; i < taken; i++) masked.Add((byte)(frames[headerLength + i] ^ MaskingKey[i % 4]));
            frames = frames[(headerLength + taken)..];
        }
        masked.AddRange(frames);
        return [.. masked];
    }

    public static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}

/// <summary>A frame as the raw end has read it, unmasked.</summary>
internal sealed record RawFrame(byte First, byte[] Payload)
{
    public int Opcode => First & 0x0f;

    public bool IsControl => Opcode >= 8;

    public bool Fin => (First & 0x80) != 0;

    /// <summary>The frame as an unmasked literal, in lower case with a space behind the header's first two bytes.</summary>
    public string Hex
    {
        get
        {
            var hex = Convert.ToHexStringLower(Wire.Frame(First, Payload));
            return hex.Length > 4 ? hex.Insert(4, " ") : hex;
        }
    }
}
