using System.Buffers;
using System.Collections.Concurrent;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>
/// A pool that makes misuse visible: what was not written reads 0xDB, what was given back reads 0xDD, and arrays that were given back are handed out
/// again at once. Thread-safe.
/// </summary>
internal sealed class PoisoningPool : ArrayPool<byte>
{
    public const byte Rented = 0xDB;
    public const byte Returned = 0xDD;

    private readonly ConcurrentDictionary<byte[], bool> _outstanding = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<int, ConcurrentStack<byte[]>> _free = new();

    /// <summary>How many arrays are rented and not returned.</summary>
    public int Outstanding => _outstanding.Count;

    /// <summary>The length that was asked for last.</summary>
    public int LastRequest { get; private set; }

    /// <summary>The largest length that was asked for.</summary>
    public int LargestRequest { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        LastRequest = minimumLength;
        LargestRequest = Math.Max(LargestRequest, minimumLength);
        if (!_free.TryGetValue(minimumLength, out var free) || !free.TryPop(out var array)) array = new byte[minimumLength];
        else if (array.AsSpan().ContainsAnyExcept(Returned)) throw new InvalidOperationException("An array was written to after its return.");
        Array.Fill(array, Rented);
        _outstanding[array] = true;
        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        if (!_outstanding.TryRemove(array, out _)) throw new InvalidOperationException("The array is not rented from this pool, or was returned before.");
        Array.Fill(array, Returned);
        _free.GetOrAdd(array.Length, static _ => new ConcurrentStack<byte[]>()).Push(array);
    }

    /// <summary>Asserts that nothing is rented, and that nothing was written to what was returned.</summary>
    public void ShouldBeBalanced()
    {
        Outstanding.Should().Be(0, "everything that is rented must be returned");
        _free.Values.SelectMany(free => free).Any(array => array.AsSpan().ContainsAnyExcept(Returned)).Should().BeFalse("returned arrays are not written to");
    }
}
