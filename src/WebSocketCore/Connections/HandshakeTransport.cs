using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using WebSocketCore.Handshake;

namespace WebSocketCore.Connections;

/// <summary>What both roles do with the transport during the opening handshake.</summary>
internal static class HandshakeTransport
{
    /// <summary>
    /// Reads up to the end of the head; what follows stays in the pipe. Returns the broken rule, if any: a read that is cancelled without a token has
    /// run out of time.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<HandshakeError> ReadHeadAsync(PipeReader input, HttpHeadParser parser, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var status = Append(parser, result.Buffer, out var consumed);
            input.AdvanceTo(consumed);
            if (status != HeadStatus.NeedMore) return parser.Error;
            if (result.IsCompleted) return HandshakeError.TruncatedHead;
            if (result.IsCanceled) return HandshakeError.TimedOut;
        }
    }

    /// <summary>Cancels the pending read when the handshake timeout is over. If that comes too late, it cancels one of the next owner's, who tries again.</summary>
    public static ITimer StartReadDeadline(PipeReader input, WebSocketConnectionOptions options) =>
        options.TimeProvider.CreateTimer(static input => ((PipeReader)input!).CancelPendingRead(), input, options.HandshakeTimeout, Timeout.InfiniteTimeSpan);

    /// <summary>Flushes an answer.</summary>
    /// <exception cref="TimeoutException">The peer has not taken it within the handshake timeout. The flush is still under way.</exception>
    public static ValueTask FlushAsync(PipeWriter output, WebSocketConnectionOptions options, CancellationToken cancellationToken)
    {
        var flushing = output.FlushAsync(cancellationToken);
        if (!flushing.IsCompletedSuccessfully) return new(flushing.AsTask().WaitAsync(options.HandshakeTimeout, options.TimeProvider, cancellationToken));
        _ = flushing.Result;
        return default;
    }

    /// <summary>
    /// Ends the transport after a refusal so that the peer can read it: half-closes, and reads on until the peer has closed too, since closing over
    /// unread input would reset a TCP connection. Does not throw.
    /// </summary>
    public static async Task EndAsync(IDuplexPipe pipe, WebSocketConnectionOptions options)
    {
        try
        {
            using var deadline = new CancellationTokenSource(options.CloseTimeout, options.TimeProvider);
            await pipe.Output.CompleteAsync().ConfigureAwait(false);
            ReadResult result;
            do
            {
                result = await pipe.Input.ReadAsync(deadline.Token).ConfigureAwait(false);
                pipe.Input.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);
            await pipe.Input.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await AbortAsync(pipe, exception).ConfigureAwait(false);
        }
    }

    /// <summary>Gives up the transport. Does not throw.</summary>
    public static async Task AbortAsync(IDuplexPipe pipe, Exception reason)
    {
        // A transport that fails while it is given up is given up; its other end is completed all the same.
        await CompleteOutputAsync(pipe, reason).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CompleteInputAsync(pipe, reason).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task CompleteOutputAsync(IDuplexPipe pipe, Exception reason) => await pipe.Output.CompleteAsync(reason).ConfigureAwait(false);

    private static async Task CompleteInputAsync(IDuplexPipe pipe, Exception reason) => await pipe.Input.CompleteAsync(reason).ConfigureAwait(false);

    private static HeadStatus Append(HttpHeadParser parser, in ReadOnlySequence<byte> buffer, out SequencePosition consumed)
    {
        var status = HeadStatus.NeedMore;
        var taken = 0L;
        foreach (var segment in buffer)
        {
            status = parser.Append(segment.Span, out var count);
            taken += count;
            if (status != HeadStatus.NeedMore) break;
        }
        consumed = buffer.GetPosition(taken);
        return status;
    }
}
