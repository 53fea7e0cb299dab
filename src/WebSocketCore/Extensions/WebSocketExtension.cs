using WebSocketCore.Frames;

namespace WebSocketCore;

/// <summary>
/// An extension that the opening handshake can negotiate (RFC 6455, section 9): its name, the reserved bits that it claims, and the judgement of offers and
/// responses. What then happens to messages is a <see cref="NegotiatedExtension"/>'s. Immutable: one instance serves any number of connections at once.
/// </summary>
/// <remarks>
/// An extension turns the payload of messages into another payload, and back; it neither sees nor makes frames. The limits on received messages
/// apply to what comes out of it, whatever it does.
/// </remarks>
public abstract class WebSocketExtension
{
    /// <summary>Names the extension.</summary>
    /// <param name="name">Its registered name, a token (RFC 9110, section 5.6.2); compared exactly.</param>
    /// <param name="reservedBits">The bits that it may set on the first frame of a message. Of two extensions that claim the same bit, at most one is
    /// agreed on.</param>
    protected WebSocketExtension(string name, ReservedBits reservedBits)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        ReservedBits = reservedBits;
    }

    /// <summary>The registered name, as it stands in Sec-WebSocket-Extensions.</summary>
    public string Name { get; }

    /// <summary>The reserved bits that the extension claims on the first frame of a message.</summary>
    public ReservedBits ReservedBits { get; }

    /// <summary>On a client: what to offer, the most wanted first. Empty: the extension is not offered.</summary>
    public abstract IReadOnlyList<ExtensionParameters> CreateOffers();

    /// <summary>On a server: judges an offer. A client may make several; they come in its order, until one is accepted.</summary>
    /// <param name="offer">The parameters of the offer. They are well formed, which is all that is known of them.</param>
    /// <returns>What is agreed on; null declines the offer.</returns>
    public abstract NegotiatedExtension? Accept(ExtensionParameters offer);

    /// <summary>On a client: judges what the server has agreed to.</summary>
    /// <param name="response">The parameters of the response. They are well formed, which is all that is known of them.</param>
    /// <returns>What is agreed on; null where the response does not fit what was offered, which fails the connection (RFC 6455, section 9.1).</returns>
    public abstract NegotiatedExtension? Confirm(ExtensionParameters response);
}
