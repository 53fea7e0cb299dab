using System.Runtime.InteropServices;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>What is allocated by way of the C library's malloc, as zlib does it. Only where that is glibc; elsewhere 0.</summary>
internal static partial class NativeMemoryUse
{
    public static long Bytes()
    {
        try
        {
            var info = MallInfo2();
            return (long)(info.InUse + info.Mapped);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial Info MallInfo2();

    [StructLayout(LayoutKind.Sequential)]
    private struct Info
    {
        public nuint Arena;
        public nuint FreeChunks;
        public nuint FastBins;
        public nuint MappedCount;
        public nuint Mapped;
        public nuint Unused;
        public nuint FreeFastBins;
        public nuint InUse;
        public nuint Free;
        public nuint Releasable;
    }
}
