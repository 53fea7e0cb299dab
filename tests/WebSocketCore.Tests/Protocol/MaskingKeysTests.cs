using WebSocketCore.Protocol;

namespace WebSocketCore.Tests.Protocol;

public class MaskingKeysTests
{
    // RFC 6455 5.3: keys "MUST NOT make it simple for a server/proxy to predict the masking key for a subsequent frame". Randomness cannot be
    // shown by tests; a constant bit, a counter, or keys that repeat with the next fetch or on another thread can. 2000 keys of 32 bits
    // have some equal pair in one run of 2000, so one pair is let pass.
    [Fact]
    public void Keys_do_not_repeat_on_one_thread_nor_on_two()
    {
        var keys = new uint[2000];
        var thread = new Thread(() => Fetch(keys.AsSpan(1000)));
        thread.Start();
        Fetch(keys.AsSpan(0, 1000));
        thread.Join();

        keys.Distinct().Count().Should().BeGreaterThanOrEqualTo(1999);
        keys.Aggregate((a, b) => a | b).Should().Be(uint.MaxValue, "every bit is set in some key");
        keys.Aggregate((a, b) => a & b).Should().Be(0, "and clear in some");
        keys.Zip(keys.Skip(1), (a, b) => b - a).Distinct().Count().Should().BeGreaterThan(1990, "they do not count");
    }

    private static void Fetch(Span<uint> keys)
    {
        foreach (ref var key in keys) key = MaskingKeys.Next();
    }
}
