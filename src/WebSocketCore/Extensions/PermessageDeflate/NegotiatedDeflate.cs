using System.Buffers;

namespace WebSocketCore.Extensions;

/// <summary>permessage-deflate as it was agreed on for a connection.</summary>
internal sealed class NegotiatedDeflate(PermessageDeflate extension, WebSocketRole role, in DeflateParameters parameters, ExtensionParameters response)
    : NegotiatedExtension(extension, response)
{
    private readonly DeflateParameters _agreed = parameters;

    public DeflateParameters Agreed => _agreed;

    // What was compressed by itself, with no larger window, can be decompressed whatever came before.
    public override object? PreparationKey => Settings;

    private DeflateSettings Settings => extension.Settings(role == WebSocketRole.Server ? _agreed.ServerMaxWindowBits : _agreed.ClientMaxWindowBits);

    public override MessageEncoder CreatePreparingEncoder(ArrayPool<byte> pool) => new DeflateEncoder(Settings, keepsContext: false);

    public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) =>
        new DeflateEncoder(Settings, keepsContext: role == WebSocketRole.Server ? !_agreed.ServerNoContextTakeover : !_agreed.ClientNoContextTakeover);

    public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => role == WebSocketRole.Server
        ? new DeflateDecoder(_agreed.ClientMaxWindowBits, keepsContext: !_agreed.ClientNoContextTakeover)
        : new DeflateDecoder(_agreed.ServerMaxWindowBits, keepsContext: !_agreed.ServerNoContextTakeover);
}
