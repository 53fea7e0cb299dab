using WebSocketCore.InteropTests.Deflate;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.EventLoops;

// The tests of somebody else's clients once more, against our listener over event loops.

public sealed class LoopDotNetClientTests : DotNetClientTests
{
    private protected override SocketTransport Transport => SocketTransport.EventLoop;
}

[Needs(Peer.Node)]
public sealed class LoopNodeClientTests : NodeClientTests
{
    private protected override SocketTransport Transport => SocketTransport.EventLoop;
}

[Needs(Peer.Python)]
public sealed class LoopPythonClientTests : PythonClientTests
{
    private protected override SocketTransport Transport => SocketTransport.EventLoop;
}

[Needs(Peer.Chromium)]
public sealed class LoopChromiumClientTests : ChromiumClientTests
{
    private protected override SocketTransport Transport => SocketTransport.EventLoop;
}

[Needs(Peer.Node)]
public sealed class LoopNodeDeflateClientTests : NodeDeflateClientTests
{
    private protected override SocketTransport Transport => SocketTransport.EventLoop;
}
