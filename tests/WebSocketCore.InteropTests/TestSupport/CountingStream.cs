using System.Net.Sockets;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>Bytes on the wire.</summary>
internal readonly record struct Traffic(long Received, long Sent)
{
    public static Traffic operator -(Traffic after, Traffic before) => new(after.Received - before.Received, after.Sent - before.Sent);
}

/// <summary>A TCP connection that counts what goes over it.</summary>
internal sealed class CountingStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private long _received;
    private long _sent;

    public Traffic Traffic => new(Volatile.Read(ref _received), Volatile.Read(ref _sent));

    public static async Task<CountingStream> ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        return new CountingStream(socket);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var length = await base.ReadAsync(buffer, cancellationToken);
        Interlocked.Add(ref _received, length);
        return length;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Interlocked.Add(ref _sent, buffer.Length);
        return base.WriteAsync(buffer, cancellationToken);
    }
}
