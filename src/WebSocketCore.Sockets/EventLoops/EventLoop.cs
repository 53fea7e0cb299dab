using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace WebSocketCore.EventLoops;

/// <summary>One thread that waits for the events of many descriptors and runs what they set going, and what is scheduled, in turn.</summary>
/// <remarks>
/// <para>What runs on the loop, applications too, should not block; if it does, the others must not wait for it for ever, nor it for them. So all that is
/// left to do is in the loop, not on the thread's stack, and the loop can pass to another thread while one is stuck in a call: the monitor sees that the
/// phase stays the same, advances it in place of the thread, and starts another one. The stuck thread finds the phase advanced when its call returns,
/// and leaves.</para>
/// <para>The phase is odd during a call, and only then can it be advanced by another. What belongs to the owner is touched between calls only.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class EventLoop : PipeScheduler
{
    private const int MaxEvents = 512;

    // How often work that schedules work comes in turn before it is looked for events again.
    private const int MaxTurns = 8;
    private const ulong WakeUpKey = ulong.MaxValue;

    [ThreadStatic]
    private static EventLoop? t_current;

    private readonly EventLoopGroup _group;
    private readonly string _name;
    private readonly int _epoll;
    private readonly int _wakeUp;

    // Under the lock.
    private readonly Lock _sync = new();
    private readonly Stack<int> _freeSlots = new();
    private LoopTarget?[] _targets = new LoopTarget?[64];
    private List<Work> _queue = [];
    private uint _generation;
    private int _slots;
    private int _count;
    private bool _isEnding;
    private bool _hasEnded;

    // Whether who schedules must wake the loop.
    private volatile bool _isWaiting;
    private volatile bool _hasWork;
    private volatile bool _isAsleep;

    // The owner's.
    private readonly byte[] _events = GC.AllocateUninitializedArray<byte>(MaxEvents * Linux.EventSize, pinned: true);
    private List<Work> _work = [];
    private int _nextWork;
    private int _nextEvent;
    private int _eventCount;
    private int _turns;

    private long _phase;
    private long _phaseSeen;

    /// <summary>Begins to run.</summary>
    /// <exception cref="SocketException">The process has no more descriptors.</exception>
    public EventLoop(EventLoopGroup group, string name)
    {
        _group = group;
        _name = name;
        _epoll = Linux.CreateEpoll();
        try
        {
            _wakeUp = Linux.CreateSignal();
        }
        catch
        {
            Linux.Close(_epoll);
            throw;
        }

        // Every signal is an edge, so nobody needs to read the counter.
        Linux.Add(_epoll, _wakeUp, PollEvents.Input | PollEvents.Edges, WakeUpKey);
        StartThread();
    }

    /// <summary>Whether it waits and has nothing to do.</summary>
    public bool IsAsleep => _isAsleep;

    /// <summary>Whether the caller is on the loop's thread, or on one that the loop has left because it was stuck.</summary>
    public bool IsCurrent => t_current == this;

    /// <summary>
    /// Runs an action on the loop's thread: soon after what is running now, before the next event. When the loop has ended, on a pool thread.
    /// </summary>
    public override void Schedule(Action<object?> action, object? state)
    {
        lock (_sync)
        {
            if (!_hasEnded)
            {
                _queue.Add(new Work(action, state));
                _hasWork = true;
                if (!_isWaiting) return;
                _isWaiting = false;
                Linux.Signal(_wakeUp);
                return;
            }
        }
        ThreadPool.Schedule(action, state);
    }

    /// <summary>Has a target told of a descriptor's events, until <see cref="Remove"/>. False when the loop has ended.</summary>
    /// <exception cref="SocketException">The system cannot watch more descriptors.</exception>
    public bool TryAdd(LoopTarget target, int descriptor, PollEvents events)
    {
        lock (_sync)
        {
            if (_hasEnded) return false;
            if (!_freeSlots.TryPop(out var slot)) slot = _slots++;
            if (slot == _targets.Length) Array.Resize(ref _targets, 2 * slot);
            target.Key = ((ulong)_generation++ << 32) | (uint)slot;
            _targets[slot] = target;
            _count++;
            var error = Linux.Add(_epoll, descriptor, events, target.Key);
            if (error == SocketError.Success) return true;
            RemoveSlot(target);
            throw new SocketException((int)error);
        }
    }

    /// <summary>Changes the events that are told, and tells those that are there already.</summary>
    public void Modify(LoopTarget target, int descriptor, PollEvents events)
    {
        lock (_sync)
        {
            if (!_hasEnded) Linux.Modify(_epoll, descriptor, events, target.Key);
        }
    }

    /// <summary>Forgets a target. Its descriptor is closed, or else was given none to be told of before.</summary>
    public void Remove(LoopTarget target)
    {
        lock (_sync)
        {
            RemoveSlot(target);
            if (_count == 0 && _isEnding) Wake();
        }
    }

    /// <summary>Ends the loop, and with it its thread, when it has no target left.</summary>
    public void End()
    {
        lock (_sync)
        {
            _isEnding = true;
            Wake();
        }
    }

    /// <summary>Has another thread go on with the loop if this one's has been in the same call since the last time and something waits for it.</summary>
    public void TakeOverIfStuck()
    {
        var phase = Volatile.Read(ref _phase);
        if ((phase & 1) != 0 && phase == _phaseSeen && HasSomethingToDo() && TryEndCall(phase)) StartThread();
        _phaseSeen = phase;
    }

    private bool HasSomethingToDo()
    {
        // The owner is in a call, so what is its own stays as it is.
        if (_hasWork || _nextWork < _work.Count || _nextEvent < _eventCount) return true;
        lock (_sync) return !_hasEnded && Linux.IsReadable(_epoll);
    }

    private void StartThread() => new Thread(static loop => ((EventLoop)loop!).Run()) { IsBackground = true, Name = _name }.UnsafeStart(this);

    private void Run()
    {
        t_current = this;
        while (true)
        {
            // Whoever had the loop before may have left some of what it took.
            if (_hasWork && _nextWork == _work.Count) TakeQueue();
            while (_nextWork < _work.Count)
            {
                var work = _work[_nextWork];
                _work[_nextWork++] = default;
                var phase = BeginCall();
                work.Action(work.State);
                if (!TryEndCall(phase)) return;
            }
            if (_nextEvent < _eventCount)
            {
                var events = Linux.ReadEvent(_events, _nextEvent++, out var key);
                if (Find(key) is not { } target) continue;
                var phase = BeginCall();
                target.OnEvents(events);
                if (!TryEndCall(phase)) return;
            }
            else if ((!_hasWork || ++_turns == MaxTurns) && !Wait())
            {
                return;
            }
        }
    }

    private long BeginCall()
    {
        var phase = _phase + 1;
        Volatile.Write(ref _phase, phase);
        return phase;
    }

    /// <summary>False: somebody else did, and the loop is another thread's by now.</summary>
    private bool TryEndCall(long phase) => Interlocked.CompareExchange(ref _phase, phase + 1, phase) == phase;

    private void TakeQueue()
    {
        _work.Clear();
        _nextWork = 0;
        lock (_sync)
        {
            (_work, _queue) = (_queue, _work);
            _hasWork = false;
        }
    }

    private LoopTarget? Find(ulong key)
    {
        if (key == WakeUpKey) return null;
        var targets = Volatile.Read(ref _targets);
        var target = Volatile.Read(ref targets[(int)(uint)key]);

        // An event of a descriptor that was closed meanwhile must not reach who has its slot now.
        return target?.Key == key ? target : null;
    }

    /// <summary>Waits for events or work. False when the loop has ended.</summary>
    private bool Wait()
    {
        int timeout;
        lock (_sync)
        {
            if (_isEnding && _count == 0 && !_hasWork)
            {
                _hasEnded = true;
                Linux.Close(_epoll);
                Linux.Close(_wakeUp);
                _group.OnEnded();
                return false;
            }
            _isWaiting = !_hasWork;
            timeout = _hasWork ? 0 : Timeout.Infinite;
        }
        _isAsleep = timeout != 0;
        _turns = 0;
        _nextEvent = 0;
        _eventCount = Linux.Wait(_epoll, _events, timeout);
        _isAsleep = false;
        _isWaiting = false;
        _group.WatchOver();
        return true;
    }

    // Under the lock.
    private void Wake()
    {
        if (!_isWaiting) return;
        _isWaiting = false;
        Linux.Signal(_wakeUp);
    }

    // Under the lock.
    private void RemoveSlot(LoopTarget target)
    {
        var slot = (int)(uint)target.Key;
        if (_targets[slot] != target) return;
        _targets[slot] = null;
        _freeSlots.Push(slot);
        _count--;
    }

    private readonly record struct Work(Action<object?> Action, object? State);
}
