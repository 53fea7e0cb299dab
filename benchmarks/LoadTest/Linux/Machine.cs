using System.Globalization;
using System.Text.RegularExpressions;

namespace LoadTest.Linux;

/// <summary>What the kernel says of the machine, and settings of this process.</summary>
internal static unsafe partial class Machine
{
    private const int OpenFiles = 7; // RLIMIT_NOFILE
    private const int ClockTicks = 2; // _SC_CLK_TCK
    private const int MaxCores = 1024;

    /// <summary>The name of the processor.</summary>
    public static string Processor { get; } = FromCpuInfo("model name") ?? FromCpuInfo("Model") ?? "unknown processor";

    public static string Kernel { get; } = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    /// <summary>How many cores the machine has, whichever of them this process may use.</summary>
    public static int Cores { get; } = File.ReadLines("/proc/stat").Count(line => CoreLine().IsMatch(line));

    /// <summary>
    /// How long all cores together have been busy for anybody, and stolen by the hypervisor, since the machine was started. It counts ticks of 10 ms
    /// that hit a busy core, and is off by a few of them.
    /// </summary>
    public static TimeSpan BusyTime()
    {
        // cpu user nice system idle iowait irq softirq steal; the times of guests are within user and nice.
        long[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        return TimeSpan.FromSeconds((double)(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) / NativeMethods.SystemSetting(ClockTicks));
    }

    /// <summary>Binds all threads of this process, and with them those that are yet to come, to one core.</summary>
    public static void StayOnCore(int core)
    {
        if (core < 0 || core >= Cores) throw new LoadException($"There is no core {core}: the machine has {Cores}.");
        byte* mask = stackalloc byte[MaxCores / 8];
        new Span<byte>(mask, MaxCores / 8).Clear();
        mask[core / 8] = (byte)(1 << core % 8);
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            int id = int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture);
            // A thread that has ended meanwhile needs no core; the others may be bound as long as this one may.
            int result = NativeMethods.SetAffinity(id, MaxCores / 8, mask);
            if (id == Environment.ProcessId) SystemCall.Check(result, "sched_setaffinity");
        }
    }

    /// <summary>Lets this process, and those that it starts, have so many files and sockets open.</summary>
    public static void AllowOpenFiles(int count)
    {
        nuint* limit = stackalloc nuint[2];
        SystemCall.Check(NativeMethods.GetLimit(OpenFiles, limit), "getrlimit");
        if (limit[0] >= (nuint)count) return;
        limit[0] = (nuint)count;
        limit[1] = Math.Max(limit[1], (nuint)count);
        if (NativeMethods.SetLimit(OpenFiles, limit) != 0)
            throw new LoadException($"{count} open files are needed, and more than the hard limit of this shell (ulimit -Hn) takes root.");
    }

    private static string? FromCpuInfo(string field) =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal))?.Split(':', 2).ElementAtOrDefault(1)?.Trim();

    [GeneratedRegex(@"^cpu\d+ ")]
    private static partial Regex CoreLine();
}
