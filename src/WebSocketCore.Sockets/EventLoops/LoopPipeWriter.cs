using System.Buffers;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace WebSocketCore.EventLoops;

/// <summary>The sending half of a <see cref="LoopConnection"/>. A send that takes less than there is has filled the socket; the loop tells when there is room again.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LoopPipeWriter(LoopConnection connection, Lock sync, ArrayPool<byte> pool) : BufferedPipeWriter(connection, sync, pool)
{
    /// <summary>There is room. Under the lock. True: <see cref="CompleteHere"/> is to be called, outside it.</summary>
    public bool OnEvents() => OnWritable();

    /// <summary>The connection was closed. Under the lock. True: <see cref="CompleteHere"/> is to be called, outside it.</summary>
    public bool OnClosed() => OnWritable(0, SocketError.OperationAborted);

    /// <summary>Lets the user of the flush that has ended go on, here and now.</summary>
    public void CompleteHere() => CompletePending();

    protected override long Send(ReadOnlyMemory<byte> first, in ReadOnlySequence<byte> second, out SocketError error) =>
        connection.Send(first.Span, second, out error);

    protected override bool BeginWait(out int sent, out SocketError error)
    {
        (sent, error) = (0, SocketError.Success);
        return false;
    }

    protected override bool TryEndWait() => true;
}
