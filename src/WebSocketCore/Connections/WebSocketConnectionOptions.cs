using System.Buffers;
using WebSocketCore.Messages;

namespace WebSocketCore;

/// <summary>What both roles can configure. The defaults are safe as they are. An instance may be shared by any number of connections.</summary>
public abstract class WebSocketConnectionOptions
{
    /// <summary>
    /// The most bytes that a received message may have over all its fragments; a longer one fails the connection with
    /// <see cref="CloseCode.MessageTooBig"/>. It is refused from the header of the frame that crosses the limit. Default: 1 MiB.
    /// Messages received in parts (<see cref="WebSocketConnection.ReceiveStreamingAsync"/>) are not limited: they are not held in memory.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public long MaxMessageSize
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfNegative(value); field = value; }
    } = 1024 * 1024;

    /// <summary>
    /// The most frames that a received message may have; more fail the connection with <see cref="CloseCode.PolicyViolation"/>. Default: 131,072.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaxFragments
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfLessThan(value, 1); field = value; }
    } = 131_072;

    /// <summary>
    /// The most empty frames that a received message may have, not counting its last; more fail the connection with
    /// <see cref="CloseCode.PolicyViolation"/>. Default: 1,024.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int MaxEmptyFragments
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfNegative(value); field = value; }
    } = 1024;

    /// <summary>
    /// How long the whole opening handshake may take, from the first byte on. A server answers 408 when it is over, a client gives up.
    /// Default: 10 seconds. <see cref="Timeout.InfiniteTimeSpan"/>: no deadline.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or too long for a timer.</exception>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = Checked(value);
    } = TimeSpan.FromSeconds(10);

    /// <summary>The most bytes that the head of a request or response may have. Default: 16 KiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaxHandshakeBytes
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfLessThan(value, 1); field = value; }
    } = 16 * 1024;

    /// <summary>The most header lines that a request or response may have. Default: 100.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaxHandshakeHeaders
    {
        get;
        init { ArgumentOutOfRangeException.ThrowIfLessThan(value, 1); field = value; }
    } = 100;

    /// <summary>
    /// The subprotocols that this end speaks, most wanted first (RFC 6455, section 1.9). A server takes the first that the client offers too,
    /// or none; a client offers them all. Default: none.
    /// </summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>
    /// The extensions that this end has, such as <see cref="PermessageDeflate"/> (RFC 6455, section 9). A server takes what clients offer of them; a client offers
    /// them, most wanted first. Default: none.
    /// </summary>
    public IReadOnlyList<WebSocketExtension> Extensions { get; init; } = [];

    /// <summary>
    /// After this long without a byte from the peer a ping is sent. Any byte that arrives counts as life, not the pong alone. Default: 20 seconds.
    /// <see cref="Timeout.InfiniteTimeSpan"/>: no pings of our own.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or too long for a timer.</exception>
    public TimeSpan KeepAliveInterval
    {
        get;
        init => field = Checked(value);
    } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// When after a keep-alive ping nothing arrives for this long, the peer is taken for gone and the connection fails with
    /// <see cref="ClosureCause.KeepAliveTimeout"/>. While received data waits for the application to receive it, no time counts, unless the
    /// peer has taken nothing of what is being sent either. Default: 20 seconds.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or too long for a timer.</exception>
    public TimeSpan KeepAliveTimeout
    {
        get;
        init => field = Checked(value);
    } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// When no data frame has gone either way for this long, the connection is closed with <see cref="CloseCode.GoingAway"/>.
    /// While a message is being sent, or one waits for the application to receive it, no time counts.
    /// Default: <see cref="Timeout.InfiniteTimeSpan"/>, never.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or too long for a timer.</exception>
    public TimeSpan IdleTimeout
    {
        get;
        init => field = Checked(value);
    } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long closing may take, from the first Close frame on, until the transport is cut; also how long a refused or failed peer gets to
    /// read our last words. Default: 5 seconds. <see cref="Timeout.InfiniteTimeSpan"/>: no deadline.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or too long for a timer.</exception>
    public TimeSpan CloseTimeout
    {
        get;
        init => field = Checked(value);
    } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Called for every ping that arrives, with its payload, which is valid during the call. The pong is sent without doing.
    /// Called in turn with everything else that is received: it must be quick and must not throw, or the connection is aborted.
    /// </summary>
    public Action<WebSocketConnection, ReadOnlySpan<byte>>? PingReceived { get; init; }

    /// <summary>
    /// Called for every pong that arrives, asked for or not, with its payload, which is valid during the call.
    /// Called in turn with everything else that is received: it must be quick and must not throw, or the connection is aborted.
    /// </summary>
    public Action<WebSocketConnection, ReadOnlySpan<byte>>? PongReceived { get; init; }

    /// <summary>The clock and timers for all deadlines. Default: <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where buffers come from. Default: <see cref="ArrayPool{T}.Shared"/>.</summary>
    public ArrayPool<byte> BufferPool { get; init; } = ArrayPool<byte>.Shared;

    internal MessageLimits MessageLimits => new(MaxMessageSize, MaxFragments, MaxEmptyFragments);

    private static TimeSpan Checked(TimeSpan value, [System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        // The longest that System.Threading timers take.
        if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value.TotalMilliseconds > uint.MaxValue - 1))
            throw new ArgumentOutOfRangeException(name, value, "A timeout is positive and below 49 days, or Timeout.InfiniteTimeSpan.");
        return value;
    }
}
