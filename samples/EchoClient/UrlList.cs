using System.Runtime.CompilerServices;

namespace EchoClient;

/// <summary>The URLs of the command line, with <c>-</c> standing for the lines of standard input, each as soon as it is there.</summary>
internal static class UrlList
{
    public static async IAsyncEnumerable<string> ReadAsync(IEnumerable<string> arguments, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var argument in arguments)
        {
            if (argument != "-")
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return argument;
                continue;
            }

            // A read from a terminal cannot be cancelled, only left behind.
            using var input = new StreamReader(Console.OpenStandardInput());
            while (await input.ReadLineAsync(CancellationToken.None).AsTask().WaitAsync(cancellationToken) is { } line)
            {
                if (!string.IsNullOrWhiteSpace(line)) yield return line.Trim();
            }
        }
    }
}
