using System.Buffers;
using System.Numerics;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>
/// A pool that knows what is out, refuses what is not its own or comes back twice, and poisons arrays on their way out and back: bytes that nobody
/// wrote show as <see cref="Fresh"/>, bytes read after the return as <see cref="Stale"/>. Allocates nothing once it is warm.
/// </summary>
/// <param name="exact">Whether arrays are as long as was asked, instead of the next power of two as the shared pool's.</param>
internal sealed class CountingPool(bool exact = false) : ArrayPool<byte>
{
    public const byte Fresh = 0xDB;
    public const byte Stale = 0xDD;

    private readonly Dictionary<int, Stack<byte[]>> _idle = [];
    private readonly HashSet<byte[]> _out = new(ReferenceEqualityComparer.Instance);

    public int Rents { get; private set; }

    public int LargestRequest { get; private set; }

    public int Outstanding => _out.Count;

    public long OutstandingBytes { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        Rents++;
        LargestRequest = Math.Max(LargestRequest, minimumLength);
        var length = exact ? minimumLength : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(minimumLength, 16));
        var array = _idle.TryGetValue(length, out var idle) && idle.TryPop(out var known) ? known : new byte[length];
        array.AsSpan().Fill(Fresh);
        _out.Add(array);
        OutstandingBytes += length;
        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        if (!_out.Remove(array)) throw new InvalidOperationException("The array is not out: returned twice, or not from this pool.");
        OutstandingBytes -= array.Length;
        array.AsSpan().Fill(Stale);
        if (!_idle.TryGetValue(array.Length, out var idle)) _idle[array.Length] = idle = new();
        idle.Push(array);
    }
}
