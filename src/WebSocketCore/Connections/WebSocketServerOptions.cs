using WebSocketCore.Handshake;

namespace WebSocketCore;

/// <summary>What a server can configure. The defaults are safe as they are. An instance may be shared by any number of connections.</summary>
public class WebSocketServerOptions : WebSocketConnectionOptions
{
    internal static WebSocketServerOptions Default { get; } = new();

    /// <summary>
    /// Which web pages may connect, by the Origin header that browsers send (RFC 6455, sections 4.2.2 and 10.2). Others are refused with 403.
    /// Default: <see cref="OriginPolicy.Any"/>. Where cookies or the network's place authenticate the user, choose
    /// <see cref="OriginPolicy.SameOrigin"/> or <see cref="OriginPolicy.AllowList"/>: else any page on the web can connect in the user's name.
    /// </summary>
    public OriginPolicy Origins { get; init; } = OriginPolicy.Any;
}
