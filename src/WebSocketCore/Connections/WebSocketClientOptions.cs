namespace WebSocketCore;

/// <summary>What a client can configure. The defaults are safe as they are. An instance may be shared by any number of connections.</summary>
public class WebSocketClientOptions : WebSocketConnectionOptions
{
    internal static WebSocketClientOptions Default { get; } = new();

    /// <summary>Further headers of the request, such as Authorization or Cookie. Default: none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The Origin header of the request, such as <c>https://example.org</c>. Default: null, none; usual outside browsers.</summary>
    public string? Origin { get; init; }
}
