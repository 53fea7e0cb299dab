namespace WebSocketCore.Tests.Closing;

public class WebSocketClosureTests
{
    public static TheoryData<WebSocketClosure, string> Lines => new()
    {
        {
            new()
            {
                Cause = ClosureCause.LocalClose, IsClean = true,
                SentCode = CloseCode.NormalClosure, SentReason = "done", ReceivedCode = CloseCode.NormalClosure,
            },
            "clean, closed by this end; sent 1000 \"done\"; received 1000"
        },
        {
            new()
            {
                Cause = ClosureCause.PeerClose, IsClean = true,
                SentCode = CloseCode.GoingAway, ReceivedCode = CloseCode.GoingAway, ReceivedReason = "restart",
            },
            "clean, closed by the peer; sent 1001; received 1001 \"restart\""
        },
        { new() { Cause = ClosureCause.LocalClose, SentCode = (CloseCode)4000, TimedOut = true }, "not clean, closed by this end; sent 4000; the close timeout passed" },
        {
            new() { Cause = ClosureCause.ProtocolError, Error = ProtocolError.InvalidUtf8, SentCode = CloseCode.InvalidPayloadData, SentReason = "why" },
            "not clean, the peer broke the protocol: a text message is not valid UTF-8; sent 1007 \"why\""
        },
        { new() { Cause = ClosureCause.KeepAliveTimeout }, "not clean, the peer was silent for longer than the keep-alive timeout" },
        { new() { Cause = ClosureCause.IdleTimeout }, "not clean, no message for the idle timeout" },
        {
            new() { Cause = ClosureCause.TransportEnded, TransportError = new IOException("Connection reset by peer") },
            "not clean, the transport ended without a Close frame; Connection reset by peer"
        },
        { new() { Cause = ClosureCause.Aborted }, "not clean, aborted by this end" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_closure_explains_itself_in_one_line(WebSocketClosure closure, string line)
    {
        closure.ToString().Should().Be(line);
        new WebSocketClosedException(closure).Message.Should().Be($"The connection is closed ({line}).");
    }

    [Fact]
    public void Every_cause_has_its_own_text() =>
        Enum.GetValues<ClosureCause>().Select(cause => new WebSocketClosure { Cause = cause, Error = ProtocolError.InvalidUtf8 }.ToString())
            .Should().OnlyHaveUniqueItems();

    // RFC 6455 7.1.5: the code in the first Close frame received; 1005 where that has none; 1006 where no Close frame came.
    [Fact]
    public void Code_and_reason_are_the_peers_and_never_ours()
    {
        var ours = new WebSocketClosure { Cause = ClosureCause.ProtocolError, SentCode = CloseCode.ProtocolError, SentReason = "bad opcode" };
        ours.Code.Should().Be(CloseCode.AbnormalClosure);
        ours.Reason.Should().BeEmpty();

        var theirs = ours with { ReceivedCode = CloseCode.GoingAway, ReceivedReason = "bye" };
        theirs.Code.Should().Be(CloseCode.GoingAway);
        theirs.Reason.Should().Be("bye");
        (ours with { ReceivedCode = CloseCode.NoStatusReceived }).Code.Should().Be(CloseCode.NoStatusReceived);
    }

    [Fact]
    public void The_exception_carries_closure_and_transport_error()
    {
        var error = new IOException("gone");
        var closure = new WebSocketClosure { Cause = ClosureCause.TransportEnded, TransportError = error };

        var exception = new WebSocketClosedException(closure);

        exception.Closure.Should().BeSameAs(closure);
        exception.InnerException.Should().BeSameAs(error);
        Assert.Throws<ArgumentNullException>("closure", () => new WebSocketClosedException(null!));
    }
}
