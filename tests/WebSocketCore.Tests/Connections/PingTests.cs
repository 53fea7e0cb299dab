using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

public class PingTests
{
    [Theory]
    [InlineData("89 00", "8a00")]
    [InlineData("89 05 48656c6c6f", "8a05 48656c6c6f")]
    public async Task A_ping_is_answered_by_its_unmasked_payload(string ping, string pong)
    {
        foreach (var role in Enum.GetValues<WebSocketRole>())
        {
            var (connection, peer) = RawPeer.Connect(role);
            var receiving = connection.ReceiveAsync().AsTask();
            await peer.SendAsync(ping);
            (await peer.ReceiveAsync()).Should().Be(pong);
            await peer.SendFrameAsync(0x89, Wire.Bytes(125));
            (await peer.ReceiveFrameAsync())!.Payload.Should().Equal(Wire.Bytes(125));
            receiving.IsCompleted.Should().BeFalse();
        }
    }

    [Fact]
    public async Task Of_several_pings_in_a_batch_the_newest_is_answered()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync("89 01 61", "89 01 62", "89 01 63", "81 01 78");
        await connection.ReceiveAsync().Within();
        await connection.SendTextAsync("y").Within();
        (await peer.ReceiveAsync()).Should().Be("8a01 63");
        (await peer.ReceiveAsync()).Should().Be("8101 79");
    }

    [Fact]
    public async Task While_the_output_is_blocked_one_pong_is_owed_at_most()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        var sending = connection.SendTextAsync("x").AsTask();
        var receiving = connection.ReceiveAsync().AsTask();
        for (var i = 0; i < 100; i++) await peer.SendFrameAsync(0x89, [(byte)i]);
        await peer.SendAsync("81 01 79");
        await receiving.Within();
        (await peer.ReceiveAsync()).Should().Be("8101 78");
        (await peer.ReceiveAsync()).Should().Be("8a01 63");
        await sending.Within();
        peer.HasOutput().Should().BeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_ping_that_came_before_a_Close_frame_is_answered_before_it(bool blocked)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: blocked ? RawPeer.Tiny : null);
        var sending = connection.SendTextAsync("x").AsTask();
        await peer.SendAsync("89 01 70", "88 02 03e8");
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        (await peer.ReceiveAllAsync()).Should().Equal("8101 78", "8a01 70", "8802 03e8");
        await sending.Within();
    }

    [Fact]
    public async Task PingAsync_measures_the_round_trip_without_a_receive()
    {
        var time = new FakeTimeProvider();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client, new WebSocketClientOptions { TimeProvider = time });
        connection.RoundTripTime.Should().BeNull();
        var ping = connection.PingAsync().AsTask();
        var frame = (await peer.ReceiveFrameAsync())!;
        frame.First.Should().Be(0x89);
        frame.Payload.Should().HaveCount(8);
        time.Advance(TimeSpan.FromMilliseconds(42));
        await peer.SendFrameAsync(0x8a, frame.Payload);
        (await ping.Within()).Should().Be(TimeSpan.FromMilliseconds(42));
        connection.RoundTripTime.Should().Be(TimeSpan.FromMilliseconds(42));
    }

    [Fact]
    public async Task PingAsync_beside_a_receive_leaves_the_message_to_the_receive()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var receiving = connection.ReceiveAsync().AsTask();
        var ping = connection.PingAsync().AsTask();
        await peer.SendFrameAsync(0x8a, (await peer.ReceiveFrameAsync())!.Payload);
        await ping.Within();
        await peer.SendAsync("81 01 78");
        (await receiving.Within())!.Value.GetText().Should().Be("x");
    }

    [Theory]
    [InlineData("81 01 78")]
    [InlineData("01 00" + "80 01 78")]
    public async Task With_data_in_front_PingAsync_waits_for_the_receive_and_loses_nothing(string data)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var ping = connection.PingAsync().AsTask();
        var pong = (await peer.ReceiveFrameAsync())!.Payload;
        await peer.SendAsync(data);
        await peer.SendFrameAsync(0x8a, pong);
        await connection.BackgroundReading().Within();
        ping.IsCompleted.Should().BeFalse();
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("x");
        await ping.Within();
    }

    [Fact]
    public async Task A_receive_takes_over_from_the_background_and_gives_back_to_it()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var ping = connection.PingAsync().AsTask();
        var pong = (await peer.ReceiveFrameAsync())!.Payload;
        for (var i = 0; i < 20; i++)
        {
            var receiving = connection.ReceiveAsync().AsTask();
            await peer.SendAsync("81 01 78");
            (await receiving.Within())!.Value.GetText().Should().Be("x");
        }
        await peer.SendFrameAsync(0x8a, pong);
        await ping.Within();
    }

    [Fact]
    public async Task A_pong_answers_its_ping_and_all_before_it()
    {
        var time = new FakeTimeProvider();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { TimeProvider = time });
        var first = connection.PingAsync().AsTask();
        await peer.ReceiveFrameAsync();
        time.Advance(TimeSpan.FromMilliseconds(10));
        var second = connection.PingAsync().AsTask();
        var pong = (await peer.ReceiveFrameAsync())!.Payload;
        var third = connection.PingAsync().AsTask();
        time.Advance(TimeSpan.FromMilliseconds(5));
        await peer.SendFrameAsync(0x8a, pong);
        (await first.Within()).Should().Be(TimeSpan.FromMilliseconds(15));
        (await second.Within()).Should().Be(TimeSpan.FromMilliseconds(5));
        third.IsCompleted.Should().BeFalse();
        connection.RoundTripTime.Should().Be(TimeSpan.FromMilliseconds(5));
    }

    [Theory]
    [InlineData("8a 00")]
    [InlineData("8a 08 0000000000000000")]
    [InlineData("8a 08 ffffffffffffffff")]
    [InlineData("8a 03 616263")]
    public async Task A_pong_that_nobody_asked_for_is_ignored(string pong)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        await peer.SendAsync(pong);
        var ping = connection.PingAsync().AsTask();
        var payload = (await peer.ReceiveFrameAsync())!.Payload;
        await peer.SendAsync(pong, "89 00");
        (await peer.ReceiveAsync()).Should().Be("8a00", "both pongs have been read");
        ping.IsCompleted.Should().BeFalse();
        connection.RoundTripTime.Should().BeNull();
        await peer.SendFrameAsync(0x8a, payload);
        await ping.Within();
    }

    [Fact]
    public async Task The_application_can_watch_pings_and_pongs_in_their_turn()
    {
        var seen = new List<string>();
        var options = new WebSocketServerOptions
        {
            PingReceived = (connection, payload) => seen.Add($"{connection.Role} ping {Convert.ToHexStringLower(payload)}"),
            PongReceived = (connection, payload) => seen.Add($"{connection.Role} pong {Convert.ToHexStringLower(payload)}"),
        };
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, options);
        await peer.SendAsync("89 01 61", "8a 02 6263", "01 00", "89 00", "80 01 78", "8a 01 64", "81 00");
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("x");
        seen.Should().Equal("Server ping 61", "Server pong 6263", "Server ping ");
        await connection.ReceiveAsync().Within();
        seen.Should().EndWith("Server pong 64");
    }

    [Theory]
    [InlineData("89 00")]
    [InlineData("8a 00")]
    public async Task A_watcher_that_throws_aborts_the_connection(string frame)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Throwing());
        await peer.SendAsync(frame, "81 01 78");
        await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<InvalidTimeZoneException>();
        var closure = await connection.Closed.Within();
        closure.Cause.Should().Be(ClosureCause.Aborted);
        closure.TransportError.Should().BeOfType<InvalidTimeZoneException>();
        (await connection.ReceiveAsync().Within()).Should().BeNull();
    }

    [Fact]
    public async Task A_watcher_that_throws_without_a_receive_aborts_the_connection_too()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, Throwing());
        var ping = connection.PingAsync().AsTask();
        await peer.SendAsync("89 00");
        (await ping.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketClosedException>())
            .Which.InnerException.Should().BeOfType<InvalidTimeZoneException>();
        await connection.Closed.Within();
    }

    [Fact]
    public async Task Pings_and_pongs_of_the_applications_own_leave_as_they_are()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Client);
        await connection.SendPingAsync("a"u8.ToArray()).Within();
        await connection.SendPongAsync("b"u8.ToArray()).Within();
        await connection.SendPongAsync(default).Within();
        foreach (var frame in new[] { "8901 61", "8a01 62", "8a00" }) (await peer.ReceiveAsync()).Should().Be(frame);
    }

    [Theory]
    [InlineData("close")]
    [InlineData("end")]
    [InlineData("abort")]
    [InlineData("violation")]
    public async Task However_the_connection_ends_a_ping_gets_an_answer(string end)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var ping = connection.PingAsync().AsTask();
        await peer.ReceiveFrameAsync();
        if (end == "close") await peer.SendAsync("88 00");
        if (end == "abort") connection.Abort();
        if (end == "violation") await peer.SendAsync("83 00");
        peer.End();
        await ping.Awaiting(task => task.Within()).Should().ThrowAsync<WebSocketClosedException>();
        await connection.Closed.Within();
    }

    private static WebSocketServerOptions Throwing() => new()
    {
        PingReceived = (_, _) => throw new InvalidTimeZoneException("the application's own"),
        PongReceived = (_, _) => throw new InvalidTimeZoneException("the application's own"),
    };
}
