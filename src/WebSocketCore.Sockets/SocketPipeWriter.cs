using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WebSocketCore;

/// <summary>The sending half of a <see cref="SocketDuplexPipe"/>. What the socket does not take at once, it takes from the memory in which it lies.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Without a timer a cancellation source has nothing to dispose of.")]
internal sealed class SocketPipeWriter : BufferedPipeWriter
{
    // As many as the kernel of every platform takes at once.
    private const int MaxSegments = 16;

    [ThreadStatic]
    private static List<ArraySegment<byte>>? t_segments;

    private readonly Socket _socket;
    private readonly Action _onSent;
    private CancellationTokenSource? _waitCancellation;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _waiting;

    public SocketPipeWriter(SocketDuplexPipe owner, Socket socket, Lock sync, ArrayPool<byte> pool)
        : base(owner, sync, pool)
    {
        _socket = socket;
        _onSent = OnSent;
    }

    protected override long Send(ReadOnlyMemory<byte> first, in ReadOnlySequence<byte> second, out SocketError error)
    {
        try
        {
            if (second.IsEmpty) return _socket.Send(first.Span, SocketFlags.None, out error);
            var segments = t_segments ??= [];
            try
            {
                return Add(segments, first, second) ? _socket.Send(segments, SocketFlags.None, out error) : SendInTurn(first, second, out error);
            }
            finally
            {
                segments.Clear();
            }
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
            return 0;
        }
    }

    [SuppressMessage("Reliability", "CA2012", Justification = "The result is taken once, when the wait has ended.")]
    protected override bool BeginWait(out int sent, out SocketError error)
    {
        if (_waitCancellation is null or { IsCancellationRequested: true }) _waitCancellation = new CancellationTokenSource();
        (sent, error) = (0, SocketError.Success);
        try
        {
            _waiting = _socket.SendAsync(Unsent, SocketFlags.None, _waitCancellation.Token).ConfigureAwait(false).GetAwaiter();
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
            return true;
        }
        if (_waiting.IsCompleted)
        {
            sent = EndWait(out error);
            return true;
        }
        _waiting.UnsafeOnCompleted(_onSent);
        return false;
    }

    // The socket still reads the memory: the flush ends when it has been told so.
    protected override bool TryEndWait()
    {
        _waitCancellation!.Cancel();
        return false;
    }

    private static bool Add(List<ArraySegment<byte>> segments, ReadOnlyMemory<byte> first, in ReadOnlySequence<byte> second)
    {
        if (!first.IsEmpty && !TryAdd(segments, first)) return false;
        foreach (var memory in second)
        {
            if (!memory.IsEmpty && !TryAdd(segments, memory)) return false;
        }
        return true;
    }

    private static bool TryAdd(List<ArraySegment<byte>> segments, ReadOnlyMemory<byte> memory)
    {
        if (segments.Count == MaxSegments || !MemoryMarshal.TryGetArray(memory, out var segment)) return false;
        segments.Add(segment);
        return true;
    }

    private long SendInTurn(ReadOnlyMemory<byte> first, in ReadOnlySequence<byte> second, out SocketError error)
    {
        error = SocketError.Success;
        var sent = first.IsEmpty ? 0L : _socket.Send(first.Span, SocketFlags.None, out error);
        if (error != SocketError.Success || sent < first.Length) return sent;
        foreach (var memory in second)
        {
            if (memory.IsEmpty) continue;
            var count = _socket.Send(memory.Span, SocketFlags.None, out error);
            sent += count;
            if (error != SocketError.Success || count < memory.Length) break;
        }

        // What has been taken is told first; a failure will tell itself again.
        if (sent != 0) error = SocketError.Success;
        return sent;
    }

    private void OnSent()
    {
        lock (Sync)
        {
            var sent = EndWait(out var error);
            if (!OnWritable(sent, error)) return;
        }
        CompletePending();
    }

    private int EndWait(out SocketError error)
    {
        error = SocketError.Success;
        try
        {
            return _waiting.GetResult();
        }
        catch (SocketException exception)
        {
            error = exception.SocketErrorCode;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException)
        {
            error = SocketError.OperationAborted;
        }
        return 0;
    }
}
