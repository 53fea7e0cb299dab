using System.IO.Pipelines;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>
/// Tests of a pipe over a socket whose kernel buffers are small, so that a large write waits for the peer. They run over each of our pipes: a class
/// derived from theirs opens another one.
/// </summary>
public abstract class SocketPipeTest : IAsyncLifetime
{
    private protected PoisoningPool Pool { get; } = new();

    private protected SocketPair Sockets { get; private set; } = null!;

    private protected IDuplexPipe Pipe { get; private set; } = null!;

    /// <summary>Whether the socket of the pipe has been closed.</summary>
    private protected bool IsClosed => Opener.IsClosed(Pipe, Sockets.Local);

    private PipeOpener Opener => field ??= CreateOpener();

    public async Task InitializeAsync()
    {
        Sockets = await SocketPair.ConnectAsync(bufferSize: 16 * 1024);
        Pipe = Open(Sockets.Local, Pool);
    }

    public Task DisposeAsync()
    {
        Opener.Dispose();
        Sockets.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Opens a pipe over a socket, which belongs to it from now on.</summary>
    private protected IDuplexPipe Open(Socket socket, PoisoningPool? pool = null) => Opener.Open(socket, pool);

    private protected virtual PipeOpener CreateOpener() => new();

    private protected async Task<ReadResult> ReadAtLeastAsync(int length)
    {
        while (true)
        {
            var result = await Pipe.Input.ReadAsync();
            if (result.Buffer.Length >= length) return result;
            Pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private protected async Task PeerShouldBeResetAsync()
    {
        var buffer = new byte[64 * 1024];
        var receivingToTheEnd = async () =>
        {
            while (await Sockets.Peer.ReceiveAsync(buffer) != 0)
            {
                // What was under way before the reset.
            }
        };
        (await receivingToTheEnd.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
    }
}

/// <summary>Opens pipes over sockets.</summary>
internal class PipeOpener : IDisposable
{
    public virtual IDuplexPipe Open(Socket socket, PoisoningPool? pool) => new SocketDuplexPipe(socket, pool);

    public virtual bool IsClosed(IDuplexPipe pipe, Socket socket) => socket.SafeHandle.IsClosed;

    public virtual void Dispose()
    {
        // The sockets are disposed of by who connected them.
    }
}
