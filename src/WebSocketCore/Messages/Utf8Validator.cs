using System.Buffers.Binary;
using System.Numerics;
using WebSocketCore.Frames;
using WebSocketCore.Messages;

namespace WebSocketCore;

// The bulk of every piece goes to the vectors. Only the sequence that a piece breaks in two is walked byte by byte: at most three bytes
// at the end of a piece and three at the start of the next. The state between two pieces is what table 3-7 of the Unicode Standard
// says of the next byte: how many are missing, and the range of the next one, which is narrower than 80-BF only after E0, ED, F0 and F4.

/// <summary>
/// Validates UTF-8 that arrives in pieces, as text messages do (RFC 6455, section 8.1). Cuts may fall anywhere, also inside a
/// character. The first byte that no valid text can have at its place fails, also when the character it belongs to is not complete.
/// A mutable value: keep it in a field that is not readonly, and do not copy it. Not for use by several threads at once.
/// </summary>
public struct Utf8Validator
{
    private byte _missing;
    private byte _lowest;
    private byte _highest;
    private bool _failed;

    /// <summary>Whether all bytes so far are valid and end at the end of a character, so that the text may end here.</summary>
    public readonly bool IsComplete => _missing == 0 && !_failed;

    /// <summary>Validates the next piece.</summary>
    /// <param name="bytes">The bytes that follow those of earlier calls; they may be empty.</param>
    /// <returns>False when the text can no longer become valid; then every later call is false too, until <see cref="Reset"/>.</returns>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        if (_failed) return false;
        if (_missing != 0 && !Continue(ref bytes)) return false;
        if (bytes.Length < Utf8Vectors.MinLength || !Utf8Vectors.IsSupported) return AppendBytes(bytes);
        return Utf8Vectors.Validate(bytes) ? AppendCut(bytes) : Fail();
    }

    /// <summary>Forgets everything: the next piece begins a new text.</summary>
    public void Reset() => this = default;

    /// <summary>Whether a text is valid as a whole.</summary>
    internal static bool IsValid(ReadOnlySpan<byte> text)
    {
        var validator = new Utf8Validator();
        return validator.Append(text) && validator.IsComplete;
    }

    /// <summary>Unmasks the next piece from one place to another and validates it, in one pass.</summary>
    /// <param name="source">The masked bytes that follow those of earlier calls.</param>
    /// <param name="destination">Gets as many bytes as the source has: the same memory, or memory that does not overlap it. What it gets of invalid
    /// text is undefined.</param>
    /// <param name="maskingKey">As <see cref="Masking"/> takes it; 0 copies.</param>
    /// <param name="phase">The number of bytes of the frame's payload before this piece.</param>
    /// <returns>As <see cref="Append"/>.</returns>
    internal bool AppendUnmasked(ReadOnlySpan<byte> source, Span<byte> destination, uint maskingKey, long phase)
    {
        destination = destination[..source.Length];
        if (_missing != 0 || _failed || source.Length < Utf8Vectors.MinLength || !Utf8Vectors.IsSupported)
        {
            Masking.Apply(source, destination, maskingKey, phase);
            return Append(destination);
        }

        uint key = BitOperations.RotateRight(maskingKey, 8 * (int)(phase & 3));
        return Utf8Vectors.Unmask(source, destination, key) ? AppendCut(destination) : Fail();
    }

    /// <summary>The scalar twin of <see cref="Append"/>.</summary>
    internal bool AppendBytes(ReadOnlySpan<byte> bytes)
    {
        if (_failed) return false;
        foreach (byte b in bytes)
        {
            if (!AppendByte(b)) return false;
        }

        return true;
    }

    // The rest of a sequence that an earlier piece began, or as much of it as there is.
    private bool Continue(ref ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(_missing, bytes.Length);
        bool valid = AppendBytes(bytes[..count]);
        bytes = bytes[count..];
        return valid;
    }

    // What the vectors leave: the sequence that the end of the bytes cuts, which are its first one, two or three.
    private bool AppendCut(ReadOnlySpan<byte> bytes)
    {
        uint last = BinaryPrimitives.ReadUInt32BigEndian(bytes[^sizeof(uint)..]);
        if ((last & 0x80) == 0) return true;
        int cut = (byte)last >= 0xC0 ? 1 : (byte)(last >> 8) >= 0xE0 ? 2 : (byte)(last >> 16) >= 0xF0 ? 3 : 0;
        return cut == 0 || AppendBytes(bytes[^cut..]);
    }

    private bool AppendByte(byte b)
    {
        if (_missing > 0)
        {
            if (b < _lowest || b > _highest) return Fail();
            _missing--;
            (_lowest, _highest) = (0x80, 0xBF);
            return true;
        }

        // Unicode, table 3-7: overlong forms (C0, C1, E0 80-9F, F0 80-8F), surrogates (ED A0-BF) and what lies beyond U+10FFFF
        // (F4 90-BF, F5-FF) are not well-formed.
        switch (b)
        {
            case < 0x80: return true;
            case >= 0xC2 and <= 0xDF: (_missing, _lowest, _highest) = (1, 0x80, 0xBF); return true;
            case 0xE0: (_missing, _lowest, _highest) = (2, 0xA0, 0xBF); return true;
            case 0xED: (_missing, _lowest, _highest) = (2, 0x80, 0x9F); return true;
            case >= 0xE1 and <= 0xEF: (_missing, _lowest, _highest) = (2, 0x80, 0xBF); return true;
            case 0xF0: (_missing, _lowest, _highest) = (3, 0x90, 0xBF); return true;
            case >= 0xF1 and <= 0xF3: (_missing, _lowest, _highest) = (3, 0x80, 0xBF); return true;
            case 0xF4: (_missing, _lowest, _highest) = (3, 0x80, 0x8F); return true;
            default: return Fail();
        }
    }

    private bool Fail()
    {
        _failed = true;
        return false;
    }
}
