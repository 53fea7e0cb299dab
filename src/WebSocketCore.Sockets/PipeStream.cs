using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using WebSocketCore.Connections;

namespace WebSocketCore;

/// <summary>A transport of ours as the stream below TLS. It owns the transport. Nothing is buffered in between.</summary>
/// <param name="transport">Its input is a <see cref="DirectPipeReader"/>.</param>
internal sealed class PipeStream(IDuplexPipe transport) : Stream
{
    private readonly DirectPipeReader _input = (DirectPipeReader)transport.Input;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Receives. Without room for a byte, waits until there is something to receive.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var receiving = _input.ReceiveAsync(buffer, cancellationToken);
        return receiving.IsCompletedSuccessfully ? new ValueTask<int>(Length(receiving.Result)) : AwaitAsync(receiving);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        static async ValueTask<int> AwaitAsync(ValueTask<DirectReadResult> receiving) => Length(await receiving.ConfigureAwait(false));

        static int Length(DirectReadResult result) => result.IsCanceled ? throw new IOException("The stream was disposed of.") : result.Length;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var writing = transport.Output.WriteAsync(buffer, cancellationToken);
        if (!writing.IsCompletedSuccessfully) return AwaitAsync(writing);
        Check(writing.Result);
        return default;

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        static async ValueTask AwaitAsync(ValueTask<FlushResult> writing) => Check(await writing.ConfigureAwait(false));

        static void Check(FlushResult result)
        {
            if (result.IsCanceled) throw new IOException("The stream was disposed of.");
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // Every write is sent at once.
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Ends the transport behind what was sent. What is under way is cut.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.CancelPendingRead();
            transport.Output.CancelPendingFlush();
            transport.Output.Complete();
            _input.Complete();
        }
        base.Dispose(disposing);
    }
}
