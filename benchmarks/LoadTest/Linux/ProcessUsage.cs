using System.Globalization;

namespace LoadTest.Linux;

/// <summary>What a process has used. Asked of the kernel, from outside.</summary>
internal static unsafe class ProcessUsage
{
    /// <summary>
    /// The CPU time that all threads of a process have had, ended ones too, as user and in the kernel. To the nanosecond, where /proc/PID/stat counts
    /// in 10 ms.
    /// </summary>
    public static TimeSpan CpuTime(int process)
    {
        int clock;
        nint* time = stackalloc nint[2];
        if (NativeMethods.GetProcessCpuClock(process, &clock) != 0 || NativeMethods.GetTime(clock, time) != 0)
            throw new LoadException($"There is no process {process}, or no longer.");
        return TimeSpan.FromSeconds(time[0]) + TimeSpan.FromMicroseconds(time[1] / 1000.0);
    }

    /// <summary>How many bytes of memory a process has in RAM.</summary>
    public static long ResidentBytes(int process)
    {
        try
        {
            // Exact; VmRSS in /proc/PID/status is an estimate on newer kernels.
            string line = File.ReadLines($"/proc/{process}/smaps_rollup").First(line => line.StartsWith("Rss:", StringComparison.Ordinal));
            return long.Parse(line["Rss:".Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new LoadException($"The memory of process {process} cannot be read: {exception.Message}");
        }
    }
}
