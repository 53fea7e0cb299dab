using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets.EventLoops;

// The tests of the listener once more, over event loops.

public sealed class LoopListenerTests : WebSocketListenerTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopListenerErrorTests : WebSocketListenerErrorTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopListenerHandshakeTests : WebSocketListenerHandshakeTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopListenerLimitTests : WebSocketListenerLimitTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopListenerStopTests : WebSocketListenerStopTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopListenerTlsTests : WebSocketTlsTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

[Collection(AloneCollection.Name)]
public sealed class LoopListenerLeakTests : WebSocketListenerLeakTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopHeldBackReplyTests : HeldBackReplyTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopListenerMemoryTests : WebSocketListenerMemoryTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

public sealed class LoopUrgentDataTests : UrgentDataTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}

[Collection(AloneCollection.Name)]
public sealed class LoopListenerAllocationTests : WebSocketListenerAllocationTests
{
    protected override SocketTransport Transport => SocketTransport.EventLoop;
}
