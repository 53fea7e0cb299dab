using System.Net;
using System.Text.RegularExpressions;
using LoadTest;
using LoadTest.Traffic;
using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.LoadTests;

/// <summary>The load generator against our listener.</summary>
public sealed class LoadCommandTests : InteropTest
{
    [LinuxFact]
    public async Task It_counts_what_it_was_told_to_do()
    {
        await using var listener = Listen();
        var (exitCode, output, errors) = await RunAsync(
            listener, "--pid", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), "--workloads", "pp64,pipe16,b1m", "hs");
        exitCode.Should().Be(0, errors);
        string[] lines = output.TrimEnd().Split('\n');
        lines.Should().HaveCount(4);
        foreach (var (line, start) in lines.Zip((string[])["pp64 ", "pipe16 ", "b1m ", "hs "]))
        {
            line.Should().StartWith(start);
            int.Parse(Regex.Match(line, @"^\w+ +(\d+) ").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture).Should().BeGreaterThanOrEqualTo(100);
            line.Should().MatchRegex(@"server [\d.]+ us each$");
        }
    }

    [LinuxFact]
    public async Task Idle_connections_are_used_once()
    {
        await using var listener = Listen();
        await Task.Run(() =>
        {
            using var traffic = new IdleTraffic(Workload.All.Single(workload => workload.Name == "idle") with { Connections = 200 }, listener.EndPoint.Port, Guard);
            traffic.Open();
            traffic.SendOneEach();
            traffic.Operations.Should().Be(200);
            traffic.Close();
        });
    }

    [LinuxFact]
    public async Task A_server_that_does_not_echo_is_found_out()
    {
        await using var listener = Listen(async (ws, ct) =>
        {
            while (await ws.ReceiveAsync(ct) is not null) await ws.SendTextAsync("other", ct);
        });
        var (exitCode, output, errors) = await RunAsync(listener, "--workloads", "pp1");
        (exitCode, output).Should().Be((1, ""));
        errors.Should().Contain("The echo of 32 bytes has 5.");
    }

    private static WebSocketListener Listen(Func<WebSocketConnection, CancellationToken, Task>? handler = null) =>
        WebSocketListener.Start(new IPEndPoint(IPAddress.Loopback, 0), handler ?? EchoAsync, new WebSocketListenerOptions { MaxMessageSize = 1024 * 1024 });

    private static async Task EchoAsync(WebSocketConnection ws, CancellationToken cancellationToken)
    {
        await foreach (var message in ws.ReadAllAsync(cancellationToken)) await ws.SendAsync(message, cancellationToken);
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(WebSocketListener listener, params string[] arguments)
    {
        using var process = ChildProcess.Start(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [
                typeof(LoadException).Assembly.Location, "load", "--port", listener.EndPoint.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                "--client-core", "-1", "--warm-up", "0", "--messages", "100", "--seconds", "60", .. arguments,
            ]);
        return await process.EndAsync(Guard);
    }
}
