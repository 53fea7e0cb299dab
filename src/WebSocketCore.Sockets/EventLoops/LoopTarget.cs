namespace WebSocketCore.EventLoops;

/// <summary>Whom an event loop tells of the events of a descriptor.</summary>
internal abstract class LoopTarget
{
    /// <summary>What the loop knows it by; set by the loop. No other target that it has watched had the same.</summary>
    public ulong Key { get; set; }

    /// <summary>Something has happened. Called by the loop, one call at a time unless one of them blocks; may come late, when the descriptor is closed already.</summary>
    public abstract void OnEvents(PollEvents events);
}
