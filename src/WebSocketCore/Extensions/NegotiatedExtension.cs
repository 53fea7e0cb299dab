using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore;

/// <summary>What both ends have agreed on about an extension (RFC 6455, section 9.1): for one connection, the maker of what transforms its messages.</summary>
public abstract class NegotiatedExtension
{
    /// <summary>Creates what was agreed on.</summary>
    /// <param name="extension">The extension.</param>
    /// <param name="parameters">The parameters of the response.</param>
    protected NegotiatedExtension(WebSocketExtension extension, ExtensionParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(extension);
        ArgumentNullException.ThrowIfNull(parameters);
        Name = extension.Name;
        ReservedBits = extension.ReservedBits;
        Parameters = parameters;
    }

    /// <summary>The registered name of the extension.</summary>
    public string Name { get; }

    /// <summary>The reserved bits that the extension claims on the first frame of a message.</summary>
    public ReservedBits ReservedBits { get; }

    /// <summary>The parameters of the response.</summary>
    public ExtensionParameters Parameters { get; }

    /// <summary>
    /// Names how prepared messages are encoded: on every connection with an equal key they can be decoded, whatever came before. Null, the default: messages
    /// cannot be encoded once for several connections, and are encoded for each.
    /// </summary>
    public virtual object? PreparationKey => null;

    /// <summary>Makes the encoder of one message for all connections with an equal <see cref="PreparationKey"/>.</summary>
    /// <param name="pool">Where it takes its buffers from.</param>
    /// <exception cref="NotSupportedException">There is no key.</exception>
    public virtual MessageEncoder CreatePreparingEncoder(ArrayPool<byte> pool) => throw new NotSupportedException($"{Name} does not prepare messages.");

    /// <summary>Makes what encodes the messages that the connection sends.</summary>
    /// <param name="pool">Where it takes its buffers from.</param>
    public abstract MessageEncoder CreateEncoder(ArrayPool<byte> pool);

    /// <summary>Makes what decodes the messages that the connection receives.</summary>
    /// <param name="pool">Where it takes its buffers from.</param>
    public abstract MessageDecoder CreateDecoder(ArrayPool<byte> pool);

    /// <summary>The name and the parameters as they stand in Sec-WebSocket-Extensions.</summary>
    public override string ToString() => Parameters.Count == 0 ? Name : $"{Name}; {Parameters}";
}
