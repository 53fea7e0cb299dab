using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using WebSocketCore;
using WebSocketCore.Frames;

namespace LoadTest.Traffic;

/// <summary>
/// Reads what a server sends on one connection and compares it with what it was sent. Kind and length of every echo are checked, and the content of
/// one in <see cref="SampleInterval"/>. An echo may come in fragments, with control frames between them. No I/O.
/// </summary>
internal sealed class EchoReader(PreparedFrames sent)
{
    /// <summary>A prime, so that it is not always the same one of a batch.</summary>
    private const int SampleInterval = 61;

    private HeaderBytes _header;
    private int _headerLength;
    private FrameHeader _frame;
    private long _remaining;
    private bool _inMessage;
    private bool _isSampled = true;
    private int _position;
    private int _next;
    private int _untilSample = SampleInterval;

    /// <summary>Whether the server's Close frame has come. What follows it is not read.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether the last byte read was the end of a frame.</summary>
    public bool IsBetweenFrames => _remaining == 0 && _headerLength == 0;

    /// <summary>How many of the bytes that come next nobody looks at.</summary>
    public long Unread => _isSampled || _frame.Opcode.IsControl() ? 0 : _remaining;

    /// <summary>Takes received bytes.</summary>
    /// <returns>How many messages they complete.</returns>
    /// <exception cref="LoadException">They break a rule or are not what was sent.</exception>
    public int Read(ReadOnlySpan<byte> bytes)
    {
        int messages = 0;
        while (!bytes.IsEmpty && !IsClosed)
        {
            if (_remaining == 0)
            {
                if (!TryReadHeader(ref bytes)) break;
            }
            else
            {
                int length = (int)Math.Min(_remaining, bytes.Length);
                ReadPayload(bytes[..length]);
                bytes = bytes[length..];
            }
            if (_remaining == 0) messages += EndFrame();
        }
        return messages;
    }

    /// <summary>Takes note that some of the <see cref="Unread"/> bytes were dropped unseen.</summary>
    /// <returns>How many messages they complete: one or none.</returns>
    public int Skip(int length)
    {
        _position += length;
        _remaining -= length;
        return _remaining == 0 ? EndFrame() : 0;
    }

    private bool TryReadHeader(ref ReadOnlySpan<byte> bytes)
    {
        int length;
        if (_headerLength == 0)
        {
            if (!FrameHeaderParser.TryParse(bytes, out _frame, out length))
            {
                bytes.CopyTo(_header);
                _headerLength = bytes.Length;
                return false;
            }
        }
        else
        {
            // The rest of a header whose first bytes came before.
            int taken = Math.Min(FrameHeaderParser.MaxLength - _headerLength, bytes.Length);
            bytes[..taken].CopyTo(_header[_headerLength..]);
            if (!FrameHeaderParser.TryParse(_header[..(_headerLength + taken)], out _frame, out length))
            {
                _headerLength += taken;
                return false;
            }
            length -= _headerLength;
            _headerLength = 0;
        }
        bytes = bytes[length..];
        BeginFrame();
        return true;
    }

    private void BeginFrame()
    {
        var error = FrameRules.Check(_frame, WebSocketRole.Client, ReservedBits.None, _inMessage);
        if (error != ProtocolError.None) Throw($"The server broke the protocol: {error.Message()}");
        if (_frame.Opcode.IsControl())
        {
            _remaining = (long)_frame.PayloadLength;
            return;
        }
        if (!_inMessage)
        {
            if (_frame.Opcode != sent.Opcode) Throw($"The echo of a {sent.Opcode} message is a {_frame.Opcode} message.");
            _inMessage = true;
            _position = 0;
            _isSampled = --_untilSample == 0;
            if (_isSampled) _untilSample = SampleInterval;
        }
        if (_frame.PayloadLength > (ulong)(sent.Size - _position)) Throw($"The echo of {sent.Size} bytes is longer.");
        _remaining = (long)_frame.PayloadLength;
    }

    private void ReadPayload(ReadOnlySpan<byte> bytes)
    {
        _remaining -= bytes.Length;
        if (_frame.Opcode.IsControl()) return;
        if (_isSampled && !bytes.SequenceEqual(sent.Payload(_next).Slice(_position, bytes.Length))) Throw("The content of an echo differs from what was sent.");
        _position += bytes.Length;
    }

    private int EndFrame()
    {
        if (_frame.Opcode.IsControl())
        {
            IsClosed = _frame.Opcode == Opcode.Close;
            return 0;
        }
        if (!_frame.Fin) return 0;
        if (_position != sent.Size) Throw($"The echo of {sent.Size} bytes has {_position}.");
        _inMessage = false;
        _next = sent.Next(_next);
        return 1;
    }

    [DoesNotReturn]
    private static void Throw(string message) => throw new LoadException(message);

    [InlineArray(FrameHeaderParser.MaxLength)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
