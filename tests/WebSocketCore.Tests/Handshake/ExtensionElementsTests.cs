using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class ExtensionElementsTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("a,b", true)]
    [InlineData(" a ;b ; c = d\t,\te;f=\"g\" ", true)]
    [InlineData("a; b=\"\\c\"", true)]
    [InlineData("permessage-deflate; server_no_context_takeover; client_max_window_bits=15, permessage-deflate", true)]
    [InlineData("", false)]
    [InlineData(" ", false)]
    [InlineData(",", false)]
    [InlineData("a,", false)]
    [InlineData(",a", false)]
    [InlineData("a,,b", false)]
    [InlineData("a;", false)]
    [InlineData("a;;b", false)]
    [InlineData("a; =1", false)]
    [InlineData("a; b=", false)]
    [InlineData("a; b=\"", false)]
    [InlineData("a; b=\"\"", false)]
    [InlineData("a; b=\"c", false)]
    [InlineData("a; b=\"c\\", false)]
    [InlineData("a; b=\"c\\\"", false)]
    [InlineData("a; b=\"c d\"", false)]
    [InlineData("a; b=\"c\"d", false)]
    [InlineData("a b", false)]
    [InlineData("a=b", false)]
    [InlineData("\"x\"", false)]
    public void Lists(string text, bool isValid)
    {
        Read(text, out var isMalformed);
        isMalformed.Should().Be(!isValid);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData(" a ;b ; c = d\t,\te;f=\"g\" ", "a; b; c=d | e; f=g")]
    [InlineData("a; b=\"\\c\\d1\"; b; b=1, a", "a; b=cd1; b; b=1 | a")]
    [InlineData("permessage-deflate; client_max_window_bits, permessage-deflate", "permessage-deflate; client_max_window_bits | permessage-deflate")]
    [InlineData("a; b, c; d=", "a; b")]
    public void Elements_with_their_parameters(string text, string elements) => string.Join(" | ", Read(text, out _)).Should().Be(elements);

    [Fact]
    public void A_value_that_is_there_and_one_that_is_not()
    {
        var elements = new ExtensionElements("a; b; c=\"d\"");
        elements.MoveNext().Should().BeTrue();
        elements.ReadParameters().Should().Equal(KeyValuePair.Create<string, string?>("b", null), KeyValuePair.Create<string, string?>("c", "d"));
    }

    // What parses comes out as it would go in, and parses to the same again; the rest is refused, and nothing throws.
    [Fact]
    public void Random_text_is_refused_or_survives_a_round_trip()
    {
        const string alphabet = "aB1;;,,== \"\\\t-_(";
        var random = new Random(11);
        var valid = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(24)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            var elements = Read(text, out var isMalformed);
            if (isMalformed) continue;
            valid++;
            Read(string.Join(",", elements), out isMalformed).Should().Equal(elements);
            isMalformed.Should().BeFalse();
        }
        valid.Should().BeGreaterThan(500);
    }

    [Fact]
    public void A_list_of_strangers_costs_no_memory()
    {
        var text = string.Concat(Enumerable.Repeat("x;y=\"z\",", 1500)) + "x";
        Count(text).Should().Be(1501);
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Count(text);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        least.Should().Be(0);

        static int Count(string text)
        {
            var count = 0;
            var elements = new ExtensionElements(text);
            while (elements.MoveNext()) count++;
            return count;
        }
    }

    private static List<string> Read(string text, out bool isMalformed)
    {
        var read = new List<string>();
        var elements = new ExtensionElements(text);
        while (elements.MoveNext())
        {
            var parameters = elements.ReadParameters();
            read.Add(parameters.Count == 0 ? elements.Name.ToString() : $"{elements.Name}; {parameters}");
        }
        isMalformed = elements.IsMalformed;
        return read;
    }
}
