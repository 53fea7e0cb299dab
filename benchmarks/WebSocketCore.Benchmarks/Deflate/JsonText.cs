using System.Text;

namespace WebSocketCore.Benchmarks.Deflate;

/// <summary>Text as services send it: records of the same form, whose values differ.</summary>
internal static class JsonText
{
    private static readonly string[] Cities = ["Amsterdam", "Berlin", "Chicago", "Dublin", "Edinburgh", "Florence", "Geneva", "Hamburg"];

    /// <summary>Different messages of exactly this many bytes, in ASCII.</summary>
    public static byte[][] Create(int size, int count)
    {
        var random = new Random(7692);
        var messages = new byte[count][];
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder(size + 200);
            while (text.Length < size)
            {
                text.Append(System.Globalization.CultureInfo.InvariantCulture,
                    $"{{\"id\":{random.Next(1_000_000)},\"city\":\"{Cities[random.Next(Cities.Length)]}\",\"price\":{random.NextDouble() * 1000:F2},\"open\":{(random.Next(2) == 0 ? "true" : "false")}}},");
            }
            messages[i] = Encoding.ASCII.GetBytes(text.ToString(0, size));
        }
        return messages;
    }
}
