using System.Net;

namespace WebSocketCore.Tests.Sockets;

/// <summary>Tests of a listener, which run over each of its transports: a class derived from theirs has another one.</summary>
public abstract class ListenerTest
{
    /// <summary>The listeners' transport.</summary>
    protected virtual SocketTransport Transport => SocketTransport.Sockets;

    /// <summary>The number of event loops, if the transport has any. One more than needed, so that connections are spread.</summary>
    protected virtual int EventLoops => 2;

    /// <summary>Starts a listener over the transport of the tests.</summary>
    protected WebSocketListener Start(
        IPEndPoint endPoint, Func<WebSocketConnection, CancellationToken, Task> handler, WebSocketListenerOptions? options = null)
    {
        if (Transport == SocketTransport.Sockets) return WebSocketListener.Start(endPoint, handler, options);

        // The options of a test are its own; what is set here it does not set.
        options ??= new WebSocketListenerOptions();
        typeof(WebSocketListenerOptions).GetProperty(nameof(options.Transport))!.SetValue(options, Transport);
        typeof(WebSocketListenerOptions).GetProperty(nameof(options.EventLoops))!.SetValue(options, EventLoops);
        return WebSocketListener.Start(endPoint, handler, options);
    }

    /// <summary>Starts an echo server over the transport of the tests.</summary>
    protected WebSocketListener StartEcho(WebSocketListenerOptions? options = null) => Start(Loopback.AnyPort, Loopback.EchoAsync, options);
}
