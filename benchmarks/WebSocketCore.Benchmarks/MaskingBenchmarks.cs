using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using WebSocketCore.Frames;

namespace WebSocketCore.Benchmarks;

/// <summary>Masking against copying the same bytes, at every width of vectors.</summary>
[Config(typeof(VectorWidths))]
[WarmupCount(3), IterationCount(7), IterationTime(250)]
public class MaskingBenchmarks
{
    private const uint Key = 0x3D21FA37;

    private Payloads _source = new([]);
    private byte[] _destination = [];

    [Params(64, 1024, 16 * 1024, 64 * 1024, 1024 * 1024, 16 * 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        byte[] payload = new byte[Size];
        new Random(6455).NextBytes(payload);
        _source = new Payloads(payload);
        _destination = new byte[Size];
    }

    [Benchmark(Baseline = true, Description = "Span.CopyTo")]
    public void Copy() => _source.Next().CopyTo(_destination);

    [Benchmark(Description = "Masking.Apply, copying")]
    public void CopyAndMask() => Masking.Apply(_source.Next(), _destination, Key);

    [Benchmark(Description = "Masking.Apply, in place")]
    public void InPlace() => Masking.Apply(_source.Next(), Key);

    private sealed class VectorWidths : ManualConfig
    {
        public VectorWidths()
        {
            AddJob(
                Job.Default.WithId("widest"),
                Job.Default.WithId("256").WithEnvironmentVariable("DOTNET_EnableAVX512", "0"),
                Job.Default.WithId("128").WithEnvironmentVariable("DOTNET_EnableAVX2", "0"),
                Job.Default.WithId("none").WithEnvironmentVariable("DOTNET_EnableHWIntrinsic", "0"));
            HideColumns("EnvironmentVariables");
            AddLogicalGroupRules(BenchmarkLogicalGroupRule.ByJob);
        }
    }
}
