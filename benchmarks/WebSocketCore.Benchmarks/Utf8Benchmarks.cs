using System.Text.Unicode;
using BenchmarkDotNet.Attributes;

namespace WebSocketCore.Benchmarks;

/// <summary>Validating a piece of text against the base library's validator, which takes whole texts only.</summary>
[WarmupCount(3), IterationCount(7), IterationTime(250)]
public class Utf8Benchmarks
{
    private byte[] _text = [];

    [ParamsAllValues]
    public Script Script { get; set; }

    [Params(5, 16, 32, 64, 125, 1024, 16 * 1024, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup() => _text = SampleText.Create(Script, Size);

    [Benchmark(Baseline = true, Description = "Utf8.IsValid")]
    public bool IsValid() => Utf8.IsValid(_text);

    [Benchmark(Description = "Utf8Validator")]
    public bool Validator()
    {
        var validator = new Utf8Validator();
        return validator.Append(_text) && validator.IsComplete;
    }
}
