using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A transport that hears neither tokens nor cancelling, and one that fails while it is given up: the connection ends all the same.</summary>
public class DeafTransportTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task An_abort_disposes_of_a_transport_that_does_not_listen(bool receives, bool sends)
    {
        var pipe = new DeafPipe();
        var connection = WebSocketConnection.FromUpgraded(pipe, WebSocketRole.Server);
        var receiving = receives ? connection.ReceiveAsync().AsTask() : null;
        var sending = sends ? connection.SendTextAsync("a").AsTask() : null;
        var large = sends ? connection.SendAsync(MessageKind.Binary, new byte[200_000]).AsTask() : null;
        connection.Abort();
        pipe.IsDisposed.Should().BeTrue();
        (await connection.Closed.Within()).Cause.Should().Be(ClosureCause.Aborted);
        await connection.DisposeAsync().Within();
        if (receiving is not null) (await receiving.Within()).Should().BeNull();
        foreach (var task in new[] { sending, large })
        {
            if (task is not null) await task.Awaiting(t => t.Within()).Should().ThrowAsync<WebSocketClosedException>();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposing_takes_the_close_timeout_where_the_transport_does_not_listen(bool sends)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var pipe = new DeafPipe();
        var connection = WebSocketConnection.FromUpgraded(pipe, WebSocketRole.Server, new WebSocketServerOptions { TimeProvider = time });
        var sending = sends ? connection.SendTextAsync("a").AsTask() : null;
        var disposing = connection.DisposeAsync().AsTask();
        disposing.IsCompleted.Should().BeFalse();
        pipe.IsDisposed.Should().BeFalse();
        time.Advance(WebSocketServerOptions.Default.CloseTimeout);
        await disposing.Within();
        connection.Closure!.TimedOut.Should().BeTrue();
        if (sending is not null) await sending.Awaiting(t => t.Within()).Should().ThrowAsync<WebSocketClosedException>();
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, false)]
    [InlineData(true, true, true)]
    public async Task A_transport_that_fails_to_complete_is_given_up(bool inputFails, bool outputFails, bool aborts)
    {
        ObservedPipe transport = null!;
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, wrap: inner => transport = new ObservedPipe(inner)
        {
            InputCompletionError = inputFails ? new InvalidOperationException("the reader fails") : null,
            OutputCompletionError = outputFails ? new InvalidOperationException("the writer fails") : null,
        });
        var receiving = connection.ReceiveAsync().AsTask();
        if (aborts) connection.Abort();
        else await peer.SendAsync("88 02 03e8");
        if (!aborts) peer.End();
        (await receiving.Within()).Should().BeNull();
        await connection.Closed.Within();
        await connection.DisposeAsync().Within();
        transport.InputCompleted.Should().BeTrue();
        transport.OutputCompleted.Should().BeTrue();
    }

    /// <summary>Reads and flushes for ever, until it is disposed of.</summary>
    private sealed class DeafPipe : IDuplexPipe, IDisposable
    {
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public DeafPipe()
        {
            Input = new Reader(this);
            Output = new Writer(this);
        }

        public PipeReader Input { get; }

        public PipeWriter Output { get; }

        public bool IsDisposed => _disposed.Task.IsCompleted;

        public void Dispose() => _disposed.TrySetResult();

        private async Task<T> UntilDisposedAsync<T>()
        {
            await _disposed.Task;
            throw new ObjectDisposedException(nameof(DeafPipe));
        }

        private sealed class Reader(DeafPipe owner) : PipeReader
        {
            public override void AdvanceTo(SequencePosition consumed) => throw new InvalidOperationException("Nothing was read.");

            public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

            public override void CancelPendingRead()
            {
                // Not heard.
            }

            public override void Complete(Exception? exception = null)
            {
                // Nothing to give up.
            }

            public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => new(owner.UntilDisposedAsync<ReadResult>());

            public override bool TryRead(out ReadResult result)
            {
                result = default;
                return false;
            }
        }

        private sealed class Writer(DeafPipe owner) : PipeWriter
        {
            private readonly ArrayBufferWriter<byte> _written = new();

            public override void Advance(int bytes) => _written.Advance(bytes);

            public override void CancelPendingFlush()
            {
                // Not heard.
            }

            public override void Complete(Exception? exception = null)
            {
                // Nothing to give up.
            }

            public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => new(owner.UntilDisposedAsync<FlushResult>());

            public override Memory<byte> GetMemory(int sizeHint = 0) => _written.GetMemory(sizeHint);

            public override Span<byte> GetSpan(int sizeHint = 0) => _written.GetSpan(sizeHint);
        }
    }
}
