using System.Runtime.InteropServices;

namespace LoadTest;

/// <summary>Ctrl+C and SIGTERM, and how a command ends.</summary>
internal static class Interruption
{
    /// <summary>Runs a command.</summary>
    /// <param name="command">The command, which is told by the token to end early.</param>
    /// <returns>The exit code.</returns>
    public static int Run(Action<CancellationToken> command)
    {
        using var cancellation = new CancellationTokenSource();
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            cancellation.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        try
        {
            command(cancellation.Token);
            return 0;
        }
        catch (LoadException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Interrupted.");
            return 130;
        }
    }
}
