using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace WebSocketCore.Extensions;

/// <summary>
/// A zlib decompressor for raw DEFLATE data (RFC 1951). Its memory is native, about 40 KiB, and freed by disposing or, late, by the finalizer.
/// Not safe for concurrent use.
/// </summary>
internal sealed unsafe class Inflater : SafeHandle
{
    private static readonly ConcurrentQueue<Inflater> Pool = new();

    private int _windowBits;

    /// <summary>Creates a decompressor.</summary>
    /// <param name="windowBits">The base-2 logarithm of the size in bytes of the window that the compressor keeps to, 8 to 15.</param>
    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    public Inflater(int windowBits)
        : base(0, ownsHandle: true)
    {
        _windowBits = windowBits;
        ZlibStream stream = default;
        var result = Zlib.InflateInit(ref stream, windowBits);
        if (result == ZlibResult.MemoryError) throw new InsufficientMemoryException("There is no memory for another decompressor.");
        if (result != ZlibResult.Ok) throw new InvalidOperationException($"zlib refused to decompress: {result}.");
        SetHandle(stream.State);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Takes a decompressor without history from those that were returned, or makes one.</summary>
    public static Inflater Rent(int windowBits)
    {
        if (!Pool.TryDequeue(out var inflater)) return new Inflater(windowBits);
        inflater._windowBits = windowBits;
        inflater.Reset();
        return inflater;
    }

    /// <summary>Makes the decompressor available to others, whatever its state. As many as there are processors wait for that.</summary>
    public void Return()
    {
        if (Pool.Count < Environment.ProcessorCount) Pool.Enqueue(this);
        else Dispose();
    }

    /// <summary>Begins a new stream without history.</summary>
    public void Reset()
    {
        var stream = new ZlibStream { State = handle };
        var result = Zlib.InflateReset(ref stream, _windowBits);
        GC.KeepAlive(this);
        if (result != ZlibResult.Ok) throw new InvalidOperationException($"zlib refused to decompress: {result}.");
    }

    /// <summary>Decompresses, until the source is used up, the destination is full, or the stream ends.</summary>
    public ZlibResult Inflate(ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written)
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
            var result = Zlib.Inflate(ref stream, ZlibFlush.Sync);
            GC.KeepAlive(this);
            consumed = source.Length - (int)stream.AvailableIn;
            written = destination.Length - (int)stream.AvailableOut;
            return result;
        }
    }

    protected override bool ReleaseHandle()
    {
        var stream = new ZlibStream { State = handle };
        Zlib.InflateEnd(ref stream);
        return true;
    }
}
