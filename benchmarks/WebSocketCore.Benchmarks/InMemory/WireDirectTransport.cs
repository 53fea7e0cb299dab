using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Connections;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>
/// The transport in memory as one of our own transports would be on an event loop: it receives by copying, as a socket does, into memory that it shares
/// with nobody or straight into the connection's, and it sends straight from the connection's memory. What the connection schedules runs when it
/// comes back to read, which is where a loop's wake-up would end.
/// </summary>
internal sealed class WireDirectTransport : IScheduledTransport
{
    private readonly EndOfWakeUp _scheduler = new();

    public WireDirectTransport(WireInput input, WireOutput output)
    {
        Input = new Reader(input, _scheduler);
        Output = new Writer(output);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public PipeScheduler Scheduler => _scheduler;

    /// <summary>Runs what the connection has scheduled.</summary>
    public void EndWakeUp() => _scheduler.Run();

    /// <summary>The loop ends: what the connection schedules from now on runs on the pool.</summary>
    public void EndLoop() => _scheduler.End();

    private sealed class EndOfWakeUp : PipeScheduler
    {
        private readonly Queue<(Action<object?> Action, object? State)> _scheduled = new();
        private bool _ended;

        public override void Schedule(Action<object?> action, object? state)
        {
            lock (_scheduled)
            {
                if (!_ended)
                {
                    _scheduled.Enqueue((action, state));
                    return;
                }
            }
            ThreadPool.Schedule(action, state);
        }

        public void End()
        {
            lock (_scheduled) _ended = true;
            Run();
        }

        public void Run()
        {
            while (true)
            {
                (Action<object?> Action, object? State) next;
                lock (_scheduled)
                {
                    if (!_scheduled.TryDequeue(out next)) return;
                }
                next.Action(next.State);
            }
        }
    }

    private sealed class Reader(WireInput input, EndOfWakeUp scheduler) : DirectPipeReader
    {
        private const int MinReceiveSize = 4 * 1024;

        private byte[] _buffer = new byte[64 * 1024];
        private int _start;
        private int _examined;
        private int _end;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            scheduler.Run();
            TryRead(out var result);
            return new(result);
        }

        public override bool TryRead(out ReadResult result)
        {
            var isCompleted = false;
            if (_examined == _end)
            {
                MakeRoom();
                var received = input.Receive(_buffer.AsSpan(_end));
                _end += received;
                isCompleted = received == 0;
            }
            result = new ReadResult(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled: false, isCompleted);
            return true;
        }

        public override ValueTask<DirectReadResult> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            if (_start != _end) throw new InvalidOperationException("What was read before has not been consumed.");
            scheduler.Run();
            var received = input.Receive(destination.Span);
            return new(new DirectReadResult(received, IsCanceled: false, IsCompleted: received == 0));
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            _start = consumed.GetInteger();
            _examined = examined.GetInteger();
            if (_start == _end) _start = _examined = _end = 0;
        }

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        private void MakeRoom()
        {
            if (_buffer.Length - _end >= MinReceiveSize) return;
            var unconsumed = _buffer.AsSpan(_start, _end - _start);
            var buffer = unconsumed.Length <= _buffer.Length / 2 ? _buffer : new byte[2 * _buffer.Length];
            unconsumed.CopyTo(buffer);
            _buffer = buffer;
            _examined -= _start;
            _end -= _start;
            _start = 0;
        }
    }

    private sealed class Writer(WireOutput output) : DirectPipeWriter
    {
        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => output.Unflushed;

        public override Memory<byte> GetMemory(int sizeHint = 0) => output.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => output.GetMemory(sizeHint).Span;

        public override void Advance(int bytes) => output.Advance(bytes);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            output.Flush();
            return default;
        }

        public override long TrySend(in ReadOnlySequence<byte> payload)
        {
            output.FlushWith(payload);
            return payload.Length;
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
