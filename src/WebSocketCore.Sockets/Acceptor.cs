using System.IO.Pipelines;

namespace WebSocketCore;

/// <summary>Where a listener's connections come from.</summary>
internal abstract class Acceptor
{
    /// <summary>How long is waited after the system has refused to give a connection: it may be out of file descriptors, and needs time.</summary>
    protected static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Begins to accept, as many connections as there are places. The listener is given each, and returns what serves it, to be run once.</summary>
    public abstract void Start(Func<IDuplexPipe, IThreadPoolWorkItem> accepted);

    /// <summary>A connection has ended: its place is free. May be called from any thread.</summary>
    public abstract void Release();

    /// <summary>Accepts no more, and gives up the address. When the task has completed, no further connection comes.</summary>
    public abstract Task StopAsync();

    /// <summary>The listener is done. What serves connections ends with those that outlive it.</summary>
    public abstract void End();
}
