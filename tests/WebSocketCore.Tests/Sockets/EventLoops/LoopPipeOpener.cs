using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using WebSocketCore.EventLoops;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets.EventLoops;

/// <summary>Opens connections of an event loop over sockets.</summary>
internal sealed class LoopPipeOpener : PipeOpener
{
    private readonly EventLoopGroup _loops = new(1);
    private readonly List<LoopConnection> _opened = [];

    public override IDuplexPipe Open(Socket socket, PoisoningPool? pool)
    {
        // The connection owns its descriptor, as the socket owns the one that it has.
        socket.Blocking = false;
        var descriptor = Duplicate((int)socket.SafeHandle.DangerousGetHandle());
        descriptor.Should().BePositive();
        socket.Dispose();
        var connection = new LoopConnection(_loops.Next(), descriptor, pool ?? ArrayPool<byte>.Shared);
        _opened.Add(connection);
        return connection;
    }

    public override bool IsClosed(IDuplexPipe pipe, Socket socket) => ((LoopConnection)pipe).IsClosed;

    public override void Dispose()
    {
        foreach (var connection in _opened) connection.Dispose();
        _loops.End();
        base.Dispose();
    }

    [DllImport("libc", EntryPoint = "dup")]
    private static extern int Duplicate(int descriptor);
}
