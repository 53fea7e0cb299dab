using System.Globalization;
using System.Text;

namespace WebSocketCore;

/// <summary>Why a connection began to end: the first thing that happened.</summary>
public enum ClosureCause
{
    /// <summary>This end closed it.</summary>
    LocalClose,

    /// <summary>The peer closed it.</summary>
    PeerClose,

    /// <summary>The peer broke a rule: <see cref="WebSocketClosure.Error"/>.</summary>
    ProtocolError,

    /// <summary>Nothing arrived for the keep-alive interval, nor for the keep-alive timeout after the ping that followed.</summary>
    KeepAliveTimeout,

    /// <summary>No message went either way for the idle timeout.</summary>
    IdleTimeout,

    /// <summary>The transport ended or failed without a Close frame: <see cref="WebSocketClosure.TransportError"/>.</summary>
    TransportEnded,

    /// <summary>This end aborted it.</summary>
    Aborted,
}

/// <summary>How a connection ended: who began, both codes and reasons, and the rule that failed (RFC 6455, sections 7.1.4-7.1.7).</summary>
public sealed record WebSocketClosure
{
    /// <summary>Why the connection began to end.</summary>
    public required ClosureCause Cause { get; init; }

    /// <summary>
    /// The connection's close code (RFC 6455, section 7.1.5): the code that the peer sent, <see cref="CloseCode.NoStatusReceived"/> where its
    /// Close frame had none, <see cref="CloseCode.AbnormalClosure"/> where no Close frame came.
    /// </summary>
    public CloseCode Code => ReceivedCode ?? CloseCode.AbnormalClosure;

    /// <summary>The reason that belongs to <see cref="Code"/>: the peer's; empty where it gave none.</summary>
    public string Reason => ReceivedReason;

    /// <summary>The code that the peer sent; null where no Close frame came.</summary>
    public CloseCode? ReceivedCode { get; init; }

    /// <summary>The reason that the peer sent.</summary>
    public string ReceivedReason { get; init; } = "";

    /// <summary>The code that this end sent; null where it sent no Close frame.</summary>
    public CloseCode? SentCode { get; init; }

    /// <summary>The reason that this end sent.</summary>
    public string SentReason { get; init; } = "";

    /// <summary>The rule that the peer broke; <see cref="ProtocolError.None"/> where it broke none.</summary>
    public ProtocolError Error { get; init; }

    /// <summary>What the transport reported when it failed; null where it ended in order.</summary>
    public Exception? TransportError { get; init; }

    /// <summary>Whether the close deadline passed before the peer answered, so that the transport was cut.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Whether both ends sent and received a Close frame (RFC 6455, section 7.1.4).</summary>
    public bool IsClean { get; init; }

    /// <summary>The closure in one line, for logs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(IsClean ? "clean, " : "not clean, ");
        text.Append(Cause switch
        {
            ClosureCause.LocalClose => "closed by this end",
            ClosureCause.PeerClose => "closed by the peer",
            ClosureCause.ProtocolError => "the peer broke the protocol",
            ClosureCause.KeepAliveTimeout => "the peer was silent for longer than the keep-alive timeout",
            ClosureCause.IdleTimeout => "no message for the idle timeout",
            ClosureCause.TransportEnded => "the transport ended without a Close frame",
            _ => "aborted by this end",
        });
        if (Error != ProtocolError.None) text.Append(": ").Append(Error.Message());
        Append(text, "sent", SentCode, SentReason);
        Append(text, "received", ReceivedCode, ReceivedReason);
        if (TimedOut) text.Append("; the close timeout passed");
        if (TransportError is not null) text.Append("; ").Append(TransportError.Message);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string direction, CloseCode? code, string reason)
    {
        if (code is null) return;
        text.Append(CultureInfo.InvariantCulture, $"; {direction} {(ushort)code}");
        if (reason.Length != 0) text.Append(CultureInfo.InvariantCulture, $" \"{reason}\"");
    }
}
