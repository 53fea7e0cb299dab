using System.Net.Security;

namespace WebSocketCore;

/// <summary>What <see cref="WebSocketListener"/> can configure beside the protocol. The defaults are safe as they are.</summary>
public sealed class WebSocketListenerOptions : WebSocketServerOptions
{
    internal static new WebSocketListenerOptions Default { get; } = new();

    /// <summary>
    /// Answers an opening handshake: accepts it and returns the connection, or refuses it or answers it as plain HTTP and returns null. Also called with
    /// requests that break a rule (<see cref="OpeningHandshake.Error"/>). One that it leaves unanswered is refused. If it throws, the client gets status
    /// 500, or Close 1011 if it had accepted. If it accepts and returns null, the connection is its own to dispose of. Its token is cancelled when the listener stops. Default: null, valid ones are accepted.
    /// </summary>
    public Func<OpeningHandshake, CancellationToken, ValueTask<WebSocketConnection?>>? OnHandshake { get; init; }

    /// <summary>
    /// Called with every exception that escapes from a handler or from <see cref="OnHandshake"/>, other than those that only say that the connection
    /// ended or that the listener stops. The connection is closed with <see cref="CloseCode.InternalServerError"/>. It is called from any thread, and what
    /// it throws itself is ignored. Default: null.
    /// </summary>
    public Action<Exception>? OnError { get; init; }

    /// <summary>TLS for every connection, as <see cref="SslStream"/> takes it; null for none.</summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>How sockets are waited for, and where handlers run. Default: <see cref="SocketTransport.Sockets"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Undefined.</exception>
    public SocketTransport Transport
    {
        get;
        init { if (!Enum.IsDefined(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "There is no such transport."); field = value; }
    }

    /// <summary>
    /// How many event loops the listener has, each with its thread, where <see cref="Transport"/> is <see cref="SocketTransport.EventLoop"/>; connections are
    /// spread over them. Default: the number of processors (<see cref="Environment.ProcessorCount"/>).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int EventLoops
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfLessThan(value, 1); field = value; }
    } = Environment.ProcessorCount;

    /// <summary>How many connections the system may hold that have not been accepted. Default: 512.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int Backlog
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfLessThan(value, 1); field = value; }
    } = 512;

    /// <summary>How many connections are served at once, those in their handshake included. Further ones wait in the backlog. Default: 100,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaxConnections
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfLessThan(value, 1); field = value; }
    } = 100_000;

    /// <summary>
    /// How long a graceful stop waits for connections and handlers to end before it aborts them; zero does not wait. Default: 10 seconds.
    /// <see cref="Timeout.InfiniteTimeSpan"/>: no deadline.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or too long for a timer.</exception>
    public TimeSpan StopTimeout
    {
        get;
        init
        {
            // The longest that System.Threading timers take.
            if (value != Timeout.InfiniteTimeSpan && (value < TimeSpan.Zero || value.TotalMilliseconds > uint.MaxValue - 1))
                throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout is not negative and below 49 days, or Timeout.InfiniteTimeSpan.");
            field = value;
        }
    } = TimeSpan.FromSeconds(10);
}
