using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Deflate;

/// <summary>
/// Messages that come twice, and what the second may take on the wire. It is next to nothing where the first is in the context, and as much as the first where no
/// context is kept or its window does not reach back that far.
/// </summary>
internal static class Repetition
{
    private const int SmallestMessageBits = 7;
    private const int LargestMessageBits = 15;

    // Digits at random: half their size at best by themselves, and nothing in them comes again but all of them.
    public static SampleMessage[] Messages { get; } =
    [
        .. Enumerable.Range(SmallestMessageBits, LargestMessageBits - SmallestMessageBits + 1).SelectMany(bits =>
        {
            var digits = new Random(bits).GetHexString(1 << bits);
            return new[] { Corpus.Text($"{digits.Length} digits", digits), Corpus.Text($"{digits.Length} digits again", digits) };
        }),
    ];

    public static IEnumerable<string> Names => Messages.Select(message => message.Name);

    /// <summary>What our end asks for: every window in each direction, and contexts that are not kept.</summary>
    public static DeflateSettings[] Settings { get; } =
    [
        .. Enumerable.Range(9, 7).Select(bits => new DeflateSettings { ServerMaxWindowBits = bits == 15 ? null : bits }),
        .. Enumerable.Range(9, 6).Select(bits => new DeflateSettings { ClientMaxWindowBits = bits }),
        new() { ServerNoContextTakeover = true },
        new() { ClientNoContextTakeover = true },
        new() { ServerNoContextTakeover = true, ClientNoContextTakeover = true },
    ];

    /// <summary>Checks what the messages took from the client to the server, or back.</summary>
    public static void Check(IEnumerable<long> lengths, int? windowBits, bool keepsContext, string because)
    {
        var pairs = lengths.Chunk(2).ToList();
        pairs.Should().HaveCount(Messages.Length / 2, because);
        foreach (var (bits, pair) in Enumerable.Range(SmallestMessageBits, pairs.Count).Zip(pairs))
        {
            var (first, second) = (pair[0], pair[1]);
            first.Should().BeLessThan((1 << bits) * 9 / 10, "{0} digits are compressed: {1}", 1 << bits, because);
            if (!keepsContext || bits >= (windowBits ?? 15))
                second.Should().BeGreaterThan(first * 9 / 10, "{0} digits again are out of reach: {1}", 1 << bits, because);

            // A compressor does not use the last 262 bytes of its window, so that of half a window may be out of reach.
            else if (bits < (windowBits ?? 15) - 1)
                second.Should().BeLessThan(first / 2, "{0} digits again are in the context: {1}", 1 << bits, because);
        }
    }
}
