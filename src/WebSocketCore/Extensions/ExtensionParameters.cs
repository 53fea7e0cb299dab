using System.Collections;

namespace WebSocketCore;

/// <summary>The parameters of one offer or response in Sec-WebSocket-Extensions, in order; names may repeat (RFC 6455, section 9.1). Immutable.</summary>
public sealed class ExtensionParameters : IReadOnlyList<KeyValuePair<string, string?>>
{
    private readonly KeyValuePair<string, string?>[] _parameters;

    /// <summary>Creates a list.</summary>
    /// <param name="parameters">Names, which are tokens, and values: tokens, or null for a parameter without one. What is no token is refused when it is to be
    /// written.</param>
    public ExtensionParameters(params IEnumerable<KeyValuePair<string, string?>> parameters) => _parameters = [.. parameters];

    /// <summary>No parameters.</summary>
    public static ExtensionParameters None { get; } = new();

    /// <summary>The number of parameters.</summary>
    public int Count => _parameters.Length;

    /// <summary>The name and the value, unquoted, of a parameter; the value is null where there is none.</summary>
    /// <param name="index">Which, from 0.</param>
    public KeyValuePair<string, string?> this[int index] => _parameters[index];

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string?>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, string?>>)_parameters).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The parameters as they stand in the header.</summary>
    public override string ToString() =>
        string.Join("; ", _parameters.Select(parameter => parameter.Value is null ? parameter.Key : $"{parameter.Key}={parameter.Value}"));
}
