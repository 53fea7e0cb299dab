using System.Text.Unicode;

namespace WebSocketCore;

// The bulk of every piece goes to the base library's vectorised validator. Only the sequence that a piece breaks in two is walked
// byte by byte: at most three bytes at the end of a piece and three at the start of the next, so that nothing is looked at twice.
// The state between two pieces is what table 3-7 of the Unicode Standard says of the next byte: how many are missing, and the range
// of the next one, which is narrower than 80-BF only after E0, ED, F0 and F4.

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

        while (_missing > 0)
        {
            if (bytes.IsEmpty) return true;
            if (!AppendByte(bytes[0])) return false;
            bytes = bytes[1..];
        }

        int whole = bytes.Length - LengthOfCutSequence(bytes);
        if (!Utf8.IsValid(bytes[..whole])) return Fail();

        foreach (byte b in bytes[whole..])
        {
            if (!AppendByte(b)) return false;
        }

        return true;
    }

    /// <summary>Forgets everything: the next piece begins a new text.</summary>
    public void Reset() => this = default;

    // How many bytes at the end belong to a sequence whose first byte announces more than there are.
    private static int LengthOfCutSequence(ReadOnlySpan<byte> bytes)
    {
        for (int length = 1; length <= 3 && length <= bytes.Length; length++)
        {
            byte b = bytes[^length];
            if (b is >= 0x80 and < 0xC0) continue;
            int announced = b switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
            return announced > length ? length : 0;
        }

        return 0;
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
