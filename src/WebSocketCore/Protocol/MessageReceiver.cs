using System.Buffers;
using WebSocketCore.Frames;
using WebSocketCore.Messages;

namespace WebSocketCore.Protocol;

/// <summary>
/// The receiving half of the protocol: bytes in, events out. It does no I/O, knows no time, and never writes; what is owed to the peer is the
/// caller's to send.
/// </summary>
/// <remarks>
/// Every call consumes a byte, or reports an event, or asks for more: there is no way to loop without input. A header is judged as soon as it is
/// complete, before any payload is awaited; payload is consumed as it arrives. After a Close frame or a failure everything is discarded.
/// Not safe for concurrent use.
/// </remarks>
internal sealed class MessageReceiver
{
    // What is left of a frame below this is likely to come together with the next frames.
    private const ulong MinDirectLength = 32 * 1024;

    private readonly WebSocketRole _role;
    private readonly MessageAssembler _assembler;
    private readonly PayloadDecoder? _decoder;
    private readonly ReservedBits _claimed;
    private Stage _stage;
    private FrameHeader _header;
    private ulong _remaining;
    private bool _messageInProgress;
    private bool _skipping;
    private bool _decoding;

    // Holds the bytes of a header that came in pieces, or the payload of a control frame; never both at once. Made when first needed.
    private byte[]? _scratch;
    private int _headerLength;
    private int _controlLength;

    private enum Stage
    {
        Header,
        Begin,
        Payload,
        EndOfEncoded,
        Discard,
    }

    /// <summary>Creates a receiver.</summary>
    /// <param name="role">Whose messages are received.</param>
    /// <param name="limits">What a message may cost.</param>
    /// <param name="pool">Where its memory comes from.</param>
    /// <param name="decoder">What decodes messages; null where no extension does. It is the receiver's from here on.</param>
    /// <param name="claimed">The reserved bits that the extensions claim.</param>
    public MessageReceiver(
        WebSocketRole role, in MessageLimits limits, ArrayPool<byte> pool, MessageDecoder? decoder = null, ReservedBits claimed = ReservedBits.None)
    {
        _role = role;
        _assembler = new MessageAssembler(limits, pool);
        _decoder = decoder is null ? null : new PayloadDecoder(decoder, _assembler);
        _claimed = claimed;
    }

    public MessageKind Kind => _assembler.Kind;

    public ReadOnlySequence<byte> Payload => _assembler.Payload;

    public ReadOnlySpan<byte> ControlPayload => _scratch.AsSpan(0, _controlLength);

    /// <summary>Whether a message has begun and is not being skipped, so that its next bytes can be received in any mode.</summary>
    public bool IsInMessage => _messageInProgress && !_skipping;

    /// <summary>Grows with every data frame and every piece of its payload, wanted or not.</summary>
    public ulong DataProgress { get; private set; }

    public CloseCode CloseCode { get; private set; }

    public string CloseReason { get; private set; } = "";

    public ProtocolError Error { get; private set; }

    /// <summary>Takes the input until something has happened or it is used up.</summary>
    /// <param name="input">The bytes that follow those of the last call. They are not changed.</param>
    /// <param name="mode">What is wanted of data frames. A message that began in one mode may go on in another.</param>
    /// <param name="consumed">How many bytes were taken; all of them when the result is <see cref="ReceiveEvent.NeedMore"/>.</param>
    public ReceiveEvent Read(ReadOnlySpan<byte> input, ReceiveMode mode, out int consumed)
    {
        consumed = 0;
        while (true)
        {
            switch (_stage)
            {
                case Stage.Header:
                    if (!TryReadHeader(input, ref consumed)) return OutOfInput(mode);
                    var broken = FrameRules.Check(_header, _role, _claimed, _messageInProgress);
                    if (broken != ProtocolError.None) return Fail(broken);
                    _stage = Stage.Begin;
                    break;

                case Stage.Begin:
                    if (!_header.Opcode.IsControl() && mode == ReceiveMode.ControlOnly) return ReceiveEvent.DataAhead;
                    if (BeginFrame(mode, out var begun)) return begun;
                    break;

                case Stage.Payload:
                    if (!_header.Opcode.IsControl() && mode == ReceiveMode.ControlOnly) return ReceiveEvent.DataAhead;
                    var length = (int)Math.Min((ulong)(input.Length - consumed), _remaining);
                    var error = TakePayload(input.Slice(consumed, length), mode, out var taken, out var isFull);
                    consumed += taken;
                    if (error != ProtocolError.None) return Fail(error);
                    if (isFull) return ReceiveEvent.MessagePart;
                    if (_remaining != 0) return OutOfInput(mode);
                    if (EndFrame(out var ended)) return ended;
                    break;

                case Stage.EndOfEncoded:
                    if (mode == ReceiveMode.ControlOnly) return ReceiveEvent.DataAhead;
                    if (EndEncoded(mode, out var happened)) return happened;
                    break;

                default:
                    consumed = input.Length;
                    return ReceiveEvent.NeedMore;
            }
        }
    }

    /// <summary>
    /// Where the next bytes of a large frame can be received without a buffer in between. Call <see cref="OnReceived"/> when that has happened, and then
    /// <see cref="Read"/>, without input, for what came of it.
    /// </summary>
    /// <returns>False where the next bytes are better read.</returns>
    public bool TryGetDestination(ReceiveMode mode, out Memory<byte> destination)
    {
        destination = default;
        if (_remaining < MinDirectLength || _stage != Stage.Payload || mode != ReceiveMode.Messages || _skipping || _decoding) return false;
        destination = _assembler.GetMemory();
        if ((ulong)destination.Length > _remaining) destination = destination[..(int)_remaining];
        return true;
    }

    /// <summary>Takes payload that is in the memory of <see cref="TryGetDestination"/>. False: it broke a rule, see <see cref="Error"/>.</summary>
    public bool OnReceived(int length)
    {
        var phase = (long)(_header.PayloadLength - _remaining);
        _remaining -= (ulong)length;
        DataProgress += (ulong)length;
        var error = _assembler.OnReceived(length, _header.MaskingKey, phase);
        if (error != ProtocolError.None) Fail(error);
        return error == ProtocolError.None;
    }

    /// <summary>Forgets the payload that was handed out; a small buffer is kept for the next message.</summary>
    public void ClearPayload() => _assembler.ClearPayload();

    /// <summary>Drops what is still to come of the message in progress. The payload that was handed out stays valid until it is cleared.</summary>
    public void SkipMessage() => _skipping |= _messageInProgress;

    /// <summary>Returns the buffer to the pool, unless it holds an unfinished message.</summary>
    public void ReleaseIdleBuffer()
    {
        if (!_assembler.HasPayload) _assembler.ReleasePayload();
    }

    /// <summary>Returns the buffer to the pool and discards whatever may come: the connection has ended.</summary>
    public void End()
    {
        _stage = Stage.Discard;
        _assembler.ReleasePayload();
    }

    /// <summary>Gives up the memory of the extensions: nothing is received any more. What was handed out stays valid.</summary>
    public void ReleaseDecoder()
    {
        _stage = Stage.Discard;
        _decoder?.Release();
    }

    private ReceiveEvent OutOfInput(ReceiveMode mode) =>
        mode == ReceiveMode.Parts && IsInMessage && _assembler.HasPayload ? ReceiveEvent.MessagePart : ReceiveEvent.NeedMore;

    private bool TryReadHeader(ReadOnlySpan<byte> input, ref int consumed)
    {
        var source = input[consumed..];
        if (_headerLength == 0)
        {
            if (FrameHeaderParser.TryParse(source, out _header, out var length))
            {
                consumed += length;
                return true;
            }
            if (source.IsEmpty) return false;
        }
        return TryReadSplitHeader(source, ref consumed);
    }

    private bool TryReadSplitHeader(ReadOnlySpan<byte> source, ref int consumed)
    {
        var scratch = (_scratch ??= new byte[FrameRules.MaxControlPayload]).AsSpan(0, FrameHeaderParser.MaxLength);
        var taken = Math.Min(source.Length, scratch.Length - _headerLength);
        source[..taken].CopyTo(scratch[_headerLength..]);
        if (!FrameHeaderParser.TryParse(scratch[..(_headerLength + taken)], out _header, out var length))
        {
            _headerLength += taken;
            consumed += taken;
            return false;
        }
        consumed += length - _headerLength;
        _headerLength = 0;
        return true;
    }

    private bool BeginFrame(ReceiveMode mode, out ReceiveEvent happened)
    {
        _stage = Stage.Payload;
        _remaining = _header.PayloadLength;
        happened = ReceiveEvent.NeedMore;
        if (_header.Opcode.IsControl())
        {
            _controlLength = 0;
            return false;
        }

        DataProgress++;
        var isFirst = _header.Opcode != Opcode.Continuation;
        if (isFirst)
        {
            _messageInProgress = true;
            _skipping = mode == ReceiveMode.Skip;
            var kind = (MessageKind)_header.Opcode;
            if (!_skipping) _assembler.Begin(kind);
            _decoding = _decoder is not null && _decoder.Begin(kind, _header.ReservedBits);
        }
        if (_skipping) return false;

        var error = _assembler.AddFrame(_header, streamed: mode == ReceiveMode.Parts, _decoding);
        if (error != ProtocolError.None)
        {
            happened = Fail(error);
            return true;
        }
        happened = ReceiveEvent.MessageStart;
        return isFirst && mode == ReceiveMode.Parts;
    }

    private ProtocolError TakePayload(ReadOnlySpan<byte> payload, ReceiveMode mode, out int taken, out bool isFull)
    {
        var error = ProtocolError.None;
        var phase = (long)(_header.PayloadLength - _remaining);
        taken = payload.Length;
        isFull = false;
        if (_header.Opcode.IsControl())
        {
            _scratch ??= new byte[FrameRules.MaxControlPayload];
            Masking.Apply(payload, _scratch.AsSpan(_controlLength), _header.MaskingKey, phase);
            _controlLength += payload.Length;
        }
        else
        {
            if (mode == ReceiveMode.Skip) _skipping = true;
            // What is skipped is decoded all the same: later messages may refer to it.
            if (_decoding) error = _decoder!.Take(payload, _header.MaskingKey, phase, DecodingMode(mode), out taken, out isFull);
            else if (!_skipping) error = _assembler.Append(payload, _header.MaskingKey, phase);
            DataProgress += (ulong)taken;
        }
        _remaining -= (ulong)taken;
        return error;
    }

    private bool EndFrame(out ReceiveEvent happened)
    {
        _stage = Stage.Header;
        happened = ReceiveEvent.NeedMore;
        if (_header.Opcode.IsControl())
        {
            happened = EndControlFrame();
            return true;
        }
        if (!_header.Fin) return false;
        if (!_decoding) return EndMessage(out happened);
        _stage = Stage.EndOfEncoded;
        return false;
    }

    private bool EndEncoded(ReceiveMode mode, out ReceiveEvent happened)
    {
        if (mode == ReceiveMode.Skip) _skipping = true;
        var error = _decoder!.End(DecodingMode(mode), out var isFull);
        if (error == ProtocolError.None && !isFull) return EndMessage(out happened);
        happened = isFull ? ReceiveEvent.MessagePart : Fail(error);
        return true;
    }

    private bool EndMessage(out ReceiveEvent happened)
    {
        _stage = Stage.Header;
        _messageInProgress = false;
        happened = ReceiveEvent.NeedMore;
        if (_skipping) return false;
        var error = _assembler.End();
        happened = error == ProtocolError.None ? ReceiveEvent.Message : Fail(error);
        return true;
    }

    private ReceiveMode DecodingMode(ReceiveMode mode) => _skipping ? ReceiveMode.Skip : mode;

    private ReceiveEvent EndControlFrame()
    {
        if (_header.Opcode == Opcode.Ping) return ReceiveEvent.Ping;
        if (_header.Opcode == Opcode.Pong) return ReceiveEvent.Pong;

        var error = ClosePayload.Parse(ControlPayload, out var code, out var reason);
        if (error != ProtocolError.None) return Fail(error);
        CloseCode = code;
        CloseReason = reason;
        _stage = Stage.Discard;
        return ReceiveEvent.Close;
    }

    private ReceiveEvent Fail(ProtocolError error)
    {
        Error = error;
        _stage = Stage.Discard;
        return ReceiveEvent.Failed;
    }
}
