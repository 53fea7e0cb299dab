using BenchmarkDotNet.Running;
using WebSocketCore.Benchmarks.InMemory;
using WebSocketCore.Benchmarks.Quick;

switch (args)
{
    case ["quick", .. var arguments]:
        await QuickComparison.RunAsync(arguments);
        break;

    case ["quick-worker", var variant]:
        await QuickWorker.RunAsync(Enum.Parse<Variant>(variant));
        break;

    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
