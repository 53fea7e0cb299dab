using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>The other end of a connection, played by the test with literal bytes.</summary>
internal sealed class RawPeer
{
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly WebSocketRole _peerRole;

    private RawPeer(IDuplexPipe pipe, WebSocketRole connectionRole)
    {
        _input = pipe.Input;
        _output = pipe.Output;
        _peerRole = connectionRole == WebSocketRole.Server ? WebSocketRole.Client : WebSocketRole.Server;
    }

    /// <summary>A pipe that takes whatever is written.</summary>
    public static PipeOptions Unbounded { get; } = new(pauseWriterThreshold: 0, useSynchronizationContext: false);

    /// <summary>A pipe that is full from the first byte on, until everything is read.</summary>
    public static PipeOptions Tiny { get; } = new(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false);

    /// <summary>A pipe that runs its reader and writer on the thread that serves them: what is sent to a pending receive has been taken when the send is done.</summary>
    public static PipeOptions Inline { get; } =
        new(pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);

    /// <summary>A connection of ours, and the test at its other end.</summary>
    /// <param name="role">The connection's role.</param>
    /// <param name="options">The connection's options; null for the defaults at a time that stands still.</param>
    /// <param name="toPeer">What the connection writes to.</param>
    /// <param name="wrap">Puts something between the connection and its transport.</param>
    /// <param name="extensions">What the handshake would have agreed on.</param>
    public static (WebSocketConnection Connection, RawPeer Peer) Connect(
        WebSocketRole role, WebSocketConnectionOptions? options = null, PipeOptions? toPeer = null, Func<IDuplexPipe, IDuplexPipe>? wrap = null,
        params IReadOnlyList<NegotiatedExtension> extensions)
    {
        var (pipe, peer) = Transport(role, toPeer, toPeer == Inline ? Inline : null);
        options ??= new WebSocketServerOptions { TimeProvider = new FakeTimeProvider() };
        return (WebSocketConnection.FromUpgraded(wrap is null ? pipe : wrap(pipe), role, options, extensions: extensions), peer);
    }

    /// <summary>A transport for an end of ours, and the test at its other end.</summary>
    public static (IDuplexPipe Pipe, RawPeer Peer) Transport(WebSocketRole role, PipeOptions? toPeer = null, PipeOptions? fromPeer = null)
    {
        var output = new Pipe(toPeer ?? Unbounded);
        var input = new Pipe(fromPeer ?? Unbounded);
        return (new PipePair(input.Reader, output.Writer), new RawPeer(new PipePair(output.Reader, input.Writer), role));
    }

    /// <summary>Sends frames in one piece. They are written unmasked; where the peer is the client they are masked.</summary>
    public Task SendAsync(params string[] frames) => SendBytesAsync(OnWire(frames));

    /// <summary>The bytes that <see cref="SendAsync"/> would send.</summary>
    public byte[] OnWire(params string[] frames) => OnWire(Wire.Hex(string.Concat(frames)));

    public byte[] OnWire(byte[] frames) => _peerRole == WebSocketRole.Client ? Wire.Mask(frames) : frames;

    public Task SendFrameAsync(byte first, byte[] payload) => SendBytesAsync(OnWire(Wire.Frame(first, payload)));

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => await _output.WriteAsync(bytes);

    /// <summary>Sends bytes and drops what the connection answers meanwhile, all on this thread and without allocating.</summary>
    /// <returns>How many bytes were dropped.</returns>
    public long Exchange(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes);
        var flushing = _output.FlushAsync();
        if (!flushing.IsCompletedSuccessfully) throw new InvalidOperationException("The pipe is full.");
        _ = flushing.Result;
        if (!_input.TryRead(out var result)) return 0;
        _input.AdvanceTo(result.Buffer.End);
        return result.Buffer.Length;
    }

    /// <summary>Ends what this end sends: the connection reads the end of the stream.</summary>
    public void End(Exception? error = null) => _output.Complete(error);

    /// <summary>Refuses to read more: the connection's writes find nobody.</summary>
    public void StopReading(Exception? error = null) => _input.Complete(error);

    /// <summary>Reads the next frame; null at the end of the stream.</summary>
    public async Task<RawFrame?> ReceiveFrameAsync()
    {
        var start = await ReadExactlyAsync(2).Within();
        if (start.Length == 0) return null;
        var isMasked = (start[1] & 0x80) != 0;
        isMasked.Should().Be(_peerRole == WebSocketRole.Server, "a client masks every frame and a server masks none");
        var length = (start[1] & 0x7f) switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadExactlyAsync(2).Within()),
            127 => BinaryPrimitives.ReadInt64BigEndian(await ReadExactlyAsync(8).Within()),
            var small => small,
        };
        var key = isMasked ? await ReadExactlyAsync(4).Within() : new byte[4];
        var payload = length == 0 ? [] : await ReadExactlyAsync((int)length).Within();
        for (var i = 0; i < payload.Length; i++) payload[i] ^= key[i % 4];
        return new RawFrame(start[0], payload);
    }

    /// <summary>Reads the next frame as hex, unmasked; "end" at the end of the stream.</summary>
    public async Task<string> ReceiveAsync() => (await ReceiveFrameAsync())?.Hex ?? "end";

    /// <summary>Reads all frames up to the end of the stream, as hex.</summary>
    public async Task<string[]> ReceiveAllAsync()
    {
        var frames = new List<string>();
        while (await ReceiveFrameAsync() is { } frame) frames.Add(frame.Hex);
        return [.. frames];
    }

    /// <summary>Whether the connection has written anything that was not read. It does not wait.</summary>
    public bool HasOutput()
    {
        if (!_input.TryRead(out var result)) return false;
        _input.AdvanceTo(result.Buffer.Start);
        return !result.Buffer.IsEmpty;
    }

    /// <summary>Reads all text up to the end of the stream.</summary>
    public async Task<byte[]> ReceiveToEndAsync()
    {
        while (true)
        {
            var result = await _input.ReadAsync().Within();
            if (result.IsCompleted)
            {
                var bytes = result.Buffer.ToArray();
                _input.AdvanceTo(result.Buffer.End);
                return bytes;
            }
            _input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Reads exactly so many bytes; fewer, none, at the end of the stream.</summary>
    public async Task<byte[]> ReadExactlyAsync(int length)
    {
        var bytes = new byte[length];
        var filled = 0;
        while (filled < length)
        {
            var result = await _input.ReadAsync();
            var part = result.Buffer.Slice(0, Math.Min(length - filled, result.Buffer.Length));
            part.CopyTo(bytes.AsSpan(filled));
            filled += (int)part.Length;
            _input.AdvanceTo(part.End);
            if (!result.IsCompleted || filled == length) continue;
            if (filled == 0) return [];
            throw new EndOfStreamException($"The connection cut a frame: {filled} of {length} bytes.");
        }
        return bytes;
    }
}

internal sealed record PipePair(PipeReader Input, PipeWriter Output) : IDuplexPipe;
