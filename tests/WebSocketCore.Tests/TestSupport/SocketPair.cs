using System.Net;
using System.Net.Sockets;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>Two sockets that are connected to each other over loopback.</summary>
internal sealed class SocketPair : IDisposable
{
    private SocketPair(Socket local, Socket peer)
    {
        Local = local;
        Peer = peer;
    }

    public Socket Local { get; }

    public Socket Peer { get; }

    /// <param name="bufferSize">Size of the kernel's buffers, to have a sender wait for its peer soon.</param>
    public static async Task<SocketPair> ConnectAsync(int? bufferSize = null)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (bufferSize is { } accepted) listener.ReceiveBufferSize = accepted;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var local = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (bufferSize is { } sent) local.SendBufferSize = sent;
        await local.ConnectAsync(listener.LocalEndPoint!);
        return new SocketPair(local, await listener.AcceptAsync());
    }

    /// <summary>Closes a socket so that the other end is reset.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public void Dispose()
    {
        Local.Dispose();
        Peer.Dispose();
    }
}
