using WebSocketCore.Frames;

namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>A library with a transport.</summary>
public enum Variant
{
    /// <summary>System.Net.WebSockets over the stream.</summary>
    System,

    /// <summary>WebSocketCore over the same stream.</summary>
    Stream,

    /// <summary>WebSocketCore over a duplex pipe.</summary>
    Pipe,

    /// <summary>WebSocketCore over a transport like its own.</summary>
    Direct,
}

/// <summary>
/// One open connection over a transport in memory that never waits. Keep-alive is off in both libraries; everything else is as it is by default.
/// </summary>
internal abstract class Endpoint : IAsyncDisposable
{
    private readonly Scenario _scenario;
    private readonly WireBatch _batch;
    private long _expectedBytes;

    protected Endpoint(Scenario scenario)
    {
        _scenario = scenario;
        _batch = new WireBatch(scenario.Content, scenario.Size, scenario.Batch, masked: scenario.Role == WebSocketRole.Server);
        Input = new WireInput(_batch.Bytes);
    }

    public WireOutput Output { get; } = new();

    protected WireInput Input { get; }

    protected Content Content => _scenario.Content;

    protected int Size => _scenario.Size;

    protected WebSocketRole Role => _scenario.Role;

    /// <summary>The payload that is sent where none is received.</summary>
    protected byte[] Payload => _batch.Payloads[0];

    public static Endpoint Create(Variant variant, Scenario scenario) =>
        variant == Variant.System ? new SystemEndpoint(scenario) : new CoreEndpoint(scenario, variant);

    /// <summary>Does the scenario's work; to be measured.</summary>
    /// <param name="messages">How many messages; whole batches.</param>
    /// <returns>The number of bytes of payload.</returns>
    public Task<long> RunAsync(int messages) => _scenario.Work switch
    {
        Work.Receive => ReceiveAsync(messages),
        Work.Send => SendAsync(messages),
        _ => EchoAsync(messages),
    };

    /// <summary>Throws unless the last run has done its work. Not to be measured.</summary>
    public void Check(int messages, long payloadBytes)
    {
        EndWakeUp();
        var overhead = _scenario.Work == Work.Receive ? 0
            : FrameHeaderWriter.GetLength(new FrameHeader(Opcode.Binary, Size, maskingKey: Role == WebSocketRole.Client ? 1u : null));
        if (payloadBytes != (long)messages * Size) throw new InvalidOperationException($"{payloadBytes} bytes for {messages} messages of {Size}.");
        if (_scenario.Work == Work.Receive) return;

        // What was held back to be sent together may still be on its way.
        _expectedBytes += payloadBytes + (long)messages * overhead;
        if (!SpinWait.SpinUntil(() => Output.Bytes == _expectedBytes, TimeSpan.FromSeconds(5)))
            throw new InvalidOperationException($"{Output.Bytes} bytes were sent instead of {_expectedBytes}.");
    }

    /// <summary>Throws unless two batches come out of it as they went in, byte for byte.</summary>
    public async Task VerifyAsync()
    {
        var messages = 2 * _scenario.Batch;
        if (_scenario.Work == Work.Receive)
        {
            for (var i = 0; i < messages; i++) AssertEqual(await ReceiveCopyAsync(), _batch.Payloads[i % _scenario.Batch]);
            return;
        }

        Output.Copy = new MemoryStream();
        Check(messages, await RunAsync(messages));
        var sent = Output.Copy.ToArray().AsMemory();
        Output.Copy = null;
        for (var i = 0; i < messages; i++)
        {
            if (!FrameHeaderParser.TryParse(sent.Span, out var header, out var length)) throw new InvalidOperationException("A frame is missing.");
            var payload = sent.Slice(length, (int)header.PayloadLength);
            if (header.Masked != (Role == WebSocketRole.Client) || header.Opcode != (Opcode)Content.Kind() || !header.Fin)
                throw new InvalidOperationException($"An unexpected frame: {header}.");
            Masking.Apply(payload.Span, header.MaskingKey);
            AssertEqual(payload.ToArray(), _batch.Payloads[_scenario.Work == Work.Echo ? i % _scenario.Batch : 0]);
            sent = sent[(length + payload.Length)..];
        }
        if (!sent.IsEmpty) throw new InvalidOperationException("More was sent than expected.");
    }

    public abstract ValueTask DisposeAsync();

    protected abstract Task<long> ReceiveAsync(int messages);

    protected abstract Task<long> SendAsync(int messages);

    protected abstract Task<long> EchoAsync(int messages);

    /// <summary>Receives a message and copies it.</summary>
    protected abstract Task<byte[]> ReceiveCopyAsync();

    /// <summary>Does what the transport would do when there is no more to read for now.</summary>
    protected virtual void EndWakeUp()
    {
    }

    private static void AssertEqual(byte[] found, byte[] expected)
    {
        if (!found.AsSpan().SequenceEqual(expected)) throw new InvalidOperationException("A message is not what it should be.");
    }
}
