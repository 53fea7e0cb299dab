using System.Buffers;
using System.Text;

namespace WebSocketCore.Handshake;

/// <summary>Writes start lines and header lines. What the application supplies is judged before the first byte is written.</summary>
internal static class HttpHeadWriter
{
    /// <summary>Takes the application's headers after judging each of them.</summary>
    /// <param name="headers">Names and values; null is none.</param>
    /// <param name="reserved">Names that the handshake writes itself, besides all that begin with Sec-WebSocket-.</param>
    /// <exception cref="ArgumentException">
    /// A name is not a token or is reserved, or a value holds CR, LF, NUL, another control character or a character beyond ISO 8859-1.
    /// </exception>
    public static KeyValuePair<string, string>[] Validate(IEnumerable<KeyValuePair<string, string>>? headers, ReadOnlySpan<string> reserved)
    {
        if (headers is null) return [];
        KeyValuePair<string, string>[] fields = [.. headers];
        foreach (var (name, value) in fields)
        {
            if (!HeaderGrammar.IsToken(name)) throw new ArgumentException($"The header name \"{Printable(name)}\" is not a token.", nameof(headers));
            if (IsReserved(name, reserved)) throw new ArgumentException($"The header {name} is written by the handshake itself.", nameof(headers));
            if (HeaderGrammar.HasControl(value) || value.AsSpan().ContainsAnyExceptInRange('\0', '\u00FF'))
                throw new ArgumentException($"The value of the header {name} holds a control character or one beyond ISO 8859-1.", nameof(headers));
        }
        return fields;
    }

    /// <summary>An element of Sec-WebSocket-Extensions (RFC 6455, section 9.1).</summary>
    /// <exception cref="ArgumentException">The name, or the name or value of a parameter, is not a token.</exception>
    public static string ExtensionElement(string name, ExtensionParameters parameters)
    {
        if (!HeaderGrammar.IsToken(name)) throw new ArgumentException($"The extension name \"{Printable(name)}\" is not a token.", nameof(name));
        foreach (var (parameter, value) in parameters)
        {
            if (!HeaderGrammar.IsToken(parameter) || (value is not null && !HeaderGrammar.IsToken(value)))
                throw new ArgumentException($"A parameter of the extension {name} is not a token: \"{Printable(parameter)}={Printable(value)}\".", nameof(parameters));
        }
        return parameters.Count == 0 ? name : $"{name}; {parameters}";
    }

    /// <summary>Writes ASCII or ISO 8859-1 text.</summary>
    public static void Write(this IBufferWriter<byte> output, ReadOnlySpan<char> text) => Encoding.Latin1.GetBytes(text, output);

    /// <summary>Writes a header line.</summary>
    public static void WriteField(this IBufferWriter<byte> output, ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        output.Write(name);
        output.Write(": "u8);
        output.Write(value);
        output.Write("\r\n"u8);
    }

    /// <summary>Writes the application's header lines and the blank line.</summary>
    public static void WriteEnd(this IBufferWriter<byte> output, ReadOnlySpan<KeyValuePair<string, string>> fields)
    {
        foreach (var (name, value) in fields) output.WriteField(name, value);
        output.Write("\r\n"u8);
    }

    /// <summary>The text with all but printable ASCII replaced, for the message of an exception.</summary>
    public static string Printable(string? text) => string.Create(text?.Length ?? 0, text ?? "", (target, source) =>
    {
        for (int i = 0; i < target.Length; i++) target[i] = source[i] is >= ' ' and <= '~' ? source[i] : '?';
    });

    private static bool IsReserved(string name, ReadOnlySpan<string> reserved)
    {
        if (name.StartsWith(HeaderNames.SecWebSocketPrefix, StringComparison.OrdinalIgnoreCase)) return true;
        foreach (string other in reserved)
        {
            if (Ascii.EqualsIgnoreCase(name, other)) return true;
        }
        return false;
    }
}
