namespace WebSocketCore.Closing;

/// <summary>What can happen to the closing handshake.</summary>
internal enum CloseEvent
{
    /// <summary>The application closes.</summary>
    LocalClose,

    /// <summary>A valid Close frame arrived.</summary>
    PeerClose,

    /// <summary>Our answer to the peer's Close frame was handed to the transport, or can never be.</summary>
    ReplyWritten,

    /// <summary>The transport has no more input, or failed.</summary>
    EndOfStream,

    /// <summary>The peer broke a rule.</summary>
    Violation,

    /// <summary>The application aborts, or a deadline has passed.</summary>
    Abort,
}

/// <summary>What the state machine asks of its owner.</summary>
[Flags]
internal enum CloseAction
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Write a Close frame; it is the last frame that this end sends.</summary>
    WriteClose = 1,

    /// <summary>Look at no further input.</summary>
    DiscardInput = 2,

    /// <summary>End the transport, once what is written has been flushed.</summary>
    EndTransport = 4,
}

/// <summary>
/// The closing handshake (RFC 6455, sections 5.5.1 and 7.1) as a table: state and event give the next state and what is to be done.
/// The only writer of the connection's state. Not safe for concurrent use: the owner's lock guards it.
/// </summary>
/// <remarks>
/// <para>A Close frame is sent once, and nothing after it. Who gets one answers it, unless it has sent its own before (5.5.1).</para>
/// <para>Clean means that both Close frames went over the wire (7.1.4). End of stream before the peer's Close is failure: code 1006 (7.1.5).</para>
/// <para>After its own Close an end still reads: the peer may finish what it was sending. After the peer's Close it reads nothing.</para>
/// </remarks>
internal sealed class CloseHandshake
{
    private const CloseAction None = CloseAction.None;
    private const CloseAction End = CloseAction.EndTransport;
    private const CloseAction EndUnread = CloseAction.EndTransport | CloseAction.DiscardInput;

    public ConnectionState State { get; private set; } = ConnectionState.Open;

    public CloseAction On(CloseEvent happened)
    {
        var (next, action) = Next(State, happened);
        State = next;
        return action;
    }

    internal static (ConnectionState Next, CloseAction Action) Next(ConnectionState state, CloseEvent happened) => (state, happened) switch
    {
        (ConnectionState.Open, CloseEvent.LocalClose) => (ConnectionState.CloseSent, CloseAction.WriteClose),
        (ConnectionState.Open, CloseEvent.PeerClose) => (ConnectionState.CloseReceived, CloseAction.WriteClose | CloseAction.DiscardInput),
        (ConnectionState.Open, CloseEvent.EndOfStream) => (ConnectionState.Failed, End),
        (ConnectionState.Open, CloseEvent.Violation) => (ConnectionState.Failed, CloseAction.WriteClose | EndUnread),
        (ConnectionState.Open, CloseEvent.Abort) => (ConnectionState.Failed, EndUnread),

        (ConnectionState.CloseSent, CloseEvent.PeerClose) => (ConnectionState.Closed, EndUnread),
        (ConnectionState.CloseSent, CloseEvent.EndOfStream) => (ConnectionState.Failed, End),
        (ConnectionState.CloseSent, CloseEvent.Violation) => (ConnectionState.Failed, EndUnread),
        (ConnectionState.CloseSent, CloseEvent.Abort) => (ConnectionState.Failed, EndUnread),

        (ConnectionState.CloseReceived, CloseEvent.ReplyWritten) => (ConnectionState.Closed, End),
        (ConnectionState.CloseReceived, CloseEvent.EndOfStream) => (ConnectionState.Closed, End),
        (ConnectionState.CloseReceived, CloseEvent.Abort) => (ConnectionState.Failed, End),

        _ => (state, None),
    };
}
