using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using WebSocketCore.Frames;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Readme;

/// <summary>The examples of README.md, word for word, so that they compile; <see cref="ReadmeTests"/> runs them.</summary>
internal static class ReadmeExamples
{
    public static async Task ServeAsync(IDuplexPipe pipe, CancellationToken ct)
    {
        await using var ws = await WebSocketConnection.AcceptAsync(pipe, cancellationToken: ct);
        await foreach (var message in ws.ReadAllAsync(ct))    // payload: valid until the next iteration
            await ws.SendAsync(message, ct);                  // safe from any thread
        Console.WriteLine(ws.Closure);                        // who closed, both codes and reasons, the rule that failed
    }

    public static async Task ServeAsync(Stream stream, CancellationToken ct)
    {
        await using var handshake = await OpeningHandshake.ReadAsync(stream, new WebSocketServerOptions { Origins = OriginPolicy.SameOrigin }, ct);
        if (handshake.Error == HandshakeError.NotAnUpgrade)
        {
            await handshake.RespondAsync(200, "text/plain; charset=utf-8", "This is a WebSocket server."u8.ToArray(), cancellationToken: ct);
        }
        else if (handshake.IsValid && !handshake.Request!.TryGetCookie("session", out _))
        {
            await handshake.RefuseAsync(401, "Log in first.", cancellationToken: ct);
        }
        else if (handshake.IsValid)
        {
            await using var ws = await handshake.AcceptAsync(cancellationToken: ct);
            await ws.SendTextAsync("Welcome.", ct);
        }
        // What was not answered is refused, with the status and the reason that fit.
    }

    public static async Task ListenAsync(Task shutdown)
    {
        await using var listener = WebSocketListener.Start(new IPEndPoint(IPAddress.Loopback, 0), async (ws, ct) =>
        {
            while (await ws.ReceiveAsync(ct) is { } message)
                await ws.SendTextAsync($"{message.Kind}, {message.Length} bytes", ct);
        });
        Console.WriteLine($"ws://{listener.EndPoint}/");
        await shutdown;
        await listener.StopAsync(CancellationToken.None);     // closes every connection with 1001, waits, then aborts
    }

    public static async Task TalkAsync(Uri uri, CancellationToken ct)
    {
        var options = new WebSocketConnectOptions { Subprotocols = ["chat.v1"], Headers = [new("Authorization", "Bearer ...")] };
        await using var ws = await WebSocketClient.ConnectAsync(uri, options, ct);
        await ws.SendTextAsync("hello", ct);
        var reply = await ws.ReceiveAsync(ct);                // null: the connection has ended, see ws.Closure
        Console.WriteLine(reply?.GetText());
        Console.WriteLine(await ws.PingAsync(ct));            // the round-trip time
        await ws.CloseAsync(CloseCode.NormalClosure, "done", ct);
    }

    public static async Task ComposeAsync(WebSocketConnection ws, object value, CancellationToken ct)
    {
        using var message = new MessageBuffer(MessageKind.Text);   // an IBufferWriter<byte> in pooled memory
        await using (var json = new Utf8JsonWriter(message))
            JsonSerializer.Serialize(json, value);
        await ws.SendAsync(message, ct);
    }

    public static WebSocketListener Start(IPEndPoint endPoint, Func<WebSocketConnection, CancellationToken, Task> handler) =>
        WebSocketListener.Start(endPoint, handler, new WebSocketListenerOptions { Extensions = [new PermessageDeflate()] });

    public static async Task BroadcastAsync(IReadOnlyCollection<WebSocketConnection> room, string json, CancellationToken ct)
    {
        using var message = PreparedMessage.Text(json);            // framed once, compressed once for all that can share it
        foreach (var ws in room)
            await ws.SendAsync(message, ct);
    }

    public static async Task StreamAsync(WebSocketConnection ws, Stream source, Stream destination, CancellationToken ct)
    {
        await using (var writer = await ws.StartMessageAsync(MessageKind.Binary, ct))
        {
            var buffer = new byte[16 * 1024];
            for (int length; (length = await source.ReadAsync(buffer, ct)) != 0;)
                await writer.WriteAsync(buffer.AsMemory(0, length), ct);
            await writer.CompleteAsync(ct);
        }

        using var reader = await ws.ReceiveStreamingAsync(ct);     // null: the connection has ended
        if (reader is not null) await reader.CopyToAsync(destination, ct);
    }

    public static ProtocolError Inspect(ReadOnlySpan<byte> bytes, WebSocketRole receiver)
    {
        if (!FrameHeaderParser.TryParse(bytes, out var header, out int headerLength)) return ProtocolError.None;    // more bytes are needed
        var error = FrameRules.Check(header, receiver, ReservedBits.None, messageInProgress: false);
        if (error != ProtocolError.None) return error;

        var payload = bytes[headerLength..].ToArray();
        Masking.Apply(payload, header.MaskingKey);
        Console.WriteLine($"{header.Opcode}, {header.PayloadLength} bytes, fin: {header.Fin}");
        return ProtocolError.None;
    }
}
