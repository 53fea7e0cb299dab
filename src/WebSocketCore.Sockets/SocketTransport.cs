namespace WebSocketCore;

/// <summary>How a <see cref="WebSocketListener"/> waits for the sockets of its connections, and where their handlers run.</summary>
public enum SocketTransport
{
    /// <summary>
    /// The sockets of the base library, and the thread pool: a handler goes on on any pool thread. On every platform. The default.
    /// </summary>
    Sockets,

    /// <summary>
    /// Event loops of the listener's own, each a thread that waits for many connections at once (epoll) and runs their handlers there, one after another.
    /// Takes less processor time per message, and less memory per connection. On Linux.
    /// </summary>
    /// <remarks>
    /// <para>A handler goes on within its connection's loop whenever it has waited for that connection: for a receive, or for a send that the peer was too
    /// slow for. Between two such waits all other connections of the loop wait for it. So it should do little there: milliseconds of computing or anything
    /// that blocks, such as a lock that is held for long, a file, or <c>Task.Wait</c>, belongs elsewhere, for example in <c>await Task.Run(...)</c>.
    /// Whatever else it awaits is fine; it then goes on where that completes, a pool thread mostly, and may use its connection, and others, from there.</para>
    /// <para>A handler that blocks all the same, even for what another connection of its loop must do, stops nobody for ever: some tens of milliseconds
    /// later another thread goes on with the loop, and the blocked one leaves it. That costs a thread for as long.</para>
    /// <para>The same goes for <see cref="WebSocketListenerOptions.OnHandshake"/>, and for the callbacks of pings and pongs.</para>
    /// </remarks>
    EventLoop,
}
