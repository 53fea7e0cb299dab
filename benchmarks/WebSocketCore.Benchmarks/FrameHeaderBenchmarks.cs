using System.Buffers;
using BenchmarkDotNet.Attributes;
using WebSocketCore.Frames;

namespace WebSocketCore.Benchmarks;

/// <summary>Reading, judging and writing one frame header, by form of its length.</summary>
public class FrameHeaderBenchmarks
{
    private readonly byte[] _destination = new byte[FrameHeaderParser.MaxLength];
    private byte[] _wire = [];
    private ReadOnlySequence<byte> _sequence;
    private ReadOnlySequence<byte> _split;
    private FrameHeader _header;

    [Params(7, 16, 64)]
    public int LengthBits { get; set; }

    [Params(false, true)]
    public bool Masked { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        long payloadLength = LengthBits switch { 7 => 125, 16 => 1024, _ => 1 << 20 };
        _header = new FrameHeader(Opcode.Binary, payloadLength, maskingKey: Masked ? 0x3D21FA37 : null);
        _wire = new byte[64];
        FrameHeaderWriter.Write(_wire, _header);
        _sequence = new ReadOnlySequence<byte>(_wire);
        var first = new Segment(_wire.AsMemory(0, 1));
        Segment second = first.Append(_wire.AsMemory(1));
        _split = new ReadOnlySequence<byte>(first, 0, second, second.Memory.Length);
    }

    [Benchmark(Description = "TryParse, span")]
    public int Parse() => FrameHeaderParser.TryParse(_wire, out _, out int length) ? length : 0;

    [Benchmark(Description = "TryParse, sequence of one segment")]
    public int ParseSequence() => FrameHeaderParser.TryParse(_sequence, out _, out int length) ? length : 0;

    [Benchmark(Description = "TryParse, cut after the first byte")]
    public int ParseSplit() => FrameHeaderParser.TryParse(_split, out _, out int length) ? length : 0;

    [Benchmark(Description = "TryParse and FrameRules.Check")]
    public ProtocolError ParseAndCheck() => FrameHeaderParser.TryParse(_wire, out FrameHeader header, out _)
        ? FrameRules.Check(header, Masked ? WebSocketRole.Server : WebSocketRole.Client, ReservedBits.None, messageInProgress: false)
        : ProtocolError.None;

    [Benchmark(Description = "Write")]
    public int Write() => FrameHeaderWriter.Write(_destination, _header);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
