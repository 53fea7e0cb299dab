using System.Net;
using System.Net.Sockets;
using System.Text;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>In the steady state a message costs a listener's connection no allocation, from the socket and back to it.</summary>
[Collection(AloneCollection.Name)]
public class WebSocketListenerAllocationTests : ListenerTest
{
#if DEBUG
    // Without optimization the compiler makes every state machine an object.
    private const int Allowed = 2048;
#else
    private const int Allowed = 0;
#endif

    [Theory]
    [InlineData(32, 1)]
    [InlineData(32, 16)]
    [InlineData(16 * 1024, 1)]
    [InlineData(200_000, 1)]
    public async Task An_echo_allocates_nothing(int size, int inFlight)
    {
        const int Rounds = 500;
        await using var listener = StartEcho();
        using var peer = Upgrade(listener.EndPoint);
        var messages = Enumerable.Repeat(Wire.Mask(Wire.Frame(0x82, new byte[size])), inFlight).SelectMany(frame => frame).ToArray();
        var echo = new byte[Wire.Frame(0x82, new byte[size]).Length * inFlight];

        // The least of some tries: caches fill at first, and the runtime's own threads allocate now and then.
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var round = 0; round < Rounds; round++)
            {
                Send(peer, messages);
                Receive(peer, echo);
            }
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            if (least <= Allowed) break;
        }

        echo[0].Should().Be(0x82);
        (least / (Rounds * inFlight)).Should().BeLessThanOrEqualTo(Allowed);
    }

    // A socket that blocks, and on which nothing was ever done asynchronously, allocates nothing.
    private static Socket Upgrade(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000 };
        socket.Connect(endPoint);
        Send(socket, Encoding.ASCII.GetBytes(RawTcpPeer.Upgrade));
        var head = new StringBuilder();
        var next = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            Receive(socket, next);
            head.Append((char)next[0]);
        }
        head.ToString().Should().StartWith("HTTP/1.1 101 ");
        return socket;
    }

    private static void Send(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[socket.Send(bytes)..];
    }

    private static void Receive(Socket socket, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = socket.Receive(destination);
            if (count == 0) throw new IOException("The stream has ended.");
            destination = destination[count..];
        }
    }
}
