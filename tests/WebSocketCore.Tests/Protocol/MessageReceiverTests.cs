using WebSocketCore.Protocol;

namespace WebSocketCore.Tests.Protocol;

/// <summary>Conversations, lawful and not, whole and cut everywhere. Limits and modes have files of their own.</summary>
public class MessageReceiverTests
{
    /// <summary>Frames in the notation of <see cref="Wire"/>, and what is reported.</summary>
    private static readonly (string Frames, string Log)[] Lawful =
    [
        ("", ""),
        // RFC 6455 5.7.
        ("810548656C6C6F", "Text 48656C6C6F"),
        ("010348656C 80026C6F", "Text 48656C6C6F"),
        ("890548656C6C6F", "Ping 48656C6C6F"),
        ("8A0548656C6C6F", "Pong 48656C6C6F"),
        ("827E0100:AB*256", "Binary AB*256"),
        ("827F0000000000010000:AB*65536", "Binary AB*65536"),

        ("8100", "Text"),
        ("8200", "Binary"),
        ("8100 820101 8100 810161", "Text | Binary 01 | Text | Text 61"),
        ("8900 8A00 8900", "Ping | Pong | Ping"),

        // The three forms of the length.
        ("827D:AB*125", "Binary AB*125"),
        ("827E007E:AB*126", "Binary AB*126"),
        ("827EFFFF:AB*65535", "Binary AB*65535"),
        ("817F0000000000010001:61*65537", "Text 61*65537"),
        ("897D:70*125 8A7D:71*125", "Ping 70*125 | Pong 71*125"),
        ("027EFFFF:AB*65535 007F0000000000010000:AB*65536 8001AB", "Binary AB*131072"),

        // Fragments, empty ones too, with control frames between them.
        ("0100 8000", "Text"),
        ("0200 0000 000101 0000 8000", "Binary 01"),
        ("0100 0000 800161 8200", "Text 61 | Binary"),
        ("010161 890170 000162 8A00 8900 800163", "Ping 70 | Pong | Ping | Text 616263"),
        ("0203010203 8A0171 8000 890172", "Pong 71 | Binary 010203 | Ping 72"),

        // Text: cut inside characters by frames and control frames; the edges of what UTF-8 can say.
        ("810BCEBAE1BDB9CF83CEBCCEB5", "Text CEBAE1BDB9CF83CEBCCEB5"),
        ("0101CE 8001BA", "Text CEBA"),
        ("0102F09F 890100 000198 0000 800180", "Ping 00 | Text F09F9880"),
        ("8104F48FBFBF 8103EFBFBF 8103ED9FBF 8103EE8080 810100", "Text F48FBFBF | Text EFBFBF | Text ED9FBF | Text EE8080 | Text 00"),
        ("8204FFC0ED80 0201C3 800128", "Binary FFC0ED80 | Binary C328"),

        // The closing handshake; what follows it is no frame any more.
        ("8800", "Close 1005"),
        ("880203E8", "Close 1000"),
        ("880503E9627965", "Close 1001 bye"),
        ("887D03F0:72*123", "Close 1008 " + new string('r', 123)),
        ("88020FA0 890170 810161 8800 =FFFFFFFFFFFFFFFFFFFFFFFFFFFF", "Close 4000"),
        ("010161 890170 88020BB8 800162", "Ping 70 | Close 3000"),
    ];

    /// <summary>The last byte is the one that breaks the rule: a header's last one, where the header breaks it.</summary>
    private static readonly (string Frames, string Log)[] Unlawful =
    [
        // RFC 6455 5.2: reserved opcodes, between messages and within.
        ("8300", "ReservedOpcode"), ("8400", "ReservedOpcode"), ("8500", "ReservedOpcode"), ("8605", "ReservedOpcode"), ("877E0080", "ReservedOpcode"),
        ("8B00", "ReservedOpcode"), ("8C00", "ReservedOpcode"), ("8D00", "ReservedOpcode"), ("8E7D", "ReservedOpcode"), ("8F00", "ReservedOpcode"),
        ("0305", "ReservedOpcode"), ("010161 8300", "ReservedOpcode"), ("010161 8B00", "ReservedOpcode"),

        // RFC 6455 5.2: reserved bits, without an extension.
        ("C105", "ReservedBitSet"), ("A105", "ReservedBitSet"), ("9105", "ReservedBitSet"), ("F205", "ReservedBitSet"), ("4100", "ReservedBitSet"),
        ("C900", "ReservedBitSet"), ("AA00", "ReservedBitSet"), ("9802", "ReservedBitSet"), ("010161 C000", "ReservedBitSet"),
        ("010161 890170 9005", "Ping 70 | ReservedBitSet"),

        // RFC 6455 5.5: control frames.
        ("0802", "FragmentedControlFrame"), ("0900", "FragmentedControlFrame"), ("0A00", "FragmentedControlFrame"),
        ("010161 0900", "FragmentedControlFrame"),
        ("887E007E", "ControlFrameTooLong"), ("897E007E", "ControlFrameTooLong"), ("8A7EFFFF", "ControlFrameTooLong"),
        ("897F0000000000010000", "ControlFrameTooLong"), ("897F7FFFFFFFFFFFFFFF", "ControlFrameTooLong"),
        ("010161 897E007E", "ControlFrameTooLong"),

        // RFC 6455 5.2: lengths.
        ("817E0000", "NonMinimalLength"), ("817E007D", "NonMinimalLength"), ("827F0000000000000000", "NonMinimalLength"),
        ("827F000000000000007E", "NonMinimalLength"), ("827F000000000000FFFF", "NonMinimalLength"), ("897E0005", "NonMinimalLength"),
        ("887F0000000000000002", "NonMinimalLength"), ("010161 807E0001", "NonMinimalLength"),
        ("817F8000000000000000", "LengthTopBitSet"), ("827FFFFFFFFFFFFFFFFF", "LengthTopBitSet"), ("897F8000000000000005", "LengthTopBitSet"),
        ("010161 807F8000000000000000", "LengthTopBitSet"),

        // RFC 6455 5.4: fragmentation.
        ("8000", "UnexpectedContinuation"), ("0000", "UnexpectedContinuation"), ("8005", "UnexpectedContinuation"),
        ("007F7FFFFFFFFFFFFFFF", "UnexpectedContinuation"), ("810161 8000", "Text 61 | UnexpectedContinuation"),
        ("0100 8000 0001", "Text | UnexpectedContinuation"), ("8900 8000", "Ping | UnexpectedContinuation"),
        ("010161 8100", "InterruptedMessage"), ("0100 0200", "InterruptedMessage"), ("0200 8900 827E0080", "Ping | InterruptedMessage"),

        // RFC 6455 5.5.1 and 7.4: the payload of a Close frame.
        ("880103", "ClosePayloadTooShort"), ("88020000", "InvalidCloseCode"), ("880203E7", "InvalidCloseCode"), ("880203EC", "InvalidCloseCode"),
        ("880203ED", "InvalidCloseCode"), ("880203EE", "InvalidCloseCode"), ("880203F7", "InvalidCloseCode"), ("880203F8", "InvalidCloseCode"),
        ("88020BB7", "InvalidCloseCode"), ("88021388", "InvalidCloseCode"), ("8802FFFF", "InvalidCloseCode"),
        ("880403E8C328", "InvalidCloseReason"), ("880303E8CE", "InvalidCloseReason"), ("010161 880503E8EDA080", "InvalidCloseReason"),

        // RFC 6455 8.1: text, at the first byte that cannot be, though the frame and the message go on.
        ("8105FF", "InvalidUtf8"), ("810580", "InvalidUtf8"), ("8105C0", "InvalidUtf8"), ("8105C1", "InvalidUtf8"), ("8105F5", "InvalidUtf8"),
        ("8105C328", "InvalidUtf8"), ("8105E09F", "InvalidUtf8"), ("8105EDA0", "InvalidUtf8"), ("8105F08F", "InvalidUtf8"),
        ("8105F490", "InvalidUtf8"), ("8105E18028", "InvalidUtf8"), ("8105F1808028", "InvalidUtf8"), ("81056162C2C2", "InvalidUtf8"),
        ("817F7FFFFFFFFFFFFFFF:61*40:FF", "InvalidUtf8"), ("817E0400:61*70:CE61", "InvalidUtf8"),
        ("0101CE 800128", "InvalidUtf8"), ("0101E0 8002:80", "InvalidUtf8"), ("0101F4 8900 0000 000590", "Ping | InvalidUtf8"),

        // The end within a character, found with the last byte, or with the header of an empty last fragment.
        ("8101CE", "InvalidUtf8"), ("8103F09F98", "InvalidUtf8"), ("0101CE 8000", "InvalidUtf8"), ("0103F09F98 8900 0000 8000", "Ping | InvalidUtf8"),
        ("010261E2 800182", "InvalidUtf8"),
    ];

    /// <summary>Masking is the one rule that each role has for itself (RFC 6455 5.1), so these stand on the wire as they are.</summary>
    private static readonly (WebSocketRole Receiver, string Frames, string Log)[] MaskedOrNot =
    [
        (WebSocketRole.Server, "=818537FA213D7F9F4D5158", "Text 48656C6C6F"),
        (WebSocketRole.Server, "=81850000000048656C6C6F =8180FFFFFFFF", "Text 48656C6C6F | Text"),
        (WebSocketRole.Server, "=8105", "MissingMask"),
        (WebSocketRole.Server, "=8900", "MissingMask"),
        (WebSocketRole.Server, "=827F7FFFFFFFFFFFFFFF", "MissingMask"),
        (WebSocketRole.Server, "010161 =8000", "MissingMask"),
        (WebSocketRole.Server, "010161 =8800", "MissingMask"),
        (WebSocketRole.Client, "=818537FA213D", "UnexpectedMask"),
        (WebSocketRole.Client, "=818000000000", "UnexpectedMask"),
        (WebSocketRole.Client, "=828037FA213D", "UnexpectedMask"),
        (WebSocketRole.Client, "=82FE0080:37FA213D", "UnexpectedMask"),
        (WebSocketRole.Client, "010161 =808037FA213D", "UnexpectedMask"),
        (WebSocketRole.Client, "010161 =888037FA213D", "UnexpectedMask"),
    ];

    public static TheoryData<WebSocketRole, string, string> Conversations
    {
        get
        {
            var data = new TheoryData<WebSocketRole, string, string>();
            foreach (var (frames, log) in Lawful.Concat(Unlawful))
            {
                data.Add(WebSocketRole.Server, frames, log);
                data.Add(WebSocketRole.Client, frames, log);
            }

            foreach (var (receiver, frames, log) in MaskedOrNot) data.Add(receiver, frames, log);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Conversations))]
    public void A_conversation_says_the_same_whole_and_cut_anywhere(WebSocketRole receiver, string frames, string log)
    {
        var wire = Wire.ToBytes(frames, receiver);
        Run(receiver, ReceiveMode.Messages, wire).Should().Be(log);
        Run(receiver, ReceiveMode.Parts, wire).Should().Be(log);
        foreach (var cut in Cuts(wire.Length))
        {
            if (Run(receiver, ReceiveMode.Messages, wire[..cut], [], wire[cut..]) is var messages && messages != log) Assert.Fail($"Cut at {cut}: {messages}");
            if (Run(receiver, ReceiveMode.Parts, wire[..cut], [], wire[cut..]) is var parts && parts != log) Assert.Fail($"Parts, cut at {cut}: {parts}");
        }
    }

    [Theory]
    [MemberData(nameof(Conversations))]
    public void Byte_by_byte_it_says_the_same_and_fails_at_the_very_byte(WebSocketRole receiver, string frames, string log)
    {
        var wire = Wire.ToBytes(frames, receiver);
        foreach (var mode in new[] { ReceiveMode.Messages, ReceiveMode.Parts })
        {
            var run = new ReceiverRun(receiver);
            for (var i = 0; i < wire.Length; i++)
            {
                if (run.HasFailed) Assert.Fail($"{run.Log} before byte {i} of {wire.Length}");
                run.Feed(wire.AsSpan(i, 1), mode);
            }

            run.Log.Should().Be(log);
            run.HasFailed.Should().Be(Enum.GetNames<ProtocolError>().Any(log.EndsWith));
        }
    }

    [Theory]
    [MemberData(nameof(Conversations))]
    public void After_a_close_or_a_failure_everything_is_discarded(WebSocketRole receiver, string frames, string log)
    {
        var run = new ReceiverRun(receiver);
        run.Feed(Wire.ToBytes(frames, receiver));
        if (!run.HasFailed && !log.Contains("Close")) return;

        foreach (var mode in Enum.GetValues<ReceiveMode>())
        {
            var more = Wire.ToBytes("890170 810161 8800 8300", receiver);
            run.Feed(more, mode).Should().Be(more.Length);
            run.Feed([], mode);
            run.Log.Should().Be(log);
        }

        run.Receiver.End();
        run.Pool.Outstanding.Should().Be(0);
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void End_discards_what_comes_and_returns_the_memory_of_an_unfinished_message(WebSocketRole receiver)
    {
        var run = new ReceiverRun(receiver);
        run.Feed(Wire.ToBytes("0203010203", receiver));
        run.Pool.Outstanding.Should().Be(1);
        run.Receiver.ReleaseIdleBuffer();
        run.Pool.Outstanding.Should().Be(1, "the message is not finished");

        run.Receiver.End();
        run.Pool.Outstanding.Should().Be(0);
        run.Feed(Wire.ToBytes("8000 890170", receiver));
        run.Log.Should().BeEmpty();
        run.Pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void An_idle_buffer_goes_back_to_the_pool()
    {
        var run = new ReceiverRun(WebSocketRole.Client);
        run.Feed(Wire.ToBytes("820101", WebSocketRole.Client));
        run.Pool.Outstanding.Should().Be(1);
        run.Receiver.ReleaseIdleBuffer();
        run.Pool.Outstanding.Should().Be(0);
        run.Feed(Wire.ToBytes("820102", WebSocketRole.Client));
        run.Log.Should().Be("Binary 01 | Binary 02");
    }

    private static string Run(WebSocketRole receiver, ReceiveMode mode, params byte[][] pieces)
    {
        var run = new ReceiverRun(receiver);
        foreach (var piece in pieces) run.Feed(piece, mode);
        return run.Log;
    }

    // Everywhere in short conversations; in long ones around their ends and at steps that meet every remainder of the masking key.
    private static IEnumerable<int> Cuts(int length) =>
        length <= 400
            ? Enumerable.Range(0, length + 1)
            : Enumerable.Range(0, 20).Concat(Enumerable.Range(length - 20, 21)).Concat(Enumerable.Range(1, length / 6007).Select(i => i * 6007));
}
