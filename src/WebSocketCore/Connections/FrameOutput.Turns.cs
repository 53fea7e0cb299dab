namespace WebSocketCore.Connections;

// The queue of those that cannot write now, first come, first served. All of it happens under the lock, but for the waiting itself.
internal sealed partial class FrameOutput
{
    private LinkedList<Waiter>? _queue;

    /// <summary>What is waited for.</summary>
    private enum Turn
    {
        /// <summary>The pipe, for a control frame or a fragment of the message in progress.</summary>
        Frame,

        /// <summary>The pipe, and that no fragmented message is in progress.</summary>
        Message,

        /// <summary>That no fragmented message is in progress, to begin one.</summary>
        FragmentedMessage,
    }

    private bool MessagesWait => _inMessage || IsQueued(Turn.Message) || IsQueued(Turn.FragmentedMessage);

    private bool FramesWait => IsQueued(Turn.Frame);

    private bool IsQueued(Turn turn)
    {
        for (var node = _queue?.First; node is not null; node = node.Next)
        {
            if (node.Value.Turn == turn) return true;
        }
        return false;
    }

    private Waiter Enqueue(Turn turn)
    {
        var waiter = new Waiter(turn);
        (_queue ??= new LinkedList<Waiter>()).AddLast(waiter);
        return waiter;
    }

    /// <summary>Lets those go on that can, in the order in which they came. Who waited for the pipe has the claim then.</summary>
    private void GrantTurns()
    {
        var messagesWait = _inMessage;
        for (LinkedListNode<Waiter>? node = _queue?.First, next; node is not null; node = next)
        {
            next = node.Next;
            var turn = node.Value.Turn;
            var mustWait = (turn != Turn.Frame && messagesWait) || (turn != Turn.FragmentedMessage && !_claim.TryTakeOrCall());
            if (turn == Turn.FragmentedMessage || mustWait) messagesWait |= turn != Turn.Frame;
            if (mustWait) continue;
            if (turn == Turn.FragmentedMessage) _inMessage = true;
            _queue!.Remove(node);
            node.Value.TrySetResult(true);
        }
    }

    private void RefuseTurns()
    {
        while (_queue?.First is { } node)
        {
            _queue.Remove(node);
            node.Value.TrySetResult(false);
        }
    }

    /// <summary>False when nothing may be sent any more. A cancelled waiter has left the queue.</summary>
    private async ValueTask<bool> WaitForTurnAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (output, waiter) = ((FrameOutput, Waiter))state!;
                output.Leave(waiter, token);
            },
            cancellationToken.CanBeCanceled ? (this, waiter) : null);
        return await waiter.Task.ConfigureAwait(false);
    }

    private void Leave(Waiter waiter, CancellationToken cancellationToken)
    {
        lock (sync)
        {
            if (_queue is null || !_queue.Remove(waiter)) return;
            waiter.TrySetCanceled(cancellationToken);
            GrantTurns();
        }
    }

    private sealed class Waiter(Turn turn) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Turn Turn => turn;
    }
}
