using System.IO.Pipelines;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>A test of a pipe over a socket whose kernel buffers are small, so that a large write waits for the peer.</summary>
public abstract class SocketPipeTest : IAsyncLifetime
{
    private protected PoisoningPool Pool { get; } = new();

    private protected SocketPair Sockets { get; private set; } = null!;

    private protected SocketDuplexPipe Pipe { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Sockets = await SocketPair.ConnectAsync(bufferSize: 16 * 1024);
        Pipe = new SocketDuplexPipe(Sockets.Local, Pool);
    }

    public Task DisposeAsync()
    {
        Sockets.Dispose();
        return Task.CompletedTask;
    }

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
