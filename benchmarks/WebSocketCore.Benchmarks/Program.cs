using BenchmarkDotNet.Running;
using WebSocketCore.Benchmarks.Deflate;
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

    case ["deflate", .. var arguments]:
        await DeflateComparison.RunAsync(arguments);
        break;

    case ["deflate-worker", var library]:
        await DeflateWorker.RunAsync(Enum.Parse<Library>(library));
        break;

    case ["broadcast", .. var arguments]:
        await BroadcastComparison.RunAsync(arguments);
        break;

    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
