using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace WebSocketCore.EventLoops;

/// <summary>Accepts connections on an event loop, and has them served on the loops of a group in turn.</summary>
[SupportedOSPlatform("linux")]
internal sealed class EventLoopAcceptor : Acceptor
{
    private const int MaxBatch = 64;

    // After so many batches that left some, the next ones are larger.
    private const int FullBatches = 4;

    private readonly Socket _listening;
    private readonly WebSocketListenerOptions _options;
    private readonly EventLoopGroup _loops;
    private readonly EventLoop _loop;
    private readonly Target _target;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Newcomers _newcomers = new();
    private readonly Lock _sync = new();
    private Func<IDuplexPipe, IThreadPoolWorkItem>? _accepted;
    private PollEvents _watched = PollEvents.Input;
    private ITimer? _pauseTimer;
    private int _places;
    private bool _isPaused;
    private bool _isStopping;

    // The loop tells again of what is left in the backlog, so it need not be asked in vain each time whether there is more.
    private int _batch = 1;
    private int _fullBatches;

    /// <summary>Begins to run the loops.</summary>
    /// <param name="listening">The listening socket, which belongs to the acceptor from now on.</param>
    /// <param name="options">The listener's.</param>
    /// <exception cref="SocketException">The process has no more descriptors.</exception>
    public EventLoopAcceptor(Socket listening, WebSocketListenerOptions options)
    {
        _listening = listening;
        _options = options;
        _places = options.MaxConnections;
        listening.Blocking = false;

        // The sockets of its connections have that from it.
        listening.NoDelay = true;
        _loops = new EventLoopGroup(options.EventLoops);
        _loop = _loops.Next();
        _target = new Target(this);
    }

    private int Descriptor => (int)_listening.SafeHandle.DangerousGetHandle();

    public override void Start(Func<IDuplexPipe, IThreadPoolWorkItem> accepted)
    {
        _accepted = accepted;
        try
        {
            _loop.TryAdd(_target, Descriptor, _watched);
        }
        catch
        {
            _loops.End();
            throw;
        }
    }

    public override void Release()
    {
        lock (_sync)
        {
            _places++;
            Watch();
        }
    }

    public override Task StopAsync()
    {
        lock (_sync)
        {
            if (_isStopping) return _stopped.Task;
            _isStopping = true;
            Watch();
            _pauseTimer?.Dispose();
        }
        _loop.Schedule(static acceptor => ((EventLoopAcceptor)acceptor!).Close(), this);
        return _stopped.Task;
    }

    public override void End() => _loops.End();

    private void Close()
    {
        // A batch that is being accepted on a thread that was stuck in it ends by itself.
        lock (_sync)
        {
            _loop.Remove(_target);
            _listening.Dispose();
        }
        _newcomers.End();
        _stopped.SetResult();
    }

    private void Accept()
    {
        for (var count = 0; count < _batch; count++)
        {
            if (!TryAccept(out var descriptor)) return;
            if (descriptor < 0)
            {
                _batch = Math.Max(1, count);
                _fullBatches = 0;
                return;
            }
            try
            {
                var connection = new LoopConnection(_loops.Next(), descriptor, _options.BufferPool);
                connection.RunOnInput(_accepted!(connection));
                _newcomers.Add(connection);
            }
            catch (SocketException)
            {
                lock (_sync) GiveBackPlace(isRefused: true);
                return;
            }
        }
        if (++_fullBatches < FullBatches) return;
        _fullBatches = 0;
        _batch = Math.Min(2 * _batch, MaxBatch);
    }

    /// <summary>Accepts a connection, if there is one; then it has a place. False: nothing is to be accepted for now.</summary>
    private bool TryAccept(out int descriptor)
    {
        descriptor = -1;
        lock (_sync)
        {
            if (_isStopping || _isPaused || _places == 0) return false;
            descriptor = Linux.Accept(_listening.SafeHandle, out var error);
            if (descriptor >= 0) _places--;
            else if (error != SocketError.Success) BeginPause();
            Watch();
            return true;
        }
    }

    // Under the lock, as the rest.
    private void GiveBackPlace(bool isRefused)
    {
        _places++;
        if (isRefused) BeginPause();
        Watch();
    }

    private void BeginPause()
    {
        if (_isStopping) return;
        _isPaused = true;
        _pauseTimer?.Dispose();
        _pauseTimer = _options.TimeProvider.CreateTimer(static acceptor => ((EventLoopAcceptor)acceptor!).EndPause(), this, Pause, Timeout.InfiniteTimeSpan);
    }

    private void EndPause()
    {
        lock (_sync)
        {
            _isPaused = false;
            Watch();
        }
    }

    private void Watch()
    {
        var wanted = _isStopping || _isPaused || _places == 0 ? PollEvents.None : PollEvents.Input;
        if (wanted == _watched) return;
        _watched = wanted;
        _loop.Modify(_target, Descriptor, wanted);
    }

    private sealed class Target(EventLoopAcceptor acceptor) : LoopTarget
    {
        public override void OnEvents(PollEvents events) => acceptor.Accept();
    }
}
