using System.Text;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Every rule that a peer can break, against both roles: what it is told, what the application gets, how the connection ends.</summary>
public class ViolationTests
{
    // Unmasked; masked on the way to a server. The limits are those of Options.
    public static TheoryData<ProtocolError, string> Violations => new()
    {
        { ProtocolError.ReservedBitSet, "c1 01 61" },
        { ProtocolError.ReservedBitSet, "89 00" + "a1 01 61" },
        { ProtocolError.ReservedBitSet, "01 00" + "90 00" },
        { ProtocolError.ReservedOpcode, "83 00" },
        { ProtocolError.ReservedOpcode, "8b 00" },
        { ProtocolError.FragmentedControlFrame, "09 00" },
        { ProtocolError.ControlFrameTooLong, "89 7e 007e" },
        { ProtocolError.NonMinimalLength, "82 7e 007d" },
        { ProtocolError.NonMinimalLength, "82 7f 000000000000ffff" },
        { ProtocolError.LengthTopBitSet, "82 7f 8000000000000000" },
        { ProtocolError.UnexpectedContinuation, "80 01 61" },
        { ProtocolError.UnexpectedContinuation, "81 01 61" + "00 01 61" },
        { ProtocolError.InterruptedMessage, "01 01 61" + "81 01 61" },
        { ProtocolError.InvalidUtf8, "81 05 61 ff" },
        { ProtocolError.InvalidUtf8, "81 01 c3" },
        { ProtocolError.InvalidUtf8, "01 02 eda0" },
        { ProtocolError.InvalidUtf8, "01 01 c3" + "80 00" },
        { ProtocolError.MessageTooBig, "82 11" },
        { ProtocolError.MessageTooBig, "02 10 00000000000000000000000000000000" + "80 01" },
        { ProtocolError.MessageTooBig, "82 7f 7fffffffffffffff" },
        { ProtocolError.TooManyFragments, "01 01 61" + "00 01 61" + "00 01 61" + "00 01 61" + "80 01" },
        { ProtocolError.TooManyEmptyFragments, "01 00" + "00 00" + "00 00" },
        { ProtocolError.ClosePayloadTooShort, "88 01 03" },
        { ProtocolError.InvalidCloseCode, "88 02 03ed" },
        { ProtocolError.InvalidCloseCode, "88 02 0000" },
        { ProtocolError.InvalidCloseCode, "88 02 1388" },
        { ProtocolError.InvalidCloseReason, "88 04 03e8 c328" },
    };

    private static TheoryData<ProtocolError, string, WebSocketRole> BothRoles()
    {
        var data = new TheoryData<ProtocolError, string, WebSocketRole>();
        foreach (var violation in Violations)
        {
            data.Add((ProtocolError)violation[0], (string)violation[1], WebSocketRole.Server);
            data.Add((ProtocolError)violation[0], (string)violation[1], WebSocketRole.Client);
        }
        return data;
    }

    public static TheoryData<ProtocolError, string, WebSocketRole> ViolationsOfBothRoles => BothRoles();

    [Theory]
    [MemberData(nameof(ViolationsOfBothRoles))]
    public async Task The_peer_is_told_and_the_application_gets_the_rule(ProtocolError error, string frames, WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role, Options());
        await peer.SendAsync(frames);
        await ShouldFailAsync(connection, peer, error);
    }

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task A_byte_at_a_time_is_judged_the_same(ProtocolError error, string frames)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        foreach (var b in peer.OnWire(frames)) await peer.SendBytesAsync(new[] { b });
        await ShouldFailAsync(connection, peer, error);
    }

    [Fact]
    public async Task A_server_refuses_an_unmasked_frame()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        await peer.SendBytesAsync(Wire.Hex("81 05"));
        await ShouldFailAsync(connection, peer, ProtocolError.MissingMask);
    }

    [Fact]
    public async Task A_client_refuses_a_masked_frame()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, Options());
        await peer.SendBytesAsync(Wire.Hex("81 85 37fa213d"));
        await ShouldFailAsync(connection, peer, ProtocolError.UnexpectedMask);
    }

    [Fact]
    public async Task Messages_in_front_of_a_violation_are_delivered_and_pings_not_forgotten()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        await peer.SendAsync("81 01 61", "89 01 70", "82 01 62", "83 00", "81 01 78");
        (await ReceivingTests.ReceiveAsync(connection, 2)).Should().Equal("Text:61", "Binary:62");
        await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
        (await peer.ReceiveAsync()).Should().Be("8a01 70");
        (await peer.ReceiveAsync()).Should().StartWith("88");
    }

    [Theory]
    [InlineData(ProtocolError.MessageTooBig, "82 11", "the message is larger than MaxMessageSize, 16 bytes")]
    [InlineData(ProtocolError.TooManyFragments, "02 01 61" + "00 01 61" + "00 01 61" + "00 01 61" + "00 01", "the message has more fragments than MaxFragments, 4")]
    [InlineData(ProtocolError.TooManyEmptyFragments, "02 00" + "00 00" + "00 00", "the message has more empty fragments than MaxEmptyFragments, 2")]
    public async Task A_limit_is_named_with_its_option(ProtocolError error, string frames, string text)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        await peer.SendAsync(frames);
        var thrown = await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
        thrown.Which.Message.Should().Be(text);
        var close = await peer.ReceiveFrameAsync();
        Encoding.UTF8.GetString(close!.Payload.AsSpan(2)).Should().Be(text);
        peer.End();
        (await connection.Closed.Within()).SentReason.Should().Be(text);
        connection.Closure!.Error.Should().Be(error);
    }

    [Fact]
    public async Task Behind_a_violation_in_the_closing_handshake_no_second_Close_frame_is_sent()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Options());
        connection.StartClose(CloseCode.GoingAway);
        await peer.SendAsync("83 00");
        await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
        peer.End();
        (await peer.ReceiveAllAsync()).Should().Equal("8802 03e9");
        (await connection.Closed.Within()).ToString().Should().Be("not clean, closed by this end: the opcode is reserved; sent 1001");
        connection.Closure!.Error.Should().Be(ProtocolError.ReservedOpcode);
        connection.State.Should().Be(ConnectionState.Failed);
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Input_is_drained_until_the_peer_closes_so_that_it_can_read_why(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role, Options());
        await peer.SendAsync("83 00");
        await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
        (await peer.ReceiveAllAsync()).Should().ContainSingle("the output ends at once, behind the Close frame");
        await peer.SendBytesAsync(new byte[300_000]);
        connection.Closed.IsCompleted.Should().BeFalse("the peer has not closed");
        peer.End();
        (await connection.Closed.Within()).Cause.Should().Be(ClosureCause.ProtocolError);
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Input_is_drained_for_the_close_timeout_at_most(WebSocketRole role)
    {
        var time = new FakeTimeProvider();
        var (connection, peer) = RawPeer.Connect(role, Options(time));
        await peer.SendAsync("83 00");
        await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
        await peer.ReceiveAllAsync();
        time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        connection.Closed.IsCompleted.Should().BeFalse();
        time.Advance(TimeSpan.FromTicks(1));
        var closure = await connection.Closed.Within();
        closure.Cause.Should().Be(ClosureCause.ProtocolError);
        await connection.DisposeAsync().Within();
    }

    private static WebSocketServerOptions Options(TimeProvider? time = null) => new()
    {
        MaxMessageSize = 16,
        MaxFragments = 4,
        MaxEmptyFragments = 2,
        TimeProvider = time ?? TimeProvider.System,
    };

    private static async Task ShouldFailAsync(WebSocketConnection connection, RawPeer peer, ProtocolError error)
    {
        var failed = async () =>
        {
            while (await connection.ReceiveAsync().Within() is not null)
            {
                // The messages in front of the violation.
            }
        };
        var thrown = (await failed.Should().ThrowAsync<WebSocketProtocolException>()).Which;
        thrown.Error.Should().Be(error);
        thrown.CloseCode.Should().Be(error.CloseCode());

        var frame = await peer.ReceiveFrameAsync();
        while (frame!.First == 0x8a) frame = await peer.ReceiveFrameAsync();
        frame.First.Should().Be(0x88);
        frame.Payload.AsSpan(0, 2).ToArray().Should().Equal((byte)((int)error.CloseCode() >> 8), (byte)error.CloseCode());
        Encoding.UTF8.GetString(frame.Payload.AsSpan(2)).Should().Be(thrown.Message);
        (await peer.ReceiveAsync()).Should().Be("end");

        connection.State.Should().Be(ConnectionState.Failed);
        await failed.Should().ThrowAsync<WebSocketProtocolException>("a later receive says the same");
        await connection.Awaiting(c => c.ReceiveStreamingAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
        (await connection.Awaiting(c => c.SendTextAsync("x").Within()).Should().ThrowAsync<WebSocketClosedException>())
            .Which.Closure.Error.Should().Be(error);
        await connection.Awaiting(c => c.PingAsync().Within()).Should().ThrowAsync<WebSocketClosedException>();

        peer.End();
        var closure = await connection.Closed.Within();
        closure.Should().BeEquivalentTo(new
        {
            Cause = ClosureCause.ProtocolError,
            Code = CloseCode.AbnormalClosure,
            SentCode = error.CloseCode(),
            SentReason = thrown.Message,
            ReceivedCode = (CloseCode?)null,
            Error = error,
            IsClean = false,
            TimedOut = false,
            TransportError = (Exception?)null,
        });
        closure.ToString().Should().Be($"not clean, the peer broke the protocol: {error.Message()}; sent {(int)error.CloseCode()} \"{thrown.Message}\"");
        await connection.DisposeAsync().Within();
    }
}
