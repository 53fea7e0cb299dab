using System.Buffers;
using WebSocketCore.Messages;
using WebSocketCore.Protocol;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Protocol;

/// <summary>Feeds a receiver and writes down what it reports, watching over the contract of <see cref="MessageReceiver.Read"/> at each call.</summary>
internal sealed class ReceiverRun
{
    public static readonly MessageLimits NoLimits = new(long.MaxValue, int.MaxValue, int.MaxValue);

    private readonly List<string> _log = [];
    private readonly ArrayBufferWriter<byte> _message = new();

    public ReceiverRun(WebSocketRole role, MessageLimits? limits = null, NegotiatedExtension? extension = null) =>
        Receiver = new(role, limits ?? NoLimits, Pool, extension?.CreateDecoder(Pool), extension?.ReservedBits ?? default);

    public CountingPool Pool { get; } = new();

    public MessageReceiver Receiver { get; }

    /// <summary>One entry per message, control frame and failure; a message that came in parts is one entry at its end.</summary>
    public string Log => string.Join(" | ", _log);

    public int PartCount { get; private set; }

    public bool HasFailed => Receiver.Error != ProtocolError.None;

    public int Feed(ReadOnlySpan<byte> piece, ReceiveMode mode = ReceiveMode.Messages) => Feed(piece, () => mode);

    /// <returns>How many bytes were taken: all, unless a data frame waits that the mode does not want.</returns>
    public int Feed(ReadOnlySpan<byte> piece, Func<ReceiveMode> nextMode)
    {
        // An array of its own, overwritten at the end: the receiver must neither change its input nor come back to it.
        var input = piece.ToArray();
        var position = 0;
        var withoutProgress = 0;
        var last = ReceiveEvent.NeedMore;
        while (true)
        {
            // Of a message that was skipped nothing may turn up in the next.
            if (!Receiver.IsInMessage) _message.ResetWrittenCount();
            var mode = nextMode();
            var happened = Receiver.Read(input.AsSpan(position), mode, out var consumed);
            if (consumed < 0 || consumed > input.Length - position) Assert.Fail($"{consumed} of {input.Length - position} bytes consumed");
            if (!input.AsSpan().SequenceEqual(piece)) Assert.Fail("The input was changed.");
            withoutProgress = consumed == 0 && happened == last ? withoutProgress + 1 : 0;
            if (withoutProgress > 100) Assert.Fail($"{happened} again and again without input");
            last = happened;
            position += consumed;
            Note(happened, mode);
            if (happened == ReceiveEvent.NeedMore && position != input.Length) Assert.Fail($"{input.Length - position} bytes left over");
            if (happened == ReceiveEvent.NeedMore || (happened == ReceiveEvent.DataAhead && nextMode() == ReceiveMode.ControlOnly)) break;
        }

        input.AsSpan().Fill(0xCC);
        return position;
    }

    private void Note(ReceiveEvent happened, ReceiveMode mode)
    {
        switch (happened)
        {
            case ReceiveEvent.MessageStart:
                if (mode != ReceiveMode.Parts || !Receiver.IsInMessage) Assert.Fail($"A start in {mode}, in message: {Receiver.IsInMessage}");
                break;

            case ReceiveEvent.MessagePart:
                if (mode != ReceiveMode.Parts || !Receiver.IsInMessage) Assert.Fail($"A part in {mode}, in message: {Receiver.IsInMessage}");
                if (Receiver.Payload.IsEmpty) Assert.Fail("An empty part");
                PartCount++;
                TakePayload();
                break;

            case ReceiveEvent.Message:
                if (mode is ReceiveMode.ControlOnly or ReceiveMode.Skip || Receiver.IsInMessage) Assert.Fail($"An end in {mode}");
                TakePayload();
                _log.Add($"{Receiver.Kind} {Wire.Describe(new(_message.WrittenMemory))}".TrimEnd());
                _message.ResetWrittenCount();
                break;

            case ReceiveEvent.DataAhead:
                if (mode != ReceiveMode.ControlOnly) Assert.Fail($"DataAhead in {mode}");
                break;

            case ReceiveEvent.Ping or ReceiveEvent.Pong:
                _log.Add($"{happened} {Wire.Describe(new(Receiver.ControlPayload.ToArray()))}".TrimEnd());
                break;

            case ReceiveEvent.Close:
                _log.Add($"Close {(int)Receiver.CloseCode} {Receiver.CloseReason}".TrimEnd());
                break;

            case ReceiveEvent.Failed:
                _log.Add(Receiver.Error.ToString());
                break;
        }
    }

    private void TakePayload()
    {
        foreach (var segment in Receiver.Payload) _message.Write(segment.Span);
        Receiver.ClearPayload();
    }
}
