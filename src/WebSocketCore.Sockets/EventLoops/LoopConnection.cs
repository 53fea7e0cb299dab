using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;
using WebSocketCore.Connections;

namespace WebSocketCore.EventLoops;

/// <summary>A connected socket on an event loop as a duplex pipe: reads and flushes that waited go on within the loop.</summary>
/// <remarks>
/// Ends and errors are those of <see cref="SocketDuplexPipe"/>. The descriptor is used and closed under the lock, so that nobody uses one that is closed
/// and perhaps another connection's by then.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class LoopConnection : LoopTarget, IScheduledTransport, IPipeOwner, IDisposable
{
    private const int Closed = -1;
    private const int InputEnded = 1;
    private const int OutputEnded = 2;
    private const PollEvents Events = PollEvents.Input | PollEvents.Urgent | PollEvents.Output | PollEvents.InputHangUp | PollEvents.Edges;

    private readonly EventLoop _loop;
    private readonly Lock _sync = new();
    private readonly LoopPipeReader _input;
    private readonly LoopPipeWriter _output;
    private IThreadPoolWorkItem? _onInput;
    private int _descriptor;
    private int _ended;
    private bool _hasHadInput;
    private bool _resetOnClose;

    /// <summary>Takes over a connected socket that does not block and does not delay what it sends.</summary>
    /// <param name="loop">Where it goes on.</param>
    /// <param name="descriptor">The socket. It belongs to the connection from now on.</param>
    /// <param name="pool">Where buffers come from.</param>
    /// <exception cref="SocketException">The system cannot watch more descriptors.</exception>
    public LoopConnection(EventLoop loop, int descriptor, ArrayPool<byte> pool)
    {
        _loop = loop;
        _descriptor = descriptor;
        _input = new LoopPipeReader(this, _sync, pool);
        _output = new LoopPipeWriter(this, _sync, pool);
        try
        {
            if (!loop.TryAdd(this, descriptor, Events)) throw new SocketException((int)SocketError.OperationAborted);
        }
        catch
        {
            Linux.Close(descriptor);
            throw;
        }
    }

    /// <summary>What the peer sends.</summary>
    public PipeReader Input => _input;

    /// <summary>What is sent to the peer.</summary>
    public PipeWriter Output => _output;

    /// <summary>The loop.</summary>
    public PipeScheduler Scheduler => _loop;

    /// <summary>Whether the socket has been closed.</summary>
    internal bool IsClosed
    {
        get
        {
            lock (_sync) return _descriptor == Closed;
        }
    }

    /// <summary>Resets the connection at once, unless both ends were completed.</summary>
    public void Dispose()
    {
        if (Volatile.Read(ref _ended) != (InputEnded | OutputEnded)) ResetOnClose();
        Close();
    }

    /// <summary>Has work run, within the loop, as soon as there is input, or its end. Nobody reads before.</summary>
    public void RunOnInput(IThreadPoolWorkItem work)
    {
        lock (_sync)
        {
            _onInput = work;
            if (!_hasHadInput) return;
        }
        RunWithoutInput();
    }

    /// <summary>Has the work that waits for input, if it still does, run all the same, soon.</summary>
    public void RunWithoutInput()
    {
        IThreadPoolWorkItem? work;
        lock (_sync) work = TakeOnInput();
        if (work is not null) _loop.Schedule(static work => ((IThreadPoolWorkItem)work!).Execute(), work);
    }

    public override void OnEvents(PollEvents events)
    {
        var isInput = (events & ~PollEvents.Output) != 0;
        bool readEnds, flushEnds;
        IThreadPoolWorkItem? work = null;
        lock (_sync)
        {
            if (_descriptor == Closed) return;
            readEnds = isInput && _input.OnEvents(events);
            flushEnds = (events & ~(PollEvents.Input | PollEvents.InputHangUp)) != 0 && _output.OnEvents();
            if (isInput)
            {
                _hasHadInput = true;
                work = TakeOnInput();
            }
        }

        // Who goes on may block. That must not stop the other.
        if (readEnds && flushEnds) _loop.Schedule(static output => ((LoopPipeWriter)output!).CompleteHere(), _output);
        else if (flushEnds) _output.CompleteHere();
        if (readEnds) _input.CompleteHere();
        work?.Execute();
    }

    public void EndInput(Exception? exception) => End(InputEnded, exception);

    public void EndOutput(Exception? exception) => End(OutputEnded, exception);

    public bool TryShutdownOutput()
    {
        lock (_sync)
        {
            if (_descriptor == Closed) return false;
            if (!_loop.IsCurrent) return Linux.ShutdownOutput(_descriptor);
        }

        // The input mostly ends next, and then the socket is closed, which ends the output too.
        _loop.Schedule(static connection => ((LoopConnection)connection!).ShutdownOutput(), this);
        return true;
    }

    public void ResetOnClose()
    {
        lock (_sync) _resetOnClose = true;
    }

    /// <summary>Receives without waiting. The caller holds the lock.</summary>
    internal int Receive(Span<byte> destination, out SocketError error)
    {
        if (_descriptor != Closed) return Linux.Receive(_descriptor, destination, out error);
        error = SocketError.OperationAborted;
        return 0;
    }

    /// <summary>Sends without waiting. The caller holds the lock.</summary>
    internal long Send(ReadOnlySpan<byte> first, in ReadOnlySequence<byte> second, out SocketError error)
    {
        if (_descriptor != Closed)
            return second.IsEmpty ? Linux.Send(_descriptor, first, out error) : Linux.Send(_descriptor, first, second, out error);
        error = SocketError.OperationAborted;
        return 0;
    }

    /// <summary>Has the loop tell again of the input that is there, behind the events of the other connections. The caller holds the lock.</summary>
    internal bool TryAwaitTurn()
    {
        if (_descriptor == Closed) return false;
        _loop.Modify(this, _descriptor, Events);
        return true;
    }

    // Under the lock.
    private IThreadPoolWorkItem? TakeOnInput()
    {
        var work = _onInput;
        _onInput = null;
        return work;
    }

    private void ShutdownOutput()
    {
        lock (_sync)
        {
            if (_descriptor != Closed) Linux.ShutdownOutput(_descriptor);
        }
    }

    private void End(int end, Exception? exception)
    {
        var ended = Interlocked.Or(ref _ended, end) | end;
        if (exception is not null) ResetOnClose();
        if (exception is not null || ended == (InputEnded | OutputEnded)) Close();
    }

    private void Close()
    {
        bool readEnds, flushEnds;
        lock (_sync)
        {
            if (_descriptor == Closed) return;
            if (_resetOnClose) Linux.SetResetOnClose(_descriptor);
            Linux.Close(_descriptor);
            _descriptor = Closed;
            readEnds = _input.OnClosed();
            flushEnds = _output.OnClosed();
        }
        if (readEnds) _loop.Schedule(static input => ((LoopPipeReader)input!).CompleteHere(), _input);
        if (flushEnds) _loop.Schedule(static output => ((LoopPipeWriter)output!).CompleteHere(), _output);
        _loop.Remove(this);
    }
}
