using System.Text;

namespace WebSocketCore.Benchmarks;

/// <summary>What a text is written in.</summary>
public enum Script
{
    /// <summary>English.</summary>
    Ascii,

    /// <summary>German: a few letters of two bytes.</summary>
    Latin,

    /// <summary>Chinese: three bytes almost everywhere.</summary>
    Chinese,

    /// <summary>Words and signs of one to four bytes.</summary>
    Mixed,

    /// <summary>Four bytes everywhere.</summary>
    Emoji,
}

/// <summary>Text to measure with.</summary>
public static class SampleText
{
    /// <summary>Repeats a sentence up to a number of bytes; what does not hold a whole character is filled up with spaces.</summary>
    public static byte[] Create(Script script, int size)
    {
        byte[] sentence = Encoding.UTF8.GetBytes(script switch
        {
            Script.Ascii => "Sphinx of black quartz, judge my vow. ",
            Script.Latin => "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ",
            Script.Chinese => "今天天气很好，我们一起去公园散步吧。",
            Script.Mixed => "Grüße, κόσμε! Привет, 世界 \U0001F600 and so on. ",
            _ => "\U0001F600\U0001F680\U0001F308\U0001F40D",
        });

        byte[] text = new byte[size];
        text.AsSpan().Fill((byte)' ');
        for (int written = 0; written < size; written += sentence.Length)
        {
            int length = Math.Min(sentence.Length, size - written);
            while (length < sentence.Length && length > 0 && (sentence[length] & 0xC0) == 0x80) length--;
            sentence.AsSpan(0, length).CopyTo(text.AsSpan(written));
        }

        return text;
    }
}
