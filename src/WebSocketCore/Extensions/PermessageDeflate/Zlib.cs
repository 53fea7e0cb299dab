using System.Runtime.InteropServices;

namespace WebSocketCore.Extensions;

/// <summary>
/// The zlib that the runtime brings along for System.IO.Compression, which itself offers neither window sizes nor flushes: see
/// docs/adr/0008-the-runtime's-zlib.md. Where a runtime has another one, or none, <see cref="IsSupported"/> is false.
/// </summary>
internal static unsafe partial class Zlib
{
    // Single-file hosts and ahead-of-time compilation know the library by exactly these names.
    private const string Unix = "libSystem.IO.Compression.Native";
    private const string Windows = "System.IO.Compression.Native";

    private const int Deflated = 8;
    private const int DefaultStrategy = 0;

    /// <summary>Whether the library is there and does what is expected of it.</summary>
    public static bool IsSupported { get; } = Probe();

    public static ZlibResult DeflateInit(ref ZlibStream stream, int level, int windowBits, int memoryLevel) => OperatingSystem.IsWindows()
        ? DeflateInitWindows(ref stream, level, Deflated, -windowBits, memoryLevel, DefaultStrategy)
        : DeflateInitUnix(ref stream, level, Deflated, -windowBits, memoryLevel, DefaultStrategy);

    public static ZlibResult Deflate(ref ZlibStream stream, ZlibFlush flush) =>
        OperatingSystem.IsWindows() ? DeflateWindows(ref stream, flush) : DeflateUnix(ref stream, flush);

    public static void DeflateEnd(ref ZlibStream stream) => _ = OperatingSystem.IsWindows() ? DeflateEndWindows(ref stream) : DeflateEndUnix(ref stream);

    public static ZlibResult InflateInit(ref ZlibStream stream, int windowBits) =>
        OperatingSystem.IsWindows() ? InflateInitWindows(ref stream, -windowBits) : InflateInitUnix(ref stream, -windowBits);

    public static ZlibResult Inflate(ref ZlibStream stream, ZlibFlush flush) =>
        OperatingSystem.IsWindows() ? InflateWindows(ref stream, flush) : InflateUnix(ref stream, flush);

    public static ZlibResult InflateReset(ref ZlibStream stream, int windowBits) =>
        OperatingSystem.IsWindows() ? InflateResetWindows(ref stream, -windowBits) : InflateResetUnix(ref stream, -windowBits);

    public static void InflateEnd(ref ZlibStream stream) => _ = OperatingSystem.IsWindows() ? InflateEndWindows(ref stream) : InflateEndUnix(ref stream);

    private static bool Probe()
    {
        try
        {
            using var deflater = new Deflater(windowBits: 9, level: 1);
            using var inflater = new Inflater(windowBits: 9);
            ReadOnlySpan<byte> sample = "a sample, a sample"u8;
            Span<byte> deflated = stackalloc byte[64];
            Span<byte> inflated = stackalloc byte[64];
            deflater.Deflate(sample, deflated, ZlibFlush.Full, out _, out var length);
            inflater.Inflate(deflated[..length], inflated, out _, out length);
            return inflated[..length].SequenceEqual(sample);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException or InvalidOperationException)
        {
            return false;
        }
    }

    [LibraryImport(Unix, EntryPoint = "CompressionNative_DeflateInit2_")]
    private static partial ZlibResult DeflateInitUnix(ref ZlibStream stream, int level, int method, int windowBits, int memoryLevel, int strategy);

    [LibraryImport(Unix, EntryPoint = "CompressionNative_Deflate")]
    private static partial ZlibResult DeflateUnix(ref ZlibStream stream, ZlibFlush flush);

    [LibraryImport(Unix, EntryPoint = "CompressionNative_DeflateEnd")]
    private static partial ZlibResult DeflateEndUnix(ref ZlibStream stream);

    [LibraryImport(Unix, EntryPoint = "CompressionNative_InflateInit2_")]
    private static partial ZlibResult InflateInitUnix(ref ZlibStream stream, int windowBits);

    [LibraryImport(Unix, EntryPoint = "CompressionNative_Inflate")]
    private static partial ZlibResult InflateUnix(ref ZlibStream stream, ZlibFlush flush);

    [LibraryImport(Unix, EntryPoint = "CompressionNative_InflateReset2_")]
    private static partial ZlibResult InflateResetUnix(ref ZlibStream stream, int windowBits);

    [LibraryImport(Unix, EntryPoint = "CompressionNative_InflateEnd")]
    private static partial ZlibResult InflateEndUnix(ref ZlibStream stream);

    [LibraryImport(Windows, EntryPoint = "CompressionNative_DeflateInit2_")]
    private static partial ZlibResult DeflateInitWindows(ref ZlibStream stream, int level, int method, int windowBits, int memoryLevel, int strategy);

    [LibraryImport(Windows, EntryPoint = "CompressionNative_Deflate")]
    private static partial ZlibResult DeflateWindows(ref ZlibStream stream, ZlibFlush flush);

    [LibraryImport(Windows, EntryPoint = "CompressionNative_DeflateEnd")]
    private static partial ZlibResult DeflateEndWindows(ref ZlibStream stream);

    [LibraryImport(Windows, EntryPoint = "CompressionNative_InflateInit2_")]
    private static partial ZlibResult InflateInitWindows(ref ZlibStream stream, int windowBits);

    [LibraryImport(Windows, EntryPoint = "CompressionNative_Inflate")]
    private static partial ZlibResult InflateWindows(ref ZlibStream stream, ZlibFlush flush);

    [LibraryImport(Windows, EntryPoint = "CompressionNative_InflateReset2_")]
    private static partial ZlibResult InflateResetWindows(ref ZlibStream stream, int windowBits);

    [LibraryImport(Windows, EntryPoint = "CompressionNative_InflateEnd")]
    private static partial ZlibResult InflateEndWindows(ref ZlibStream stream);
}

/// <summary>The library's own form of a zlib stream. Only <see cref="State"/> outlives a call.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZlibStream
{
    public byte* NextIn;
    public byte* NextOut;
    public byte* Message;
    public nint State;
    public uint AvailableIn;
    public uint AvailableOut;
}

/// <summary>How much of the output a call completes.</summary>
internal enum ZlibFlush
{
    None = 0,

    /// <summary>All of it, up to an empty stored block.</summary>
    Sync = 2,

    /// <summary>All of it, and what follows does not refer to what came before.</summary>
    Full = 3,
}

/// <summary>What a call has to say.</summary>
internal enum ZlibResult
{
    Ok = 0,
    StreamEnd = 1,
    NeedDictionary = 2,
    StreamError = -2,
    DataError = -3,
    MemoryError = -4,

    /// <summary>There was nothing to do. Not an error.</summary>
    BufferError = -5,
}
