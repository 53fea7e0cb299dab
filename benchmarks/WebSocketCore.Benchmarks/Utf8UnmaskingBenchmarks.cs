using System.Text.Unicode;
using BenchmarkDotNet.Attributes;
using WebSocketCore.Frames;

namespace WebSocketCore.Benchmarks;

/// <summary>
/// Unmasking text and validating it: one after the other, where the second finds what the first has just written, and in one pass. The key is 0,
/// which nothing treats specially, so that text stays text however often it is unmasked in place.
/// </summary>
[WarmupCount(3), IterationCount(7), IterationTime(250)]
public class Utf8UnmaskingBenchmarks
{
    private const uint Key = 0;

    private Payloads _source = new([]);
    private byte[] _destination = [];

    [Params(Script.Ascii, Script.Chinese)]
    public Script Script { get; set; }

    [Params(32, 125, 1024, 16 * 1024, 64 * 1024, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _source = new Payloads(SampleText.Create(Script, Size));
        _destination = new byte[Size];
    }

    [Benchmark(Description = "copying: Masking, Utf8.IsValid")]
    public bool CopyThenIsValid()
    {
        Masking.Apply(_source.Next(), _destination, Key);
        return Utf8.IsValid(_destination);
    }

    [Benchmark(Baseline = true, Description = "copying: Masking, Utf8Validator")]
    public bool CopyThenAppend()
    {
        Masking.Apply(_source.Next(), _destination, Key);
        return new Utf8Validator().Append(_destination);
    }

    [Benchmark(Description = "copying: one pass")]
    public bool CopyInOnePass() => new Utf8Validator().AppendUnmasked(_source.Next(), _destination, Key, 0);

    [Benchmark(Description = "in place: Masking, Utf8.IsValid")]
    public bool InPlaceThenIsValid()
    {
        Span<byte> payload = _source.Next();
        Masking.Apply(payload, Key);
        return Utf8.IsValid(payload);
    }

    [Benchmark(Description = "in place: Masking, Utf8Validator")]
    public bool InPlaceThenAppend()
    {
        Span<byte> payload = _source.Next();
        Masking.Apply(payload, Key);
        return new Utf8Validator().Append(payload);
    }

    [Benchmark(Description = "in place: one pass")]
    public bool InPlaceInOnePass()
    {
        Span<byte> payload = _source.Next();
        return new Utf8Validator().AppendUnmasked(payload, payload, Key, 0);
    }
}
