using WebSocketCore.Frames;

namespace WebSocketCore.Extensions;

/// <summary>What one handshake agrees on, extension by extension (RFC 6455, section 9.1).</summary>
/// <param name="extensions">The extensions that this end has.</param>
internal sealed class ExtensionNegotiator(IReadOnlyList<WebSocketExtension> extensions)
{
    private readonly List<NegotiatedExtension> _agreed = [];
    private ReservedBits _claimed;

    /// <summary>What has been agreed on, in order.</summary>
    public IReadOnlyList<NegotiatedExtension> Agreed => _agreed.Count == 0 ? [] : _agreed;

    /// <summary>The extension of that name; null where there is none.</summary>
    public WebSocketExtension? Find(ReadOnlySpan<char> name)
    {
        foreach (var extension in extensions)
        {
            if (name.SequenceEqual(extension.Name)) return extension;
        }
        return null;
    }

    /// <summary>Whether extensions can be in use together.</summary>
    public static bool GoTogether(IReadOnlyList<NegotiatedExtension> extensions)
    {
        var negotiator = new ExtensionNegotiator([]);
        foreach (var extension in extensions)
        {
            if (!negotiator.IsFree(extension.Name, extension.ReservedBits)) return false;
            negotiator.Agree(extension);
        }
        return true;
    }

    /// <summary>Whether the extension can be agreed on besides those that are: each once, and no bit for two.</summary>
    public bool IsFree(WebSocketExtension extension) => IsFree(extension.Name, extension.ReservedBits);

    /// <summary>Agrees, unless there is nothing to agree on.</summary>
    public bool Agree(NegotiatedExtension? agreement)
    {
        if (agreement is null) return false;
        _agreed.Add(agreement);
        _claimed |= agreement.ReservedBits;
        return true;
    }

    private bool IsFree(string name, ReservedBits reservedBits)
    {
        if ((_claimed & reservedBits) != 0) return false;
        foreach (var agreed in _agreed)
        {
            if (agreed.Name == name) return false;
        }
        return true;
    }
}
