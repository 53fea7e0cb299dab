using WebSocketCore.Extensions;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Extensions;

/// <summary>The negotiation of permessage-deflate (RFC 7692, section 7.1), both roles.</summary>
public class DeflateParametersTests
{
    // Options: s and c for no context takeover of server and client, S and C with a window.
    public static TheoryData<string, string, string?> Offers => new()
    {
        // What browsers offer.
        { "", "client_max_window_bits", "" },
        { "", "", "" },

        { "", "server_no_context_takeover", "server_no_context_takeover" },
        { "", "client_no_context_takeover", "client_no_context_takeover" },
        { "", "client_no_context_takeover; server_no_context_takeover", "server_no_context_takeover; client_no_context_takeover" },
        { "", "server_max_window_bits=10", "server_max_window_bits=10" },
        { "", "server_max_window_bits=15", "server_max_window_bits=15" },
        { "", "server_max_window_bits=8", "server_max_window_bits=8" },
        { "", "client_max_window_bits=15", "" },
        { "", "client_max_window_bits=12", "client_max_window_bits=12" },
        { "", "client_max_window_bits=8", "client_max_window_bits=8" },
        { "", "server_max_window_bits=\"1\\0\"; client_max_window_bits=\"9\"", "server_max_window_bits=10; client_max_window_bits=9" },

        // What the server wants besides.
        { "s", "", "server_no_context_takeover" },
        { "c", "", "client_no_context_takeover" },
        { "sc", "server_no_context_takeover", "server_no_context_takeover; client_no_context_takeover" },
        { "S10", "", "server_max_window_bits=10" },
        { "S10", "server_max_window_bits=12", "server_max_window_bits=10" },
        { "S12", "server_max_window_bits=10", "server_max_window_bits=10" },
        { "C10", "client_max_window_bits", "client_max_window_bits=10" },
        { "C10", "client_max_window_bits=12", "client_max_window_bits=10" },
        { "C12", "client_max_window_bits=10", "client_max_window_bits=10" },
        { "C10", "", "" },

        // Declined.
        { "", "unknown", null },
        { "", "client_max_window_bits; unknown=1", null },
        { "", "Server_no_context_takeover", null },
        { "", "server_no_context_takeover; server_no_context_takeover", null },
        { "", "client_no_context_takeover; client_no_context_takeover", null },
        { "", "server_max_window_bits=10; server_max_window_bits=10", null },
        { "", "client_max_window_bits; client_max_window_bits", null },
        { "", "client_max_window_bits; client_max_window_bits=10", null },
        { "", "server_no_context_takeover=1", null },
        { "", "client_no_context_takeover=true", null },
        { "", "server_max_window_bits", null },
        { "", "server_max_window_bits=7", null },
        { "", "server_max_window_bits=16", null },
        { "", "server_max_window_bits=0", null },
        { "", "server_max_window_bits=08", null },
        { "", "server_max_window_bits=010", null },
        { "", "server_max_window_bits=+9", null },
        { "", "server_max_window_bits=-9", null },
        { "", "server_max_window_bits=9.0", null },
        { "", "server_max_window_bits=x", null },
        { "", "server_max_window_bits=4294967305", null },
        { "", "client_max_window_bits=7", null },
        { "", "client_max_window_bits=16", null },
        { "", "client_max_window_bits=09", null },
        { "", "client_max_window_bits=99999999999999999999", null },
    };

    [Theory]
    [MemberData(nameof(Offers))]
    public void A_server_takes_what_it_can_keep_to(string options, string offer, string? response)
    {
        var agreed = Options(options).Accept(Parameters(offer));
        (agreed?.Parameters.ToString()).Should().Be(response);

        // What a server of ours answers, a client of ours that offered it takes.
        if (agreed is not null) Options(options).Accept(agreed.Parameters).Should().NotBeNull();
    }

    [Theory]
    [InlineData("", "client_max_window_bits")]
    [InlineData("s", "server_no_context_takeover; client_max_window_bits")]
    [InlineData("c", "client_no_context_takeover; client_max_window_bits")]
    [InlineData("S9", "server_max_window_bits=9; client_max_window_bits")]
    [InlineData("C9", "client_max_window_bits=9")]
    [InlineData("scS10C11", "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11")]
    public void A_client_offers_what_it_wants(string options, string offer) =>
        Options(options).CreateOffers().Should().ContainSingle().Which.ToString().Should().Be(offer);

    // What is agreed on: server's and client's takeover, server's and client's window.
    [Theory]
    [InlineData("", "", "+ + 15 15")]
    [InlineData("", "server_no_context_takeover", "- + 15 15")]
    [InlineData("", "client_no_context_takeover", "+ - 15 15")]
    [InlineData("", "server_max_window_bits=8; client_max_window_bits=8", "+ + 8 8")]
    [InlineData("", "client_max_window_bits=\"10\"", "+ + 15 10")]
    [InlineData("s", "server_no_context_takeover", "- + 15 15")]
    [InlineData("c", "", "+ - 15 15")]
    [InlineData("c", "client_no_context_takeover", "+ - 15 15")]
    [InlineData("S10", "server_max_window_bits=10", "+ + 10 15")]
    [InlineData("S10", "server_max_window_bits=9", "+ + 9 15")]
    [InlineData("C10", "", "+ + 15 10")]
    [InlineData("C10", "client_max_window_bits=9", "+ + 15 9")]
    [InlineData("s", "", null)]
    [InlineData("S10", "", null)]
    [InlineData("S10", "server_max_window_bits=11", null)]
    [InlineData("C10", "client_max_window_bits=11", null)]
    [InlineData("", "client_max_window_bits", null)]
    [InlineData("", "server_max_window_bits", null)]
    [InlineData("", "server_max_window_bits=7", null)]
    [InlineData("", "server_max_window_bits=16", null)]
    [InlineData("", "client_max_window_bits=016", null)]
    [InlineData("", "server_no_context_takeover=1", null)]
    [InlineData("", "server_no_context_takeover; server_no_context_takeover", null)]
    [InlineData("", "server_max_window_bits=9; server_max_window_bits=9", null)]
    [InlineData("", "client_max_window_bits=9; client_max_window_bits=9", null)]
    [InlineData("", "unknown", null)]
    public void A_client_takes_what_fits_its_offer(string options, string response, string? agreed)
    {
        var negotiated = (NegotiatedDeflate?)Options(options).Confirm(Parameters(response));
        (negotiated is null ? null : Describe(negotiated.Agreed)).Should().Be(agreed);
    }

    [Fact]
    public void Both_ends_agree_whatever_both_want()
    {
        string[] wanted = ["", "s", "c", "sc", "S9", "S12", "C9", "C12", "scS10C11", "S11C10"];
        foreach (var client in wanted)
        {
            foreach (var server in wanted)
            {
                var accepted = (NegotiatedDeflate)Options(server).Accept(Options(client).CreateOffers()[0])!;
                var confirmed = (NegotiatedDeflate?)Options(client).Confirm(accepted.Parameters);
                confirmed.Should().NotBeNull("client {0}, server {1}", client, server);
                confirmed!.Agreed.Should().Be(accepted.Agreed);
            }
        }
    }

    [Fact]
    public void Options_are_checked()
    {
        foreach (var bits in new[] { 8, 16, 0, -1 })
        {
            ((Action)(() => _ = new PermessageDeflate { ServerMaxWindowBits = bits })).Should().Throw<ArgumentOutOfRangeException>();
            ((Action)(() => _ = new PermessageDeflate { ClientMaxWindowBits = bits })).Should().Throw<ArgumentOutOfRangeException>();
        }
        ((Action)(() => _ = new PermessageDeflate { Threshold = -1 })).Should().Throw<ArgumentOutOfRangeException>();
        ((Action)(() => _ = new PermessageDeflate { Level = (System.IO.Compression.CompressionLevel)9 })).Should().Throw<ArgumentOutOfRangeException>();
    }

    private static string Describe(in DeflateParameters agreed) =>
        $"{(agreed.ServerNoContextTakeover ? '-' : '+')} {(agreed.ClientNoContextTakeover ? '-' : '+')} {agreed.ServerMaxWindowBits} {agreed.ClientMaxWindowBits}";

    private static PermessageDeflate Options(string options) => new()
    {
        ServerNoContextTakeover = options.Contains('s'),
        ClientNoContextTakeover = options.Contains('c'),
        ServerMaxWindowBits = Bits(options, 'S'),
        ClientMaxWindowBits = Bits(options, 'C'),
    };

    private static int Bits(string options, char name)
    {
        var at = options.IndexOf(name);
        return at < 0 ? 15 : int.Parse(options.AsSpan(at + 1).ToString().Split('S', 'C')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static ExtensionParameters Parameters(string text)
    {
        var elements = new ExtensionElements(text.Length == 0 ? "x" : "x; " + text);
        elements.MoveNext().Should().BeTrue();
        return elements.ReadParameters();
    }
}
