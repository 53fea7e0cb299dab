using System.Globalization;
using System.Text.Json.Serialization;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>What one end is told of permessage-deflate, or what both have agreed on. A window that is not set has 15 bits.</summary>
/// <remarks>A script gets only what is set: to some peers a false says that they must not take a true from the other end.</remarks>
internal sealed record DeflateSettings
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ServerNoContextTakeover { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ClientNoContextTakeover { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int? ServerMaxWindowBits { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int? ClientMaxWindowBits { get; init; }

    /// <summary>Shorter messages are left as they are, by an end that can be told so; it is not negotiated.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Threshold { get; init; }

    /// <summary>Reads a response as it stands in Sec-WebSocket-Extensions. Some servers tell a window of 15 bits, which goes without saying.</summary>
    public static DeflateSettings Parse(string? response)
    {
        response.Should().NotBeNullOrEmpty("the extension is agreed on");
        var settings = new DeflateSettings();
        var parameters = response!.Split(';', StringSplitOptions.TrimEntries);
        parameters[0].Should().Be("permessage-deflate");
        foreach (var parameter in parameters[1..])
        {
            settings = parameter.Split('=') switch
            {
                ["server_no_context_takeover"] => settings with { ServerNoContextTakeover = true },
                ["client_no_context_takeover"] => settings with { ClientNoContextTakeover = true },
                ["server_max_window_bits", var bits] => settings with { ServerMaxWindowBits = WindowBits(bits) },
                ["client_max_window_bits", var bits] => settings with { ClientMaxWindowBits = WindowBits(bits) },
                _ => throw new FormatException(response),
            };
        }
        return settings;
    }

    /// <summary>What comes of these settings on one end and those on the other.</summary>
    public DeflateSettings With(DeflateSettings other) => new()
    {
        ServerNoContextTakeover = ServerNoContextTakeover || other.ServerNoContextTakeover,
        ClientNoContextTakeover = ClientNoContextTakeover || other.ClientNoContextTakeover,
        ServerMaxWindowBits = Smaller(ServerMaxWindowBits, other.ServerMaxWindowBits),
        ClientMaxWindowBits = Smaller(ClientMaxWindowBits, other.ClientMaxWindowBits),
    };

    public PermessageDeflate ToExtension() => new()
    {
        ServerNoContextTakeover = ServerNoContextTakeover,
        ClientNoContextTakeover = ClientNoContextTakeover,
        ServerMaxWindowBits = ServerMaxWindowBits ?? 15,
        ClientMaxWindowBits = ClientMaxWindowBits ?? 15,
    };

    private static int? WindowBits(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is var bits and not 15 ? bits : null;

    private static int? Smaller(int? one, int? other) => Math.Min(one ?? 15, other ?? 15) is var bits and not 15 ? bits : null;
}
