using System.Text;

namespace WebSocketCore.Tests.Closing;

public class ClosePayloadTests
{
    // RFC 6455 7.4.1 and the IANA registry: 1004 is reserved; 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close control frame".
    // 7.4.2: 0-999 are not used, 1000-2999 belong to the protocol, 3000-3999 to libraries, 4000-4999 to applications.
    private static bool RfcAllows(int code) =>
        code is 1000 or 1001 or 1002 or 1003 or 1007 or 1008 or 1009 or 1010 or 1011 or 1012 or 1013 or 1014 || code / 1000 is 3 or 4;

    [Fact]
    public void Every_code_is_judged_as_the_RFC_does_in_both_directions()
    {
        var destination = new byte[ClosePayload.MaxLength];
        for (var number = 0; number <= ushort.MaxValue; number++)
        {
            var code = (CloseCode)number;
            var error = ClosePayload.Parse([(byte)(number >> 8), (byte)number], out var parsed, out _);
            if (RfcAllows(number) != (error == ProtocolError.None)) Assert.Fail($"Parse of {number}: {error}");
            if (parsed != (RfcAllows(number) ? code : CloseCode.NoStatusReceived)) Assert.Fail($"Parse of {number} gave {parsed}");
            if (error is not (ProtocolError.None or ProtocolError.InvalidCloseCode)) Assert.Fail($"Parse of {number}: {error}");
            if (RfcAllows(number) != code.IsAllowedOnWire()) Assert.Fail($"IsAllowedOnWire of {number}");
            if (number == (int)CloseCode.NoStatusReceived) continue;
            if (!RfcAllows(number)) Assert.Throws<ArgumentException>("code", () => ClosePayload.Write(destination, code, ""));
            else if (ClosePayload.Write(destination, code, "") != 2 || destination[0] << 8 != (number & 0xFF00) || destination[1] != (byte)number)
                Assert.Fail($"Write of {number}");
        }
    }

    [Theory]
    [InlineData("", ProtocolError.None, 1005, "")]
    [InlineData("03", ProtocolError.ClosePayloadTooShort, 1005, "")]
    [InlineData("FF", ProtocolError.ClosePayloadTooShort, 1005, "")]
    [InlineData("03E8", ProtocolError.None, 1000, "")]
    [InlineData("03E8627965", ProtocolError.None, 1000, "bye")]
    [InlineData("0FA0CEBAE1BDB9", ProtocolError.None, 4000, "\u03ba\u1f79")]
    [InlineData("03E8F09F9880", ProtocolError.None, 1000, "\U0001F600")]
    [InlineData("03E800", ProtocolError.None, 1000, "\0")]
    // Invalid UTF-8: a lone byte, a broken pair, a cut character, an overlong form, a surrogate, beyond U+10FFFF.
    [InlineData("03E8FF", ProtocolError.InvalidCloseReason, 1005, "")]
    [InlineData("03E8C328", ProtocolError.InvalidCloseReason, 1005, "")]
    [InlineData("03E861CE", ProtocolError.InvalidCloseReason, 1005, "")]
    [InlineData("03E8C0AF", ProtocolError.InvalidCloseReason, 1005, "")]
    [InlineData("03E8EDA080", ProtocolError.InvalidCloseReason, 1005, "")]
    [InlineData("03E8F4908080", ProtocolError.InvalidCloseReason, 1005, "")]
    // The code is judged before the reason.
    [InlineData("03EDFF", ProtocolError.InvalidCloseCode, 1005, "")]
    public void Parse_judges_the_payload(string payload, ProtocolError error, int code, string reason)
    {
        ClosePayload.Parse(Convert.FromHexString(payload), out var foundCode, out var foundReason).Should().Be(error);
        ((int)foundCode).Should().Be(code);
        foundReason.Should().Be(reason);
    }

    [Theory]
    [InlineData(1000, "", "03E8")]
    [InlineData(1001, "bye", "03E9627965")]
    [InlineData(4999, "\u03ba", "1387CEBA")]
    [InlineData(1005, "", "")]
    public void Write_writes_exactly_the_payload(int code, string reason, string expected)
    {
        var destination = new byte[ClosePayload.MaxLength];
        destination.AsSpan().Fill(0xDB);

        var length = ClosePayload.Write(destination, (CloseCode)code, reason);

        Convert.ToHexString(destination.AsSpan(0, length)).Should().Be(expected);
        destination.AsSpan(length).IndexOfAnyExcept((byte)0xDB).Should().Be(-1);
        ClosePayload.Write(new byte[length], (CloseCode)code, reason).Should().Be(length, "an exact fit is enough");
    }

    [Theory]
    [InlineData("a", 123, true)]
    [InlineData("a", 124, false)]
    [InlineData("\u03ba", 61, true)]
    [InlineData("\u03ba", 62, false)]
    [InlineData("\u20ac", 41, true)]
    [InlineData("\U0001F600", 31, false)]
    public void A_reason_has_at_most_123_bytes_of_UTF8(string character, int count, bool fits)
    {
        var destination = new byte[200];
        var reason = new StringBuilder().Insert(0, character, count).ToString();
        if (!fits)
        {
            Assert.Throws<ArgumentException>("reason", () => ClosePayload.Write(destination, CloseCode.GoingAway, reason))
                .Message.Should().Contain($"{Encoding.UTF8.GetByteCount(reason)} bytes").And.Contain("123");
            return;
        }

        var length = ClosePayload.Write(destination, CloseCode.GoingAway, reason);

        length.Should().BeLessThanOrEqualTo(ClosePayload.MaxLength);
        ClosePayload.Parse(destination.AsSpan(0, length), out var code, out var parsed).Should().Be(ProtocolError.None);
        code.Should().Be(CloseCode.GoingAway);
        parsed.Should().Be(reason);
    }

    [Fact]
    public void Write_refuses_misuse()
    {
        var destination = new byte[ClosePayload.MaxLength];
        Assert.Throws<ArgumentNullException>("reason", () => ClosePayload.Write(destination, CloseCode.NormalClosure, null!));
        Assert.Throws<ArgumentException>("reason", () => ClosePayload.Write(destination, CloseCode.NoStatusReceived, "bye"));
        Assert.ThrowsAny<ArgumentException>(() => ClosePayload.Write(destination, CloseCode.NormalClosure, "\ud800"));
        Assert.ThrowsAny<ArgumentException>(() => ClosePayload.Write(destination, CloseCode.NormalClosure, "a\udc00b"));
        Assert.Throws<ArgumentException>("destination", () => ClosePayload.Write(new byte[1], CloseCode.NormalClosure, ""));
        Assert.Throws<ArgumentException>("destination", () => ClosePayload.Write(new byte[4], CloseCode.NormalClosure, "bye"));
        ClosePayload.Write([], CloseCode.NoStatusReceived, "").Should().Be(0);
    }
}
