namespace WebSocketCore.Handshake;

/// <summary>
/// The elements of a Sec-WebSocket-Extensions header line (RFC 6455, section 9.1): <c>1#( token *( ";" token [ "=" ( token | quoted-string ) ] ) )</c>, where a
/// quoted value is a token once it is unquoted. Linear: every character is looked at once, and once more where the parameters are wanted.
/// </summary>
internal ref struct ExtensionElements(ReadOnlySpan<char> text)
{
    private ReadOnlySpan<char> _rest = text;
    private ReadOnlySpan<char> _parameters;
    private int _parameterCount;
    private bool _hasBegun;

    /// <summary>The name of the element.</summary>
    public ReadOnlySpan<char> Name { get; private set; }

    /// <summary>Whether the line breaks the grammar behind the elements so far.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>False at the end, or where the grammar is broken.</summary>
    public bool MoveNext()
    {
        if (IsMalformed || (_hasBegun && _rest.IsEmpty)) return false;
        IsMalformed = (_hasBegun && !TakeDelimiter(ref _rest, ',')) || !TryTakeElement();
        _hasBegun = true;
        return !IsMalformed;
    }

    /// <summary>The parameters of the element.</summary>
    public readonly ExtensionParameters ReadParameters()
    {
        if (_parameterCount == 0) return ExtensionParameters.None;
        var parameters = new KeyValuePair<string, string?>[_parameterCount];
        var rest = _parameters;
        for (var i = 0; i < parameters.Length; i++)
        {
            TryTakeParameter(ref rest, out var name, out var value, out var hasValue);
            parameters[i] = new(name.ToString(), hasValue ? Unquote(value) : null);
        }
        return new ExtensionParameters(parameters);
    }

    private bool TryTakeElement()
    {
        var rest = _rest;
        if (!TryTakeToken(ref rest, out var name)) return false;
        Name = name;
        _parameters = rest;
        for (_parameterCount = 0; rest.StartsWith(';'); _parameterCount++)
        {
            if (!TryTakeParameter(ref rest, out _, out _, out _)) return false;
        }
        _rest = rest;
        return true;
    }

    private static bool TryTakeParameter(
        scoped ref ReadOnlySpan<char> text, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value, out bool hasValue)
    {
        value = default;
        hasValue = false;
        TakeDelimiter(ref text, ';');
        if (!TryTakeToken(ref text, out name)) return false;
        hasValue = TakeDelimiter(ref text, '=');
        return !hasValue || TryTakeToken(ref text, out value) || TryTakeQuotedToken(ref text, out value);
    }

    private static bool TryTakeToken(scoped ref ReadOnlySpan<char> text, out ReadOnlySpan<char> token)
    {
        text = HeaderGrammar.TrimStart(text);
        token = text[..HeaderGrammar.TokenLength(text)];
        text = HeaderGrammar.TrimStart(text[token.Length..]);
        return !token.IsEmpty;
    }

    private static bool TakeDelimiter(scoped ref ReadOnlySpan<char> text, char delimiter)
    {
        if (!text.StartsWith(delimiter)) return false;
        text = HeaderGrammar.TrimStart(text[1..]);
        return true;
    }

    /// <summary>Takes a quoted string, whose quotes and quoted pairs stay in the value.</summary>
    private static bool TryTakeQuotedToken(scoped ref ReadOnlySpan<char> text, out ReadOnlySpan<char> value)
    {
        value = default;
        if (!text.StartsWith('"')) return false;
        var next = 1;
        while (next < text.Length && text[next] != '"')
        {
            // RFC 9110 5.6.4: quoted-pair = "\" and the character that is meant.
            if (text[next] == '\\') next++;
            if (next == text.Length || !HeaderGrammar.IsToken(text.Slice(next, 1))) return false;
            next++;
        }
        if (next == 1 || next >= text.Length) return false;
        value = text[..(next + 1)];
        text = HeaderGrammar.TrimStart(text[(next + 1)..]);
        return true;
    }

    // Neither a quote nor a backslash is a token's character.
    private static string Unquote(ReadOnlySpan<char> value) =>
        value.StartsWith('"') ? value.ToString().Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal) : value.ToString();
}
