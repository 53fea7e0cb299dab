using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace WebSocketCore.Handshake;

/// <summary>
/// The header lines of a request or a response, in their order, duplicates included. Names compare without regard to ASCII case.
/// Immutable, so any number of threads may read it, and it stays valid for as long as it is referenced.
/// </summary>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "Headers is the RFC's noun, and a plural.")]
public sealed class HandshakeHeaders : IReadOnlyCollection<KeyValuePair<string, string>>
{
    // The header block as one string, of which a field is four numbers: a value that nobody asks for costs no string of its own.
    private readonly string _text;
    private readonly HeaderField[] _fields;

    /// <summary>Collects header lines, such as those that another HTTP server has parsed.</summary>
    /// <param name="headers">Names and values. White space around a value is dropped.</param>
    /// <exception cref="ArgumentException">A name is not a token, or a value holds CR, LF, NUL or another control character.</exception>
    public HandshakeHeaders(IEnumerable<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var text = new StringBuilder();
        var fields = new List<HeaderField>();
        foreach (var (name, value) in headers)
        {
            if (!HeaderGrammar.IsToken(name))
                throw new ArgumentException($"The header name \"{HttpHeadWriter.Printable(name)}\" is not a token.", nameof(headers));
            if (HeaderGrammar.HasControl(value))
                throw new ArgumentException($"The value of the header {name} holds a control character.", nameof(headers));
            var trimmed = HeaderGrammar.Trim(value);
            fields.Add(new HeaderField(text.Length, name.Length, text.Length + name.Length, trimmed.Length));
            text.Append(name).Append(trimmed);
        }
        _text = text.ToString();
        _fields = [.. fields];
    }

    internal HandshakeHeaders(string text, HeaderField[] fields)
    {
        _text = text;
        _fields = fields;
    }

    /// <summary>No header at all.</summary>
    public static HandshakeHeaders Empty { get; } = new("", []);

    /// <summary>How many header lines there are.</summary>
    public int Count => _fields.Length;

    /// <summary>How many header lines have this name.</summary>
    /// <param name="name">The name, in any case.</param>
    public int CountOf(string name)
    {
        int count = 0;
        for (int index = Find(name); index >= 0; index = Find(name, index + 1)) count++;
        return count;
    }

    /// <summary>Whether a header line has this name.</summary>
    /// <param name="name">The name, in any case.</param>
    public bool Contains(string name) => Find(name) >= 0;

    /// <summary>Gets the value of the first header line with this name.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="value">The value, each byte one character (ISO 8859-1), without the white space around it.</param>
    public bool TryGetValue(string name, [NotNullWhen(true)] out string? value)
    {
        int index = Find(name);
        value = index < 0 ? null : Value(index).ToString();
        return index >= 0;
    }

    /// <summary>Gets the values of all header lines with this name, in their order. Lists within a value are not split.</summary>
    /// <param name="name">The name, in any case.</param>
    public IReadOnlyList<string> GetValues(string name)
    {
        int index = Find(name);
        if (index < 0) return [];
        var values = new List<string>();
        for (; index >= 0; index = Find(name, index + 1)) values.Add(Value(index).ToString());
        return values;
    }

    /// <summary>Enumerates names and values in the order of the lines.</summary>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (int index = 0; index < Count; index++)
            yield return new KeyValuePair<string, string>(Name(index).ToString(), Value(index).ToString());
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The index of the first line with the name, from <paramref name="start"/> on; -1 if there is none.</summary>
    internal int Find(string name, int start = 0)
    {
        ArgumentNullException.ThrowIfNull(name);
        for (int index = start; index < Count; index++)
        {
            if (_fields[index].NameLength == name.Length && Ascii.EqualsIgnoreCase(Name(index), name)) return index;
        }
        return -1;
    }

    internal ReadOnlySpan<char> Value(int index) => _text.AsSpan(_fields[index].ValueStart, _fields[index].ValueLength);

    private ReadOnlySpan<char> Name(int index) => _text.AsSpan(_fields[index].NameStart, _fields[index].NameLength);
}

/// <summary>Where a header line's name and value stand in the text of the header block.</summary>
internal readonly record struct HeaderField(int NameStart, int NameLength, int ValueStart, int ValueLength);
