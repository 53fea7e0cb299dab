using System.Globalization;

namespace WebSocketCore.Extensions;

/// <summary>The parameters of permessage-deflate, and their negotiation (RFC 7692, section 7.1).</summary>
/// <param name="ServerNoContextTakeover">The server's messages do not refer to those before (7.1.1.1).</param>
/// <param name="ClientNoContextTakeover">The client's messages do not refer to those before (7.1.1.2).</param>
/// <param name="ServerMaxWindowBits">The base-2 logarithm of the server's window (7.1.2.1).</param>
/// <param name="ClientMaxWindowBits">The base-2 logarithm of the client's window (7.1.2.2).</param>
internal readonly record struct DeflateParameters(
    bool ServerNoContextTakeover, bool ClientNoContextTakeover, int ServerMaxWindowBits, int ClientMaxWindowBits)
{
    public const int SmallestWindowBits = 8;
    public const int LargestWindowBits = 15;

    private const string ServerNoContextTakeoverName = "server_no_context_takeover";
    private const string ClientNoContextTakeoverName = "client_no_context_takeover";
    private const string ServerMaxWindowBitsName = "server_max_window_bits";
    private const string ClientMaxWindowBitsName = "client_max_window_bits";

    /// <summary>What a client offers.</summary>
    public static ExtensionParameters Offer(PermessageDeflate options)
    {
        var offer = new List<KeyValuePair<string, string?>>();
        AddFlag(offer, ServerNoContextTakeoverName, options.ServerNoContextTakeover);
        AddFlag(offer, ClientNoContextTakeoverName, options.ClientNoContextTakeover);
        AddWindowBits(offer, ServerMaxWindowBitsName, options.ServerMaxWindowBits);
        AddWindowBits(offer, ClientMaxWindowBitsName, options.ClientMaxWindowBits);

        // 7.1.2.2: without a value it says that the server may ask for a window.
        if (options.ClientMaxWindowBits == LargestWindowBits) AddFlag(offer, ClientMaxWindowBitsName, true);
        return new ExtensionParameters(offer);
    }

    /// <summary>Whether a server takes an offer, on what both then agree, and how it is answered.</summary>
    public static bool TryAccept(PermessageDeflate options, ExtensionParameters offer, out DeflateParameters agreed, out ExtensionParameters response)
    {
        agreed = default;
        response = ExtensionParameters.None;
        if (!TryRead(offer, out var read)) return false;
        agreed = new DeflateParameters(
            read.ServerNoContextTakeover || options.ServerNoContextTakeover,
            read.ClientNoContextTakeover || options.ClientNoContextTakeover,
            Math.Min(read.ServerMaxWindowBits ?? LargestWindowBits, options.ServerMaxWindowBits),
            // 7.1.2.2: a client that did not offer the parameter MUST NOT be answered with it.
            read.HasClientMaxWindowBits ? Math.Min(read.ClientMaxWindowBits ?? LargestWindowBits, options.ClientMaxWindowBits) : LargestWindowBits);

        var answer = new List<KeyValuePair<string, string?>>();
        AddFlag(answer, ServerNoContextTakeoverName, agreed.ServerNoContextTakeover);
        AddFlag(answer, ClientNoContextTakeoverName, agreed.ClientNoContextTakeover);
        // 7.1.2.1: the parameter is accepted "by including" it, "with the same or smaller value as the offer".
        AddWindowBits(answer, ServerMaxWindowBitsName, agreed.ServerMaxWindowBits, always: read.ServerMaxWindowBits is not null);
        AddWindowBits(answer, ClientMaxWindowBitsName, agreed.ClientMaxWindowBits);
        if (answer.Count != 0) response = new ExtensionParameters(answer);
        return true;
    }

    /// <summary>Whether a response fits what the client offered, and on what both then agree.</summary>
    public static bool TryConfirm(PermessageDeflate options, ExtensionParameters response, out DeflateParameters agreed)
    {
        agreed = default;
        if (!TryRead(response, out var read)) return false;

        // 7.1.1.1, 7.1.2.1: what the client asked of the server is accepted by being answered, or the offer is declined.
        if (options.ServerNoContextTakeover && !read.ServerNoContextTakeover) return false;
        if ((read.ServerMaxWindowBits ?? LargestWindowBits) > options.ServerMaxWindowBits) return false;

        // 7.1.2.2: in a response it has a value, not above the one of the offer.
        if (read.HasClientMaxWindowBits && (read.ClientMaxWindowBits ?? int.MaxValue) > options.ClientMaxWindowBits) return false;

        // What a client said that it would do by itself holds, answered or not.
        agreed = new DeflateParameters(
            read.ServerNoContextTakeover,
            read.ClientNoContextTakeover || options.ClientNoContextTakeover,
            read.ServerMaxWindowBits ?? LargestWindowBits,
            Math.Min(read.ClientMaxWindowBits ?? LargestWindowBits, options.ClientMaxWindowBits));
        return true;
    }

    // 7.1: a parameter that is unknown, has an invalid value, or stands there twice makes the offer one to decline and the response one to fail for.
    private static bool TryRead(ExtensionParameters parameters, out Read read)
    {
        read = default;
        foreach (var (name, value) in parameters)
        {
            var isNew = name switch
            {
                ServerNoContextTakeoverName => value is null && !read.ServerNoContextTakeover,
                ClientNoContextTakeoverName => value is null && !read.ClientNoContextTakeover,
                ServerMaxWindowBitsName => read.ServerMaxWindowBits is null,
                ClientMaxWindowBitsName => !read.HasClientMaxWindowBits,
                _ => false,
            };
            var windowBits = 0;
            var needsWindowBits = name == ServerMaxWindowBitsName || (name == ClientMaxWindowBitsName && value is not null);
            if (!isNew || (needsWindowBits && !TryReadWindowBits(value, out windowBits))) return false;
            read = name switch
            {
                ServerNoContextTakeoverName => read with { ServerNoContextTakeover = true },
                ClientNoContextTakeoverName => read with { ClientNoContextTakeover = true },
                ServerMaxWindowBitsName => read with { ServerMaxWindowBits = windowBits },
                _ => read with { HasClientMaxWindowBits = true, ClientMaxWindowBits = value is null ? null : windowBits },
            };
        }
        return true;
    }

    // 7.1.2: "a decimal integer value without leading zeroes between 8 to 15 inclusive".
    private static bool TryReadWindowBits(string? value, out int windowBits) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out windowBits)
        && value[0] != '0' && windowBits is >= SmallestWindowBits and <= LargestWindowBits;

    private static void AddFlag(List<KeyValuePair<string, string?>> parameters, string name, bool isSet)
    {
        if (isSet) parameters.Add(new(name, null));
    }

    private static void AddWindowBits(List<KeyValuePair<string, string?>> parameters, string name, int windowBits, bool always = false)
    {
        if (always || windowBits != LargestWindowBits) parameters.Add(new(name, windowBits.ToString(CultureInfo.InvariantCulture)));
    }

    private readonly record struct Read(
        bool ServerNoContextTakeover, bool ClientNoContextTakeover, int? ServerMaxWindowBits, bool HasClientMaxWindowBits, int? ClientMaxWindowBits);
}
