using System.IO.Compression;
using System.Runtime.CompilerServices;
using WebSocketCore.Extensions;
using WebSocketCore.Frames;

namespace WebSocketCore;

/// <summary>
/// The permessage-deflate extension (RFC 7692): messages are compressed. Whatever window sizes and context takeover the peer asks for are kept to.
/// </summary>
/// <remarks>
/// <para>Memory. A connection that keeps contexts holds a compressor of about 300 KiB for what it sends (less with a smaller window), until it has sent nothing for a
/// <see cref="WebSocketConnectionOptions.KeepAliveInterval"/> or two, and a decompressor of about 40 KiB for what it receives, until it ends. Without context
/// takeover both are held while a message is under way, and nothing in between. The memory is native.</para>
/// <para>Security. Where a secret and text that an attacker chooses are compressed together, the length of what goes over the wire tells about the secret, also
/// through TLS (the attacks CRIME and BREACH). Send such messages with <see cref="MessageOptions.DisableCompression"/>.</para>
/// <para>Compression is done by the zlib of the .NET runtime. Where a runtime has none that fits, <see cref="IsSupported"/> is false, the extension is neither offered
/// nor accepted, and messages go uncompressed.</para>
/// </remarks>
public sealed class PermessageDeflate : WebSocketExtension
{
    private readonly DeflateSettings?[] _settings = new DeflateSettings[DeflateParameters.LargestWindowBits + 1];

    /// <summary>Creates the extension with the defaults: the largest windows, and contexts are kept.</summary>
    public PermessageDeflate()
        : base("permessage-deflate", ReservedBits.Rsv1)
    {
    }

    /// <summary>Whether this runtime can compress as the extension asks for.</summary>
    public static bool IsSupported => Zlib.IsSupported;

    /// <summary>
    /// The base-2 logarithm of the largest window, in bytes, with which the server compresses: 9 to 15. On a client it is asked of the server, which compresses
    /// with at most that. Default: 15, 32 KiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not from 9 to 15.</exception>
    public int ServerMaxWindowBits
    {
        get;
        init => field = CheckedWindowBits(value);
    } = DeflateParameters.LargestWindowBits;

    /// <summary>
    /// The base-2 logarithm of the largest window, in bytes, with which the client compresses: 9 to 15. On a server it is asked of clients that can be asked,
    /// which compress with at most that. Default: 15, 32 KiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not from 9 to 15.</exception>
    public int ClientMaxWindowBits
    {
        get;
        init => field = CheckedWindowBits(value);
    } = DeflateParameters.LargestWindowBits;

    /// <summary>Whether the server compresses every message by itself. It saves memory on both ends and costs compression. Default: false.</summary>
    public bool ServerNoContextTakeover { get; init; }

    /// <summary>Whether the client compresses every message by itself. It saves memory on both ends and costs compression. Default: false.</summary>
    public bool ClientNoContextTakeover { get; init; }

    /// <summary>How much effort this end puts into compressing. Default: <see cref="CompressionLevel.Optimal"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Undefined.</exception>
    public CompressionLevel Level
    {
        get;
        init
        {
            if (!Enum.IsDefined(value)) throw new ArgumentOutOfRangeException(nameof(Level), value, "Not a compression level.");
            field = value;
        }
    } = CompressionLevel.Optimal;

    /// <summary>Messages with fewer bytes are sent as they are. Default: 64. It has no effect on messages whose length is not known when they begin.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public int Threshold
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 64;

    /// <inheritdoc/>
    public override IReadOnlyList<ExtensionParameters> CreateOffers() => IsSupported ? [DeflateParameters.Offer(this)] : [];

    /// <inheritdoc/>
    public override NegotiatedExtension? Accept(ExtensionParameters offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        return IsSupported && DeflateParameters.TryAccept(this, offer, out var agreed, out var response)
            ? new NegotiatedDeflate(this, WebSocketRole.Server, agreed, response)
            : null;
    }

    /// <inheritdoc/>
    public override NegotiatedExtension? Confirm(ExtensionParameters response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return DeflateParameters.TryConfirm(this, response, out var agreed) ? new NegotiatedDeflate(this, WebSocketRole.Client, agreed, response) : null;
    }

    /// <summary>How messages are compressed with a window; the same object every time, or an equal one.</summary>
    internal DeflateSettings Settings(int windowBits) => _settings[windowBits] ??= new DeflateSettings(windowBits, Level switch
    {
        CompressionLevel.NoCompression => 0,
        CompressionLevel.Fastest => 1,
        CompressionLevel.Optimal => 6,
        _ => 9,
    }, Threshold);

    private static int CheckedWindowBits(int value, [CallerMemberName] string name = "")
    {
        if (value is < DeflateParameters.SmallestWindowBits + 1 or > DeflateParameters.LargestWindowBits)
            throw new ArgumentOutOfRangeException(name, value, "A window has from 9 to 15 bits.");
        return value;
    }
}

/// <summary>How messages are compressed.</summary>
/// <param name="WindowBits">The base-2 logarithm of the window's size in bytes.</param>
/// <param name="Level">zlib's level, 0 to 9.</param>
/// <param name="Threshold">Messages with fewer bytes are not.</param>
internal sealed record DeflateSettings(int WindowBits, int Level, int Threshold);
