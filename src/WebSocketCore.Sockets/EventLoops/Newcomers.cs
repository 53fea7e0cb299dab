using System.Runtime.Versioning;

namespace WebSocketCore.EventLoops;

/// <summary>
/// Connections that have been accepted lately. Nearly every client sends at once: who is served when there is input need not wait for it, which costs memory
/// and a timer. The others are served all the same, soon, so that the deadline of their handshake begins.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Newcomers
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(50);

    private readonly ITimer _timer;
    private readonly Lock _sync = new();
    private List<LoopConnection> _waiting = [];
    private List<LoopConnection> _spare = [];
    private bool _hasEnded;

    public Newcomers()
    {
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            _timer = TimeProvider.System.CreateTimer(static newcomers => ((Newcomers)newcomers!).ServeAll(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sees that a connection is served, input or not.</summary>
    public void Add(LoopConnection connection)
    {
        lock (_sync)
        {
            if (!_hasEnded)
            {
                _waiting.Add(connection);
                if (_waiting.Count == 1) _timer.Change(LongestWait, Timeout.InfiniteTimeSpan);
                return;
            }
        }
        connection.RunWithoutInput();
    }

    /// <summary>Has all that wait served, and who is added later at once.</summary>
    public void End()
    {
        lock (_sync) _hasEnded = true;
        _timer.Dispose();
        ServeAll();
    }

    private void ServeAll()
    {
        List<LoopConnection> waiting;
        lock (_sync)
        {
            waiting = _waiting;
            _waiting = _spare;
            _spare = [];
        }
        foreach (var connection in waiting) connection.RunWithoutInput();
        waiting.Clear();
        lock (_sync) _spare = waiting;
    }
}
