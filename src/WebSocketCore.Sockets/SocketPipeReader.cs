using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace WebSocketCore;

/// <summary>The receiving half of a <see cref="SocketDuplexPipe"/>: waits for input by receiving zero bytes, which needs no buffer.</summary>
internal sealed class SocketPipeReader : BufferedPipeReader
{
    private readonly Socket _socket;
    private readonly WakeUpScheduler _wakeUps;
    private readonly Action _onReceived;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _waiting;
    private bool _isWaiting;

    public SocketPipeReader(SocketDuplexPipe owner, Socket socket, WakeUpScheduler wakeUps, Lock sync, ArrayPool<byte> pool)
        : base(owner, sync, pool)
    {
        _socket = socket;
        _wakeUps = wakeUps;
        _onReceived = OnReceived;
    }

    protected override int Receive(Span<byte> destination, out SocketError error)
    {
        try
        {
            return _socket.Receive(destination, SocketFlags.None, out error);
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
            return 0;
        }
    }

    [SuppressMessage("Reliability", "CA2012", Justification = "The result is taken once, when the wait has ended.")]
    protected override bool BeginWait()
    {
        if (_isWaiting) return false;
        try
        {
            _waiting = _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, CancellationToken.None).ConfigureAwait(false).GetAwaiter();
        }
        catch (ObjectDisposedException)
        {
            Fail(SocketError.OperationAborted);
            return true;
        }
        if (_waiting.IsCompleted)
        {
            EndWait();
            return true;
        }
        _isWaiting = true;
        _waiting.UnsafeOnCompleted(_onReceived);
        return false;
    }

    private void OnReceived()
    {
        lock (Sync)
        {
            _isWaiting = false;
            EndWait();
            if (!OnReadable()) return;
        }
        _wakeUps.Run(this);
    }

    private void EndWait()
    {
        try
        {
            _waiting.GetResult();
        }
        catch (SocketException exception)
        {
            Fail(exception.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            Fail(SocketError.OperationAborted);
        }
    }
}
