using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace WebSocketCore.EventLoops;

/// <summary>Event loops among which connections are spread, and the thread that watches over them.</summary>
[SupportedOSPlatform("linux")]
[SuppressMessage("Reliability", "CA1001", Justification = "Loops that end late still use the event, and nothing but the group does.")]
internal sealed class EventLoopGroup
{
    /// <summary>A call that takes one to two of these has its loop pass to another thread, if something waits for the loop.</summary>
    private const int WatchInterval = 20;

    /// <summary>After so many intervals in which no loop had anything to do, the watch sleeps until one has.</summary>
    private const int MaxIdleIntervals = 50;

    private readonly EventLoop[] _loops;
    private readonly AutoResetEvent _waking = new(false);
    private volatile bool _isWatching = true;
    private int _running;
    private int _next;

    /// <summary>Begins to run.</summary>
    /// <param name="count">The number of loops.</param>
    /// <exception cref="SocketException">The process has no more descriptors.</exception>
    public EventLoopGroup(int count)
    {
        _loops = new EventLoop[count];
        try
        {
            while (_running < count) _loops[_running++] = new EventLoop(this, $"WebSocketCore event loop {_running}");
        }
        catch
        {
            _running--;
            foreach (var loop in _loops) loop?.End();
            throw;
        }
        new Thread(Watch) { IsBackground = true, Name = "WebSocketCore event loop watch" }.UnsafeStart();
    }

    /// <summary>The loop for the next connection: each in turn.</summary>
    public EventLoop Next() => _loops[(uint)Interlocked.Increment(ref _next) % (uint)_loops.Length];

    /// <summary>Has every loop end when it has no connection left.</summary>
    public void End()
    {
        foreach (var loop in _loops) loop.End();
    }

    /// <summary>A loop has ended.</summary>
    public void OnEnded()
    {
        if (Interlocked.Decrement(ref _running) == 0) _waking.Set();
    }

    /// <summary>A loop has woken up, and may be stuck soon.</summary>
    public void WatchOver()
    {
        if (_isWatching) return;
        _isWatching = true;
        _waking.Set();
    }

    private void Watch()
    {
        var idle = 0;
        while (Volatile.Read(ref _running) != 0)
        {
            _waking.WaitOne(_isWatching ? WatchInterval : Timeout.Infinite);
            foreach (var loop in _loops) loop.TakeOverIfStuck();
            idle = AreAsleep() ? idle + 1 : 0;
            if (idle < MaxIdleIntervals) continue;

            // A loop that wakes up looks whether it is watched. So that it need not do so with a fence, there is one here, for all threads.
            idle = 0;
            _isWatching = false;
            Interlocked.MemoryBarrierProcessWide();
            if (!AreAsleep()) _isWatching = true;
        }
    }

    private bool AreAsleep()
    {
        foreach (var loop in _loops)
        {
            if (!loop.IsAsleep) return false;
        }
        return true;
    }
}
