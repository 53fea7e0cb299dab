using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LoadTest.Comparison;

/// <summary>A server that runs, bound to a core. It does not outlive its object.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ServerProcess(Process process, int port)
    {
        _process = process;
        Port = port;
        // Read, so that a server which talks does not wait for somebody who listens.
        _ = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>Starts a server and waits until it accepts connections.</summary>
    /// <exception cref="LoadException">It does not start.</exception>
    public static ServerProcess Start(Server server, int core, CancellationToken cancellation)
    {
        int port = FreePort();
        // The program replaces taskset: the process is the server's.
        var info = new ProcessStartInfo("taskset", ["-c", core.ToString(CultureInfo.InvariantCulture), .. server.Command(port)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in server.Environment) info.Environment[name] = value;

        ServerProcess? started = null;
        try
        {
            started = new ServerProcess(Process.Start(info)!, port);
            started.WaitUntilItListens(cancellation);
            return started;
        }
        catch (Win32Exception)
        {
            throw new LoadException("taskset (package util-linux) is not installed.");
        }
        catch
        {
            started?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void WaitUntilItListens(CancellationToken cancellation)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < StartTimeout; cancellation.WaitHandle.WaitOne(50))
        {
            cancellation.ThrowIfCancellationRequested();
            if (_process.HasExited)
            {
                string errors = _errors.Wait(TimeSpan.FromSeconds(1), cancellation) ? _errors.Result.Trim().Split('\n')[0] : "";
                throw new LoadException($"it ended with exit code {_process.ExitCode}. {errors}");
            }
            if (IsListening(Port)) return;
        }
        throw new LoadException($"it did not listen after {StartTimeout.TotalSeconds} s");
    }

    /// <summary>Asks the kernel, so that the server does not see a connection that is none of the load.</summary>
    private static bool IsListening(int port)
    {
        // sl local_address rem_address st: 127.0.0.1 with its bytes in the machine's order, the port in hexadecimal, and 0A for LISTEN.
        string local = $" {BitConverter.ToUInt32(IPAddress.Loopback.GetAddressBytes()):X8}:{port:X4} 00000000:0000 0A ";
        string any = $" 00000000:{port:X4} 00000000:0000 0A ";
        return File.ReadLines("/proc/net/tcp").Any(line => line.Contains(local, StringComparison.Ordinal) || line.Contains(any, StringComparison.Ordinal));
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
