using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace WebSocketCore;

/// <summary>Accepts connections that are served on pool threads.</summary>
/// <param name="listening">The listening socket, which belongs to the acceptor from now on.</param>
/// <param name="options">The listener's.</param>
[SuppressMessage("Reliability", "CA1001", Justification = "The cancellation source and the semaphore hold nothing to dispose of, and are used to the end.")]
internal sealed class SocketAcceptor(Socket listening, WebSocketListenerOptions options) : Acceptor
{
    private readonly SemaphoreSlim _places = new(options.MaxConnections);
    private readonly CancellationTokenSource _stopping = new();
    private Task _accepting = Task.CompletedTask;

    public override void Start(Func<IDuplexPipe, IThreadPoolWorkItem> accepted) => _accepting = AcceptAsync(accepted);

    public override void Release() => _places.Release();

    public override async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        listening.Dispose();
        await _accepting.ConfigureAwait(false);
    }

    public override void End()
    {
        // The pool's threads are everybody's.
    }

    private async Task AcceptAsync(Func<IDuplexPipe, IThreadPoolWorkItem> accepted)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                await _places.WaitAsync(_stopping.Token).ConfigureAwait(false);
                try
                {
                    var socket = await listening.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                    if (TryOpen(socket) is { } pipe) ThreadPool.UnsafeQueueUserWorkItem(accepted(pipe), preferLocal: false);
                    else _places.Release();
                }
                catch (SocketException) when (!_stopping.IsCancellationRequested)
                {
                    _places.Release();
                    await Task.Delay(Pause, options.TimeProvider, _stopping.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopping.
        }
    }

    private SocketDuplexPipe? TryOpen(Socket socket)
    {
        try
        {
            return new SocketDuplexPipe(socket, options.BufferPool);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            // The client has gone again.
            socket.Dispose();
            return null;
        }
    }
}
