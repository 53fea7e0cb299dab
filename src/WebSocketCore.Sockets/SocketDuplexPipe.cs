using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using WebSocketCore.Connections;

namespace WebSocketCore;

/// <summary>
/// A connected stream socket as a duplex pipe: reads receive straight into the buffer that the reader sees, flushes send straight from the buffer that
/// the writer wrote. There is no task that copies in between, and a connection that waits for its peer holds no buffer.
/// </summary>
/// <remarks>
/// <para>The pipe owns the socket. One thread at a time may read and one may write; the two are independent of each other.
/// <see cref="PipeReader.CancelPendingRead"/> and <see cref="PipeWriter.CancelPendingFlush"/> may be called from any thread. An end may be completed by
/// another thread than its user's while that one waits for a read or a flush, but not while it works with the memory it was given.</para>
/// <para>Completing <see cref="Output"/> sends what is unflushed and then the end of the stream (TCP FIN). It never throws: flush first to learn whether
/// the bytes were taken. When both ends are completed, the socket is closed. Completing either with an exception resets the connection at once.</para>
/// <para>A read that is cancelled loses nothing. A flush that is cancelled while it sends leaves open how much has been sent, so that nothing can be sent
/// any more, and the connection is reset in the end.</para>
/// <para>Errors of the socket appear as <see cref="IOException"/> around a <see cref="SocketException"/>.</para>
/// </remarks>
public sealed class SocketDuplexPipe : IScheduledTransport, IPipeOwner, IDisposable
{
    private const int InputEnded = 1;
    private const int OutputEnded = 2;

    private readonly Socket _socket;
    private readonly WakeUpScheduler _wakeUps = new();
    private int _ended;

    /// <summary>Takes over a socket.</summary>
    /// <param name="socket">A connected stream socket. It belongs to the pipe from now on, which switches it to non-blocking and, over TCP, to no delay.</param>
    /// <param name="pool">Where buffers come from; null for <see cref="ArrayPool{T}.Shared"/>.</param>
    /// <exception cref="ArgumentException">The socket is not a stream socket, or it is not connected.</exception>
    public SocketDuplexPipe(Socket socket, ArrayPool<byte>? pool = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.SocketType != SocketType.Stream) throw new ArgumentException("The socket is not a stream socket.", nameof(socket));
        if (!socket.Connected) throw new ArgumentException("The socket is not connected.", nameof(socket));
        _socket = socket;
        pool ??= ArrayPool<byte>.Shared;

        // The reader receives without waiting once the socket has become readable.
        socket.Blocking = false;
        if (socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6) socket.NoDelay = true;
        var sync = new Lock();
        Input = new SocketPipeReader(this, socket, _wakeUps, sync, pool);
        Output = new SocketPipeWriter(this, socket, sync, pool);
    }

    /// <summary>What the peer sends.</summary>
    public PipeReader Input { get; }

    /// <summary>What is sent to the peer.</summary>
    public PipeWriter Output { get; }

    PipeScheduler IPipeOwner.Scheduler => PipeScheduler.ThreadPool;

    PipeScheduler IScheduledTransport.Scheduler => _wakeUps;

    /// <summary>Resets the connection at once, unless both ends were completed. What is under way ends with an error.</summary>
    public void Dispose()
    {
        if (Volatile.Read(ref _ended) != (InputEnded | OutputEnded)) ResetOnClose();
        _socket.Dispose();
    }

    void IPipeOwner.EndInput(Exception? exception) => End(InputEnded, exception);

    void IPipeOwner.EndOutput(Exception? exception) => End(OutputEnded, exception);

    bool IPipeOwner.TryShutdownOutput()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    void IPipeOwner.ResetOnClose() => ResetOnClose();

    private void ResetOnClose()
    {
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Then there is no connection left to reset.
        }
    }

    private void End(int end, Exception? exception)
    {
        var ended = Interlocked.Or(ref _ended, end) | end;
        if (exception is not null) ResetOnClose();
        if (exception is not null || ended == (InputEnded | OutputEnded)) _socket.Dispose();
    }
}
