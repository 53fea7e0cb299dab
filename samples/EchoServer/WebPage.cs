using WebSocketCore;
using WebSocketCore.Handshake;

namespace EchoServer;

/// <summary>One port for both: WebSocket handshakes are accepted, plain HTTP requests get the page to try the server with.</summary>
internal static class WebPage
{
    private static readonly byte[] Page = Load();

    // The page is one file that needs nothing from anywhere.
    private static readonly KeyValuePair<string, string>[] Headers =
    [
        new("Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        new("X-Content-Type-Options", "nosniff"),
        new("Cache-Control", "no-cache"),
    ];

    /// <summary>Answers a request; null where the answer was not a WebSocket connection.</summary>
    public static async ValueTask<WebSocketConnection?> AnswerAsync(OpeningHandshake handshake, CancellationToken cancellationToken)
    {
        if (handshake.IsValid)
        {
            // An echo is an echo in any subprotocol. A browser that offers some gives up where the server takes none.
            return await handshake.AcceptAsync(handshake.Request!.Subprotocols is [var first, ..] ? first : null, cancellationToken: cancellationToken);
        }

        if (handshake.Error != HandshakeError.NotAnUpgrade)
            await handshake.RefuseAsync(cancellationToken);
        else if (handshake.Request!.Path == "/")
            await handshake.RespondAsync(200, "text/html; charset=utf-8", Page, Headers, cancellationToken);
        else if (handshake.Request.Path == "/favicon.ico")
            await handshake.RespondAsync(204, "image/x-icon", default, cancellationToken: cancellationToken);
        else
            await handshake.RespondAsync(404, "text/plain; charset=utf-8", "Not found. The page is at /.\n"u8.ToArray(), cancellationToken: cancellationToken);
        return null;
    }

    private static byte[] Load()
    {
        using var resource = typeof(WebPage).Assembly.GetManifestResourceStream("page.html")!;
        var page = new byte[resource.Length];
        resource.ReadExactly(page);
        return page;
    }
}
