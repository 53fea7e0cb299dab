using System.Net;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>What the tests over loopback have in common.</summary>
internal static class Loopback
{
    /// <summary>Any free port of the IPv4 loopback.</summary>
    public static IPEndPoint AnyPort => new(IPAddress.Loopback, 0);

    public static WebSocketListener StartEcho(WebSocketListenerOptions? options = null) => WebSocketListener.Start(AnyPort, EchoAsync, options);

    public static async Task EchoAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        await foreach (var message in connection.ReadAllAsync(cancellationToken)) await connection.SendAsync(message, cancellationToken);
    }

    public static Uri Uri(this WebSocketListener listener, string path = "/") => new($"ws://{listener.EndPoint}{path}");

    /// <summary>The address by name: the name that the certificates of the tests are made for.</summary>
    public static Uri LocalhostUri(this WebSocketListener listener, string scheme = "ws") => new($"{scheme}://localhost:{listener.EndPoint.Port}/");

    public static Task<WebSocketConnection> ConnectAsync(this WebSocketListener listener, WebSocketConnectOptions? options = null) =>
        WebSocketClient.ConnectAsync(listener.Uri(), options).Within();

    /// <summary>Sends a text and expects it back.</summary>
    public static async Task ShouldEchoAsync(this WebSocketConnection connection, string text = "hello")
    {
        await connection.SendTextAsync(text).Within();
        var reply = await connection.ReceiveAsync().Within();
        reply.Should().NotBeNull("{0}", connection.Closure);
        reply!.Value.GetText().Should().Be(text);
    }

    /// <summary>Connects, sends a text, expects it back, and closes: the listener serves.</summary>
    public static async Task ShouldServeAsync(this WebSocketListener listener)
    {
        await using var client = await listener.ConnectAsync();
        await client.ShouldEchoAsync();
        await client.CloseAsync().Within();
        client.Closure!.IsClean.Should().BeTrue("{0}", client.Closure);
    }

    /// <summary>Waits for what nothing announces.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Receives until the connection has ended; tells how.</summary>
    public static async Task<WebSocketClosure> ReceiveToEndAsync(this WebSocketConnection connection)
    {
        while (await connection.ReceiveAsync().Within() is not null)
        {
            // Only the end counts.
        }
        return await connection.Closed.Within();
    }
}

/// <summary>A test that needs the IPv6 loopback address.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IPv6FactAttribute : FactAttribute
{
    public IPv6FactAttribute()
    {
        if (!HasLoopback) Skip = "This machine has no IPv6 loopback address.";
    }

    private static bool HasLoopback { get; } = CanBind();

    private static bool CanBind()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
