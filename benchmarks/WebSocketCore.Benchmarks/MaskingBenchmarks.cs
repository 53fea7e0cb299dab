using BenchmarkDotNet.Attributes;
using WebSocketCore.Frames;

namespace WebSocketCore.Benchmarks;

/// <summary>Masking against copying the same bytes. The payload begins where a masked header leaves it, so it is not aligned.</summary>
public class MaskingBenchmarks
{
    private const uint Key = 0x3D21FA37;

    // A masked header with a 16-bit length.
    private const int HeaderLength = 8;

    private byte[] _source = [];
    private byte[] _destination = [];

    [Params(64, 1024, 64 * 1024, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _source = new byte[HeaderLength + Size];
        _destination = new byte[HeaderLength + Size];
        new Random(6455).NextBytes(_source);
    }

    [Benchmark(Baseline = true, Description = "Span.CopyTo")]
    public void Copy() => _source.AsSpan(HeaderLength).CopyTo(_destination.AsSpan(HeaderLength));

    [Benchmark(Description = "Masking.Apply, in place")]
    public void InPlace() => Masking.Apply(_source.AsSpan(HeaderLength), Key);

    [Benchmark(Description = "Masking.Apply, copying")]
    public void CopyAndMask() => Masking.Apply(_source.AsSpan(HeaderLength), _destination.AsSpan(HeaderLength), Key);

    [Benchmark(Description = "The RFC's formula, copying")]
    public void Formula()
    {
        ReadOnlySpan<byte> source = _source.AsSpan(HeaderLength);
        Span<byte> destination = _destination.AsSpan(HeaderLength);
        for (int i = 0; i < source.Length; i++) destination[i] = (byte)(source[i] ^ (Key >> (8 * (i & 3))));
    }
}
