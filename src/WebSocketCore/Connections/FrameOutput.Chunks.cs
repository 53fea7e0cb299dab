using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using WebSocketCore.Protocol;

namespace WebSocketCore.Connections;

// Large frames, chunk by chunk.
internal sealed partial class FrameOutput
{
    // A client's payload goes out masked, so not from the caller's memory.
    private readonly DirectPipeWriter? _direct = role == WebSocketRole.Server ? writer as DirectPipeWriter : null;

    // The caller has the claim, and so until FlushClaimedAsync the only right to touch it.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> SendChunksAsync(OutgoingFrame frame, CancellationToken cancellationToken)
    {
        var payload = frame.Payload;
        var handedOver = false;
        try
        {
            var mask = _sender.WriteHeader(writer, frame);
            while (true)
            {
                // What the transport takes at once needs no copy. The next chunk waits for it in the transport's memory.
                if (_direct is not null) payload = payload.Slice(_direct.TrySend(payload));
                if (payload.Length <= ChunkSize) break;
                WriteChunk(ref payload, ref mask);
                FlushResult result;
                if (cancellationToken.CanBeCanceled)
                {
                    var flushing = writer.FlushAsync(CancellationToken.None).AsTask();
                    await ((Task)flushing.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    if (!flushing.IsCompleted)
                    {
                        // Cancelled with a frame half sent: the caller gets its memory back, and a copy of the rest goes out without it.
                        var rest = payload.ToArray();
                        handedOver = true;
                        _ = SendRestAsync(flushing, rest, mask);
                        cancellationToken.ThrowIfCancellationRequested();
                    }
                    result = await flushing.ConfigureAwait(false);
                }
                else
                {
                    result = await writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                }
                if (result.IsCompleted || result.IsCanceled || _aborted) return Failed(null);
                _flushes++;
            }
            WriteChunk(ref payload, ref mask);
        }
        catch (Exception exception) when (!handedOver)
        {
            return Failed(exception);
        }
        return await FlushClaimedAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task SendRestAsync(Task<FlushResult> flushing, byte[] rest, MessageSender.PayloadMask mask)
    {
        try
        {
            var payload = new ReadOnlySequence<byte>(rest);
            var result = await flushing.ConfigureAwait(false);
            while (payload.Length > 0 && !result.IsCompleted && !result.IsCanceled && !_aborted)
            {
                WriteChunk(ref payload, ref mask);
                result = await writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                _flushes++;
            }
            if (result.IsCompleted || result.IsCanceled || _aborted) Failed(null);
            else EndClaim();
        }
        catch (Exception exception)
        {
            Failed(exception);
        }
    }

    private void WriteChunk(ref ReadOnlySequence<byte> payload, ref MessageSender.PayloadMask mask)
    {
        var chunk = payload.Slice(0, Math.Min(payload.Length, ChunkSize));
        foreach (var segment in chunk) MessageSender.WritePayload(writer, segment.Span, ref mask);
        payload = payload.Slice(chunk.Length);
    }
}
