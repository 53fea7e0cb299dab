using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>The closing handshake in order: who closes, in which role, with or without a receive.</summary>
public class ClosingTests
{
    public enum Receiving
    {
        No,
        Pending,
        Loop,
        Streaming,
    }

    public static TheoryData<WebSocketRole, Receiving> Product()
    {
        var product = new TheoryData<WebSocketRole, Receiving>();
        foreach (var role in Enum.GetValues<WebSocketRole>())
        {
            foreach (var receiving in Enum.GetValues<Receiving>()) product.Add(role, receiving);
        }
        return product;
    }

    [Theory]
    [MemberData(nameof(Product))]
    public async Task This_end_closes(WebSocketRole role, Receiving receiving)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var received = BeginReceiving(connection, receiving);
        var closing = connection.CloseAsync(CloseCode.GoingAway, "bye").AsTask();
        (await peer.ReceiveAsync()).Should().Be("8805 03e9627965");
        connection.State.Should().Be(ConnectionState.CloseSent);
        closing.IsCompleted.Should().BeFalse();

        await peer.SendAsync("88 04 0bb8 6f6b");
        await received.Within();
        await ShouldEndAsync(connection, peer, role, closing);
        connection.Closure!.ToString().Should().Be("clean, closed by this end; sent 1001 \"bye\"; received 3000 \"ok\"");
        connection.Closure!.Should().BeEquivalentTo(new
        {
            Cause = ClosureCause.LocalClose,
            Code = (CloseCode)3000,
            Reason = "ok",
            SentCode = CloseCode.GoingAway,
            SentReason = "bye",
            ReceivedCode = (CloseCode)3000,
            ReceivedReason = "ok",
            IsClean = true,
            TimedOut = false,
            Error = ProtocolError.None,
        });
    }

    [Theory]
    [MemberData(nameof(Product))]
    public async Task The_peer_closes(WebSocketRole role, Receiving receiving)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var received = BeginReceiving(connection, receiving);
        await peer.SendAsync("88 05 0fa0 627965");
        if (receiving == Receiving.No) received = ReceiveNullAsync(connection);
        await received.Within();
        (await peer.ReceiveAsync()).Should().Be("8805 0fa0627965", "the code and the reason come back");
        await ShouldEndAsync(connection, peer, role, connection.CloseAsync().AsTask());
        connection.Closure!.ToString().Should().Be("clean, closed by the peer; sent 4000 \"bye\"; received 4000 \"bye\"");
    }

    [Theory]
    [MemberData(nameof(Product))]
    public async Task Both_close_at_once(WebSocketRole role, Receiving receiving)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var received = BeginReceiving(connection, receiving);
        connection.StartClose(CloseCode.NormalClosure, "mine");
        await peer.SendAsync("88 02 03e9");
        var closing = connection.CloseAsync(CloseCode.InternalServerError).AsTask();
        await received.Within();
        (await peer.ReceiveAsync()).Should().Be("8806 03e86d696e65");
        await ShouldEndAsync(connection, peer, role, closing);
        connection.Closure!.ToString().Should().Be("clean, closed by this end; sent 1000 \"mine\"; received 1001");
    }

    [Theory]
    [InlineData("88 00", "8800", 1005, "")]
    [InlineData("88 02 03e8", "8802 03e8", 1000, "")]
    [InlineData("88 02 03f6", "8802 03f6", 1014, "")]
    [InlineData("88 06 1387 c3a96161", "8806 1387c3a96161", 4999, "éaa")]
    public async Task Whatever_the_peer_says_is_known_and_its_code_comes_back(string close, string answer, int code, string reason)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync(close);
        await ReceiveNullAsync(connection).Within();
        (await peer.ReceiveAllAsync()).Should().Equal(answer);
        var closure = await connection.Closed.Within();
        closure.Code.Should().Be((CloseCode)code);
        closure.Reason.Should().Be(reason);
        closure.IsClean.Should().BeTrue();
    }

    [Fact]
    public async Task A_reason_may_fill_the_frame()
    {
        var reason = new string('é', 61) + "x";
        var (server, client) = DuplexPair.Connect();
        var closing = client.CloseAsync((CloseCode)4999, reason).AsTask();
        await ReceiveNullAsync(server).Within();
        await closing.Within();
        server.Closure!.Reason.Should().Be(reason);
    }

    [Fact]
    public async Task A_close_without_a_code_is_an_empty_frame()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        connection.StartClose(CloseCode.NoStatusReceived);
        (await peer.ReceiveAsync()).Should().Be("8800");
        await peer.SendAsync("88 00");
        await ReceiveNullAsync(connection).Within();
        connection.Closure!.ToString().Should().Be("clean, closed by this end; sent 1005; received 1005");
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(999, "")]
    [InlineData(1004, "")]
    [InlineData(1006, "")]
    [InlineData(1015, "")]
    [InlineData(1016, "")]
    [InlineData(2999, "")]
    [InlineData(5000, "")]
    [InlineData(1005, "a reason without a code")]
    [InlineData(1000, null)]
    public async Task What_may_not_be_sent_is_refused_and_nothing_happens(int code, string? reason)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await ShouldRefuseAsync(connection, peer, (CloseCode)code, reason!);
    }

    [Fact]
    public async Task A_reason_that_does_not_fit_is_refused_and_nothing_happens()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await ShouldRefuseAsync(connection, peer, CloseCode.NormalClosure, new string('a', 124));
        await ShouldRefuseAsync(connection, peer, CloseCode.NormalClosure, new string('é', 62));
        await ShouldRefuseAsync(connection, peer, CloseCode.NormalClosure, "a" + (char)0xd800);
    }

    [Fact]
    public async Task Messages_that_come_before_the_peers_Close_frame_are_still_delivered_to_a_receive()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var receiving = connection.ReceiveAsync().AsTask();
        connection.StartClose();
        await peer.SendAsync("81 01 61", "82 01 62", "88 02 03e8", "81 01 63");
        ReceivingTests.Describe((await receiving.Within())!.Value).Should().Be("Text:61");
        (await ReceivingTests.ReadAllAsync(connection).Within()).Should().Equal("Binary:62");
        connection.Closure!.IsClean.Should().BeTrue();
    }

    [Fact]
    public async Task Messages_are_dropped_where_CloseAsync_waits_without_a_receive()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { MaxMessageSize = 1 });
        await peer.SendAsync("81 01 61", "82 05 62");
        var closing = connection.CloseAsync().AsTask();
        await peer.SendBytesAsync(new byte[4]);
        await peer.SendAsync("01 01 c3", "00 01 28", "89 01 70", "80 00", "88 02 03e8");
        await closing.Within();
        connection.Closure!.IsClean.Should().BeTrue("what is dropped is not judged, and this end answers pings no more");
        (await peer.ReceiveAllAsync()).Should().Equal("8802 03e8");
    }

    [Fact]
    public async Task A_pending_receive_gets_the_message_and_CloseAsync_drops_the_rest()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var receiving = connection.ReceiveAsync().AsTask();
        var closing = connection.CloseAsync().AsTask();
        await peer.SendAsync("81 01 61");
        (await receiving.Within())!.Value.GetText().Should().Be("a");
        await peer.SendAsync("81 01 62", "88 02 03e8");
        await closing.Within();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
    }

    [Fact]
    public async Task A_connection_can_be_closed_inside_its_receive_loop()
    {
        var (server, client) = DuplexPair.Connect();
        var serving = Task.Run(async () =>
        {
            await foreach (var message in server.ReadAllAsync()) await server.CloseAsync((CloseCode)4001, message.GetText());
        });
        await client.SendTextAsync("enough").Within();
        await client.SendTextAsync("dropped").Within();
        (await client.ReceiveAsync().Within()).Should().BeNull();
        await serving.Within();
        client.Closure!.ToString().Should().Be("clean, closed by the peer; sent 4001 \"enough\"; received 4001 \"enough\"");
        await client.Closed.Within();
    }

    [Fact]
    public async Task Closing_again_waits_for_the_same_end_and_changes_nothing()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var first = connection.CloseAsync(CloseCode.GoingAway).AsTask();
        var second = connection.CloseAsync(CloseCode.InternalServerError, "late").AsTask();
        var disposing = connection.DisposeAsync().AsTask();
        connection.StartClose(CloseCode.ProtocolError);
        await peer.SendAsync("88 02 03e9");
        await Task.WhenAll(first, second, disposing).Within();
        (await peer.ReceiveAllAsync()).Should().Equal("8802 03e9");
        await connection.CloseAsync().Within();
        connection.Closure!.SentCode.Should().Be(CloseCode.GoingAway);
    }

    [Fact]
    public async Task Behind_the_peers_Close_frame_nothing_is_looked_at()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, new WebSocketClientOptions { TimeProvider = new FakeTimeProvider() });
        await peer.SendAsync("88 02 03e8", "83 00", "81 01 ff");
        await ReceiveNullAsync(connection).Within();
        await peer.SendAsync("ff ff");
        peer.End();
        (await connection.Closed.Within()).IsClean.Should().BeTrue();
        (await peer.ReceiveAllAsync()).Should().Equal("8802 03e8");
    }

    private static Task BeginReceiving(WebSocketConnection connection, Receiving receiving) => receiving switch
    {
        Receiving.Pending => ReceiveNullAsync(connection),
        Receiving.Loop => ReceivingTests.ReadAllAsync(connection),
        Receiving.Streaming => StreamNullAsync(connection),
        _ => Task.CompletedTask,
    };

    private static async Task ReceiveNullAsync(WebSocketConnection connection) => (await connection.ReceiveAsync()).Should().BeNull();

    private static async Task StreamNullAsync(WebSocketConnection connection) => (await connection.ReceiveStreamingAsync()).Should().BeNull();

    // RFC 6455 7.1.1: the server ends the transport at once, the client waits for that.
    private static async Task ShouldEndAsync(WebSocketConnection connection, RawPeer peer, WebSocketRole role, Task closing)
    {
        if (role == WebSocketRole.Server)
        {
            (await peer.ReceiveAsync()).Should().Be("end");
        }
        else
        {
            await peer.SendBytesAsync(new byte[1]);
            closing.IsCompleted.Should().BeFalse();
            connection.Closed.IsCompleted.Should().BeFalse();
            peer.End();
            (await peer.ReceiveAsync()).Should().Be("end");
        }
        await closing.Within();
        (await connection.Closed.Within()).Should().Be(connection.Closure);
        connection.State.Should().Be(ConnectionState.Closed);
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        await connection.DisposeAsync().Within();
    }

    private static async Task ShouldRefuseAsync(WebSocketConnection connection, RawPeer peer, CloseCode code, string reason)
    {
        await connection.Awaiting(c => c.CloseAsync(code, reason).Within()).Should().ThrowAsync<ArgumentException>();
        connection.Invoking(c => c.StartClose(code, reason)).Should().Throw<ArgumentException>();
        connection.State.Should().Be(ConnectionState.Open);
        connection.Closure.Should().BeNull();
        peer.HasOutput().Should().BeFalse();
    }
}
