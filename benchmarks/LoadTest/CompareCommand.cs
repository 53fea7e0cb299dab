using System.CommandLine;
using LoadTest.Comparison;
using LoadTest.Linux;

namespace LoadTest;

/// <summary>Our servers and others beside each other, as a table.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var servers = Settings.Names("--servers", "server", Servers.All, Servers.All.Where(server => server.IsDefault));
        var custom = new Option<string[]>("--server-cmd")
        {
            Description = "A further server, as NAME=COMMAND, with {port} where the port belongs. More than once for several.",
        };
        var workloads = Settings.Workloads();
        var rounds = Settings.Number("--rounds", "How many samples to take of each server in each workload.", 3, 1, 100);
        var seconds = Settings.Seconds("--seconds", "How long a sample takes.", 2);
        var warmUp = Settings.Seconds("--warm-up", "How long a server is at least under load before its first sample; longer, if it still compiles.", 2);
        var baseline = new Option<string>("--base") { Description = "The server to which ratios are.", DefaultValueFactory = _ => "bun" };
        var disturbance = Settings.Number("--max-disturbance", "How much of a core others may use during a sample.", 0.15, 0, 100);
        var serverCore = Settings.Number("--server-core", "The core for the servers.", 0, 0, 1023);
        var clientCore = Settings.Number("--client-core", "The core for the load generator.", 1, 0, 1023);
        var output = new Option<string?>("--output")
        {
            Description = "The file to write the table to. Default: benchmarks/results/PROCESSOR/load.md; - writes none.",
        };
        var command = new Command("compare", "Measures our servers and others beside each other.")
        {
            servers, custom, workloads, rounds, seconds, warmUp, baseline, disturbance, serverCore, clientCore, output,
        };
        command.SetAction(arguments => Interruption.Run(cancellation =>
        {
            Server[] chosen = [.. arguments.GetRequiredValue(servers), .. (arguments.GetValue(custom) ?? []).Select(Servers.Custom)];
            var missing = new List<(Server, string)>();
            Server[] present = [.. chosen.Where(server => IsThere(server, missing))];
            if (present.Length == 0) throw new LoadException("There is no server to measure.");

            var plan = new Plan(present, arguments.GetRequiredValue(workloads))
            {
                Rounds = arguments.GetValue(rounds),
                Duration = TimeSpan.FromSeconds(arguments.GetValue(seconds)),
                WarmUp = TimeSpan.FromSeconds(arguments.GetValue(warmUp)),
                MaxDisturbance = arguments.GetValue(disturbance),
                ServerCore = arguments.GetValue(serverCore),
                ClientCore = arguments.GetValue(clientCore),
            };
            if (plan.ServerCore == plan.ClientCore) throw new LoadException("The servers and the load generator need a core each.");
            var results = new Comparer(plan, Console.Error.WriteLine, cancellation).Run();

            var report = new Report(plan, results, Array.Find(present, server => server.Name == arguments.GetValue(baseline)));
            string text = report.Write(CommandLine(), DateOnly.FromDateTime(DateTime.Today), missing);
            Console.Write(text);
            Save(text, arguments.GetValue(output));
        }));
        return command;
    }

    /// <summary>Whether a server can be started at all; if not, why not is noted.</summary>
    private static bool IsThere(Server server, List<(Server, string)> missing)
    {
        try
        {
            if (server.NeedsPackages) Packages.Install();
            using var process = ServerProcess.Start(server, core: 0, CancellationToken.None);
            return true;
        }
        catch (LoadException exception)
        {
            missing.Add((server, exception.Message));
            Console.Error.WriteLine($"{server.Name} does not take part: {exception.Message}");
            return false;
        }
    }

    private static void Save(string text, string? file)
    {
        if (file == "-") return;
        file ??= Path.Combine(Repository.Root, "benchmarks", "results", Report.MachineFolder(Machine.Processor), "load.md");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllText(file, text);
        Console.Error.WriteLine($"Written to {file}");
    }

    private static string CommandLine() =>
        string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Select(argument => argument.Contains(' ', StringComparison.Ordinal) ? $"\"{argument}\"" : argument));
}
