using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets.EventLoops;

// The tests of pipes over sockets once more, over connections of an event loop.

public sealed class LoopPipeReaderTests : SocketPipeReaderTests
{
    private protected override PipeOpener CreateOpener() => new LoopPipeOpener();
}

public sealed class LoopPipeWriterTests : SocketPipeWriterTests
{
    private protected override PipeOpener CreateOpener() => new LoopPipeOpener();
}

public sealed class LoopDuplexPipeTests : SocketDuplexPipeTests
{
    private protected override PipeOpener CreateOpener() => new LoopPipeOpener();
}

public sealed class LoopAbortWhileSendingTests : AbortWhileSendingTests
{
    private protected override PipeOpener CreateOpener() => new LoopPipeOpener();
}

public sealed class LoopDirectReceiveTests : DirectReceiveTests
{
    private protected override PipeOpener CreateOpener() => new LoopPipeOpener();
}

public sealed class LoopDirectSendTests : DirectSendTests
{
    private protected override PipeOpener CreateOpener() => new LoopPipeOpener();
}

[Collection(AloneCollection.Name)]
public sealed class LoopAllocationTests : SocketAllocationTests
{
    private protected override PipeOpener CreateOpener() => new LoopPipeOpener();
}
