using System.Buffers;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace WebSocketCore.EventLoops;

/// <summary>The receiving half of a <see cref="LoopConnection"/>.</summary>
/// <remarks>
/// The loop tells once of input, and not again until more has come. A receive that does not fill its room has taken all there was; what comes later is
/// told of. So a wait costs no system call.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class LoopPipeReader(LoopConnection connection, Lock sync, ArrayPool<byte> pool) : BufferedPipeReader(connection, sync, pool)
{
    /// <summary>How many bytes a connection may receive in its turn on the loop before the others have theirs.</summary>
    private const int BytesPerTurn = 1024 * 1024;

    private int _bytesLeft;

    /// <summary>Under the lock. True: <see cref="CompleteHere"/> is to be called, outside it.</summary>
    public bool OnEvents(PollEvents events)
    {
        // A receive stops in front of urgent data too (TCP), and of what is behind it nothing is told.
        if ((events & (PollEvents.Error | PollEvents.HangUp | PollEvents.InputHangUp | PollEvents.Urgent)) != 0) EndIsNear = true;
        _bytesLeft = BytesPerTurn;
        return OnReadable();
    }

    /// <summary>The connection was closed. Under the lock. True: <see cref="CompleteHere"/> is to be called, outside it.</summary>
    public bool OnClosed()
    {
        Fail(SocketError.OperationAborted);
        return OnReadable();
    }

    /// <summary>Lets the user of the read that has ended go on, here and now.</summary>
    public void CompleteHere() => CompletePending();

    protected override int Receive(Span<byte> destination, out SocketError error)
    {
        if (_bytesLeft <= 0 && connection.TryAwaitTurn())
        {
            error = SocketError.WouldBlock;
            return 0;
        }
        var count = connection.Receive(destination, out error);
        _bytesLeft -= count;
        return count;
    }

    protected override bool BeginWait() => false;
}
