using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace WebSocketCore.Extensions;

/// <summary>
/// A zlib compressor for raw DEFLATE data (RFC 1951) with a window of a given size. Its memory is native, about 300 KiB, and freed by disposing or, late,
/// by the finalizer. Not safe for concurrent use.
/// </summary>
internal sealed unsafe class Deflater : SafeHandle
{
    private const int SmallestWindowBits = 9;

    private static readonly ConcurrentDictionary<(int WindowBits, int Level), ConcurrentQueue<Deflater>> Pools = new();

    private readonly ConcurrentQueue<Deflater> _pool;

    /// <summary>Creates a compressor.</summary>
    /// <param name="windowBits">The base-2 logarithm of the window's size in bytes, 8 to 15. For 8 zlib takes a window of 9, in which it uses distances below 251.</param>
    /// <param name="level">From 0, none, to 9, the most.</param>
    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    public Deflater(int windowBits, int level)
        : base(0, ownsHandle: true)
    {
        windowBits = Math.Max(windowBits, SmallestWindowBits);
        _pool = PoolOf(windowBits, level);
        ZlibStream stream = default;

        // The buffer for what waits to be coded shrinks with the window.
        var result = Zlib.DeflateInit(ref stream, level, windowBits, memoryLevel: Math.Clamp(windowBits - 7, 5, 8));
        if (result == ZlibResult.MemoryError) throw new InsufficientMemoryException("There is no memory for another compressor.");
        if (result != ZlibResult.Ok) throw new InvalidOperationException($"zlib refused to compress: {result}.");
        SetHandle(stream.State);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Takes a compressor without history from those that were returned, or makes one.</summary>
    public static Deflater Rent(int windowBits, int level) =>
        PoolOf(windowBits, level).TryDequeue(out var deflater) ? deflater : new Deflater(windowBits, level);

    /// <summary>Makes a compressor that has been flushed with <see cref="ZlibFlush.Full"/> available to others. As many as there are processors wait for that.</summary>
    public void Return()
    {
        if (_pool.Count < Environment.ProcessorCount) _pool.Enqueue(this);
        else Dispose();
    }

    /// <summary>Compresses.</summary>
    /// <returns>Whether there is more output than the destination had room for.</returns>
    public bool Deflate(ReadOnlySpan<byte> source, Span<byte> destination, ZlibFlush flush, out int consumed, out int written)
    {
        fixed (byte* input = source)
        fixed (byte* output = destination)
        {
            var stream = new ZlibStream
            {
                State = handle,
                NextIn = input,
                NextOut = output,
                AvailableIn = (uint)source.Length,
                AvailableOut = (uint)destination.Length,
            };
            var result = Zlib.Deflate(ref stream, flush);
            GC.KeepAlive(this);
            if (result is not (ZlibResult.Ok or ZlibResult.BufferError)) throw new InvalidOperationException($"zlib could not compress: {result}.");
            consumed = source.Length - (int)stream.AvailableIn;
            written = destination.Length - (int)stream.AvailableOut;
            return stream.AvailableOut == 0;
        }
    }

    private static ConcurrentQueue<Deflater> PoolOf(int windowBits, int level) =>
        Pools.GetOrAdd((Math.Max(windowBits, SmallestWindowBits), level), static _ => new ConcurrentQueue<Deflater>());

    protected override bool ReleaseHandle()
    {
        var stream = new ZlibStream { State = handle };
        Zlib.DeflateEnd(ref stream);
        return true;
    }
}
