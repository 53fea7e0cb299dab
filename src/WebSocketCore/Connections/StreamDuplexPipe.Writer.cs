using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace WebSocketCore.Connections;

internal sealed partial class StreamDuplexPipe
{
    /// <remarks>After a flush that failed or was cancelled, how much of it was sent is not known: so nothing is sent after it.</remarks>
    [SuppressMessage("Reliability", "CA1001:Types that own disposable fields should be disposable", Justification = "The source has no timer and no handle.")]
    private sealed class Writer(StreamDuplexPipe owner, ArrayPool<byte> pool) : PipeWriter
    {
        private readonly CancellationTokenSource _cancellation = new();
        private SendBuffer _buffer = new(pool);
        private int _completions;
        private volatile bool _isSending;
        private bool _wasCut;

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _buffer.Length;

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            ThrowIfNotWritable();
            return _buffer.GetMemory(sizeHint);
        }

        public override Span<byte> GetSpan(int sizeHint = 0)
        {
            ThrowIfNotWritable();
            return _buffer.GetSpan(sizeHint);
        }

        public override void Advance(int bytes) => _buffer.Advance(bytes);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<FlushResult>(cancellationToken);
            ThrowIfNotWritable();
            return FlushUncheckedAsync(cancellationToken);
        }

        public override void CancelPendingFlush()
        {
            // A half-close takes no token, so completion is cut by giving up the stream.
            if (Volatile.Read(ref _completions) != 0) owner.Abort();
            _cancellation.Cancel();
        }

        // Never throws, so nobody needs to wait for it.
        public override void Complete(Exception? exception = null) => _ = CompleteAsync(exception).AsTask();

        public override async ValueTask CompleteAsync(Exception? exception = null)
        {
            var isFirst = Interlocked.Increment(ref _completions) == 1;
            if (exception is not null) owner.Abort();
            if (!isFirst) return;
            try
            {
                if (exception is null)
                {
                    await FlushUncheckedAsync(CancellationToken.None).ConfigureAwait(false);
                    if (!_wasCut) await owner.HalfCloseAsync().ConfigureAwait(false);
                }
            }
            catch (Exception)
            {
                _wasCut = true;
            }
            if (_wasCut) owner.ResetOnClose();

            // A flush that is still under way gives it back.
            if (!_isSending) _buffer.Release();
            await owner.EndAsync(OutputEnded, exception).ConfigureAwait(false);
        }

        private ValueTask<FlushResult> FlushUncheckedAsync(CancellationToken cancellationToken)
        {
            if (_wasCut) return ValueTask.FromException<FlushResult>(new IOException("Nothing can be sent any more: an earlier flush failed or was cancelled."));
            if (_cancellation.IsCancellationRequested)
            {
                _wasCut = true;
                return new(new FlushResult(isCanceled: true, isCompleted: false));
            }
            _isSending = true;
            ValueTask sending;
            try
            {
                sending = SendAsync();
                if (sending.IsCompletedSuccessfully)
                {
                    EndSending();
                    return default;
                }
            }
            catch (Exception exception)
            {
                sending = ValueTask.FromException(exception);
            }
            return AwaitSentAsync(sending, cancellationToken);
        }

        private ValueTask SendAsync()
        {
            var token = _cancellation.Token;
            if (_buffer.Length == 0) return new(owner._stream.FlushAsync(token));
            var writing = owner._stream.WriteAsync(_buffer.Unsent, token);
            if (!writing.IsCompletedSuccessfully) return AwaitAndFlushAsync(writing, token);
            writing.GetAwaiter().GetResult();
            return new(owner._stream.FlushAsync(token));
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        private async ValueTask AwaitAndFlushAsync(ValueTask writing, CancellationToken token)
        {
            await writing.ConfigureAwait(false);
            await owner._stream.FlushAsync(token).ConfigureAwait(false);
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        private async ValueTask<FlushResult> AwaitSentAsync(ValueTask sending, CancellationToken cancellationToken)
        {
            using var registration = cancellationToken.UnsafeRegister(static cancellation => ((CancellationTokenSource)cancellation!).Cancel(), _cancellation);
            try
            {
                await sending.ConfigureAwait(false);
                return default;
            }
            catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
            {
                _wasCut = true;
                cancellationToken.ThrowIfCancellationRequested();
                return new FlushResult(isCanceled: true, isCompleted: false);
            }
            catch (Exception)
            {
                _wasCut = true;
                throw;
            }
            finally
            {
                EndSending();
            }
        }

        private void EndSending()
        {
            _buffer.Release();
            _isSending = false;
        }

        private void ThrowIfNotWritable()
        {
            if (_isSending) throw new InvalidOperationException("A flush is under way.");
            if (_completions != 0) throw new InvalidOperationException("The writer is completed.");
        }
    }
}
