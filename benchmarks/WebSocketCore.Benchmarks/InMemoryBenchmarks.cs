using BenchmarkDotNet.Attributes;
using WebSocketCore.Benchmarks.InMemory;

namespace WebSocketCore.Benchmarks;

/// <summary>
/// Messages over a transport in memory that never waits, beside System.Net.WebSockets: what the library itself costs, per message. Every run checks
/// the number of bytes, and before measuring each variant is checked byte for byte. The warm-up is long, because with a shorter one the JIT may still
/// be at work.
/// </summary>
[MemoryDiagnoser]
[WarmupCount(10), IterationCount(8), IterationTime(250)]
public abstract class InMemoryBenchmarks
{
    private const int Messages = 1024;

    private Endpoint _endpoint = null!;

    public abstract Scenario Scenario { get; set; }

    [GlobalSetup(Target = nameof(SystemNetWebSockets))]
    public Task SetupSystem() => SetupAsync(Variant.System);

    [GlobalSetup(Target = nameof(OverStream))]
    public Task SetupStream() => SetupAsync(Variant.Stream);

    [GlobalSetup(Target = nameof(OverPipe))]
    public Task SetupPipe() => SetupAsync(Variant.Pipe);

    [GlobalSetup(Target = nameof(OverDirectTransport))]
    public Task SetupDirect() => SetupAsync(Variant.Direct);

    [Benchmark(Baseline = true, OperationsPerInvoke = Messages, Description = "System.Net.WebSockets, stream")]
    public Task SystemNetWebSockets() => RunAsync();

    [Benchmark(OperationsPerInvoke = Messages, Description = "WebSocketCore, the same stream")]
    public Task OverStream() => RunAsync();

    [Benchmark(OperationsPerInvoke = Messages, Description = "WebSocketCore, duplex pipe")]
    public Task OverPipe() => RunAsync();

    [Benchmark(OperationsPerInvoke = Messages, Description = "WebSocketCore, direct transport")]
    public Task OverDirectTransport() => RunAsync();

    [GlobalCleanup]
    public async Task Cleanup() => await _endpoint.DisposeAsync();

    private async Task SetupAsync(Variant variant)
    {
        _endpoint = Endpoint.Create(variant, Scenario);
        await _endpoint.VerifyAsync();
    }

    private async Task RunAsync() => _endpoint.Check(Messages, await _endpoint.RunAsync(Messages));
}

/// <summary>Receiving as a server: unmasking, and checking that text is UTF-8.</summary>
public class ReceiveBenchmarks : InMemoryBenchmarks
{
    public static IEnumerable<Scenario> Scenarios => Scenario.All.Where(scenario => scenario.Work == Work.Receive);

    [ParamsSource(nameof(Scenarios))]
    public override Scenario Scenario { get; set; } = null!;
}

/// <summary>Sending as a server, and, masked, as a client. WebSocketCore checks that text is UTF-8, System.Net.WebSockets does not.</summary>
public class SendBenchmarks : InMemoryBenchmarks
{
    public static IEnumerable<Scenario> Scenarios => Scenario.All.Where(scenario => scenario.Work == Work.Send);

    [ParamsSource(nameof(Scenarios))]
    public override Scenario Scenario { get; set; } = null!;
}

/// <summary>Receiving and sending back as a server; so many messages, after the word, come at once.</summary>
public class EchoBenchmarks : InMemoryBenchmarks
{
    public static IEnumerable<Scenario> Scenarios => Scenario.All.Where(scenario => scenario.Work == Work.Echo);

    [ParamsSource(nameof(Scenarios))]
    public override Scenario Scenario { get; set; } = null!;
}
