using System.CommandLine;
using LoadTest;

if (!OperatingSystem.IsLinux())
{
    Console.Error.WriteLine("The load test runs on Linux only: it is made of epoll, taskset and /proc.");
    return 1;
}

var root = new RootCommand("Measures what WebSocket echo servers on this machine need for a message: CPU time and memory.")
{
    CompareCommand.Create(),
    LoadCommand.Create(),
};
return root.Parse(args).Invoke(new InvocationConfiguration { ProcessTerminationTimeout = null });
