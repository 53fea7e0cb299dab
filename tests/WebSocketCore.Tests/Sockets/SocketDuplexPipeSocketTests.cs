using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>Which sockets a pipe takes, and what becomes of them.</summary>
public sealed class SocketDuplexPipeSocketTests : SocketPipeTest
{
    [Fact]
    public void Takes_only_connected_stream_sockets()
    {
        using var datagram = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var unconnected = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        FluentActions.Invoking(() => new SocketDuplexPipe(null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => new SocketDuplexPipe(datagram)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new SocketDuplexPipe(unconnected)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Small_frames_are_not_delayed() => Sockets.Local.NoDelay.Should().BeTrue();

    [Fact]
    public async Task Unix_domain_sockets_work_too()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        try
        {
            listener.Listen();
            using var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await local.ConnectAsync(new UnixDomainSocketEndPoint(path));
            using var peer = await listener.AcceptAsync();
            var pipe = new SocketDuplexPipe(local);
            var peerPipe = new SocketDuplexPipe(peer);

            await pipe.Output.WriteAsync("abc"u8.ToArray());
            await pipe.Output.CompleteAsync();

            (await peerPipe.Input.ReadToEndAsync()).Should().Equal("abc"u8.ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Completing_does_not_throw_when_the_transport_is_gone()
    {
        Pipe.Output.GetSpan(1);
        Pipe.Output.Advance(1);
        Sockets.Local.Dispose();
        await Pipe.Output.CompleteAsync();
        await Pipe.Input.CompleteAsync();
        Pipe.Output.Complete(new IOException());
        Pipe.Input.Complete(new IOException());
        Pool.ShouldBeBalanced();
    }
}
