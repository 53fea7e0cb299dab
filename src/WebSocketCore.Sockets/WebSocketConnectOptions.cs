using System.Net.Security;

namespace WebSocketCore;

/// <summary>What <see cref="WebSocketClient"/> can configure beside the protocol. The defaults are safe as they are.</summary>
public sealed class WebSocketConnectOptions : WebSocketClientOptions
{
    internal static new WebSocketConnectOptions Default { get; } = new();

    /// <summary>
    /// How long resolving the name, connecting and the TLS handshake may take together, before the
    /// <see cref="WebSocketConnectionOptions.HandshakeTimeout"/> of the opening handshake begins. Default: 10 seconds.
    /// <see cref="Timeout.InfiniteTimeSpan"/>: no deadline of our own.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or too long for a timer.</exception>
    public TimeSpan ConnectTimeout
    {
        get;
        init
        {
            // The longest that System.Threading timers take.
            if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value.TotalMilliseconds > uint.MaxValue - 1))
                throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout is positive and below 49 days, or Timeout.InfiniteTimeSpan.");
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Called for each wss connection to change what <see cref="SslStream"/> is given: client certificates, trust, protocol versions. The name to verify
    /// and the protocol http/1.1 are set already. Default: null, verification against the system's trust.
    /// </summary>
    public Action<SslClientAuthenticationOptions>? ConfigureTls { get; init; }
}
