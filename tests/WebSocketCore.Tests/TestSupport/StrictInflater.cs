namespace WebSocketCore.Tests.TestSupport;

/// <summary>
/// A decoder of permessage-deflate that is slow and misses nothing: it enforces the window and the context takeover that were agreed on, which zlib does not,
/// and that a message ends where an empty block does (RFC 7692, section 7.2.2; RFC 1951).
/// </summary>
/// <param name="windowBits">How far back a distance may reach: 2 to this power.</param>
/// <param name="keepsContext">Whether messages may refer to those before.</param>
internal sealed class StrictInflater(int windowBits, bool keepsContext)
{
    private const int EndOfBlock = 256;
    private const int LongestCode = 15;

    private static readonly byte[] CodeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    private static readonly Code FixedLiterals = new([.. Enumerable.Range(0, 288).Select(symbol => (byte)(symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8))]);
    private static readonly Code FixedDistances = new([.. Enumerable.Repeat((byte)5, 32)]);

    private readonly List<byte> _output = [];
    private byte[] _input = [];
    private int _bit;
    private int _historyStart;

    /// <summary>The longest distance of all messages.</summary>
    public int LongestDistance { get; private set; }

    /// <summary>Decodes the payload of a message.</summary>
    /// <exception cref="InvalidDataException">It breaks a rule, or what was agreed on.</exception>
    public byte[] Inflate(ReadOnlySpan<byte> payload)
    {
        _input = [.. payload, 0x00, 0x00, 0xFF, 0xFF];
        _bit = 0;
        var start = _output.Count;
        if (!keepsContext) _historyStart = start;
        bool isEmptyStored;
        do
        {
            isEmptyStored = InflateBlock();
        }
        while (_bit < 8 * _input.Length);
        if (!isEmptyStored) throw new InvalidDataException("The message does not end with an empty block.");
        return [.. _output.Skip(start)];
    }

    /// <returns>Whether it is a stored block that is empty and not final.</returns>
    private bool InflateBlock()
    {
        var isFinal = Bits(1) == 1;
        var isEmptyStored = false;
        switch (Bits(2))
        {
            case 0:
                isEmptyStored = CopyStored() == 0 && !isFinal;
                break;

            case 1:
                InflateCodes(FixedLiterals, FixedDistances);
                break;

            case 2:
                var (literals, distances) = ReadCodes();
                InflateCodes(literals, distances);
                break;

            default:
                throw new InvalidDataException("The block type is reserved.");
        }
        if (!isFinal) return isEmptyStored;

        // What follows is a new stream, from the next byte on.
        _bit = (_bit + 7) & ~7;
        _historyStart = _output.Count;
        return false;
    }

    private int CopyStored()
    {
        _bit = (_bit + 7) & ~7;
        var length = Bits(16);
        if (Bits(16) != (length ^ 0xFFFF)) throw new InvalidDataException("A stored block's length is not confirmed.");
        for (var i = 0; i < length; i++) _output.Add((byte)Bits(8));
        return length;
    }

    private (Code Literals, Code Distances) ReadCodes()
    {
        var literals = Bits(5) + 257;
        var distances = Bits(5) + 1;
        var count = Bits(4) + 4;
        if (literals > 286 || distances > 30) throw new InvalidDataException("There are too many codes.");
        var lengthLengths = new byte[CodeLengthOrder.Length];
        for (var i = 0; i < count; i++) lengthLengths[CodeLengthOrder[i]] = (byte)Bits(3);
        var lengthCode = new Code(lengthLengths);

        var lengths = new List<byte>();
        while (lengths.Count < literals + distances)
        {
            var symbol = Decode(lengthCode);
            if (symbol == 16 && lengths.Count == 0) throw new InvalidDataException("There is no length to repeat.");
            var (length, times) = symbol switch
            {
                16 => (lengths[^1], 3 + Bits(2)),
                17 => ((byte)0, 3 + Bits(3)),
                18 => ((byte)0, 11 + Bits(7)),
                _ => ((byte)symbol, 1),
            };
            lengths.AddRange(Enumerable.Repeat(length, times));
        }
        if (lengths.Count != literals + distances) throw new InvalidDataException("A repeated length goes too far.");
        if (lengths[EndOfBlock] == 0) throw new InvalidDataException("The block cannot end.");
        return (new Code([.. lengths[..literals]]), new Code([.. lengths[literals..]]));
    }

    private void InflateCodes(Code literals, Code distances)
    {
        while (true)
        {
            var symbol = Decode(literals);
            if (symbol == EndOfBlock) return;
            if (symbol < EndOfBlock)
            {
                _output.Add((byte)symbol);
                continue;
            }
            if (symbol > 285) throw new InvalidDataException("A length is reserved.");
            var length = Length(symbol - 257);
            var code = Decode(distances);
            if (code > 29) throw new InvalidDataException("A distance is reserved.");
            var distance = code < 4 ? code + 1 : ((2 + (code & 1)) << ((code / 2) - 1)) + 1 + Bits((code / 2) - 1);
            if (distance > 1 << windowBits) throw new InvalidDataException($"A distance of {distance} reaches beyond the window of {1 << windowBits}.");
            if (distance > _output.Count - _historyStart) throw new InvalidDataException($"A distance of {distance} reaches beyond what may be referred to.");
            LongestDistance = Math.Max(LongestDistance, distance);
            for (var i = 0; i < length; i++) _output.Add(_output[^distance]);
        }
    }

    private int Length(int code) => code switch
    {
        < 8 => code + 3,
        28 => 258,
        _ => ((4 + (code & 3)) << ((code / 4) - 1)) + 3 + Bits((code / 4) - 1),
    };

    private int Decode(Code code)
    {
        var value = 0;
        for (var length = 1; length <= LongestCode; length++)
        {
            value = (value << 1) | Bits(1);
            if (code.Symbols.TryGetValue((length, value), out var symbol)) return symbol;
        }
        throw new InvalidDataException("There is no such code.");
    }

    private int Bits(int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++, _bit++)
        {
            if (_bit >= 8 * _input.Length) throw new InvalidDataException("The message ends in the middle of a block.");
            value |= ((_input[_bit / 8] >> (_bit % 8)) & 1) << i;
        }
        return value;
    }

    /// <summary>A canonical prefix code (RFC 1951, section 3.2.2).</summary>
    private sealed class Code
    {
        public Code(byte[] lengths)
        {
            var next = 0;
            for (var length = 1; length <= LongestCode; length++)
            {
                next <<= 1;
                for (var symbol = 0; symbol < lengths.Length; symbol++)
                {
                    if (lengths[symbol] == length) Symbols[(length, next++)] = symbol;
                }
                if (next > 1 << length) throw new InvalidDataException("There are more codes than fit.");
            }
            // One code of one bit may stand alone, and where nothing is to be coded there may be none.
            var mayStandAlone = lengths.All(length => length <= 1) && Symbols.Count <= 1;
            if (next != 1 << LongestCode && !mayStandAlone) throw new InvalidDataException("Codes are missing.");
        }

        public Dictionary<(int Length, int Value), int> Symbols { get; } = [];
    }
}
