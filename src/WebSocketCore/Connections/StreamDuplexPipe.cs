using System.Buffers;
using System.IO.Pipelines;

namespace WebSocketCore.Connections;

internal sealed class StreamDuplexPipe(Stream stream, ArrayPool<byte> pool) : IDuplexPipe
{
    public PipeReader Input { get; } = PipeReader.Create(stream);

    public PipeWriter Output { get; } = PipeWriter.Create(stream);

    public ArrayPool<byte> Pool => pool;
}
