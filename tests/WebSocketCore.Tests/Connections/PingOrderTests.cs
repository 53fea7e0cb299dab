using System.Collections;
using System.Reflection;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A pong answers its ping and all that were sent before it, whoever sent them, and no ping is remembered for ever.</summary>
public class PingOrderTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_answer_to_the_newest_ping_answers_a_ping_before_it(bool inOneBatch)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: inOneBatch ? RawPeer.Tiny : null);
        var stuck = connection.SendTextAsync("a").AsTask();
        var ping = connection.PingAsync().AsTask();
        var own = connection.SendPingAsync("x"u8.ToArray()).AsTask();
        (await peer.ReceiveAsync()).Should().Be("8101 61");
        (await peer.ReceiveFrameAsync())!.Payload.Should().HaveCount(8);
        (await peer.ReceiveAsync()).Should().Be("8901 78");
        await stuck.Within();
        await own.Within();

        // RFC 6455 5.5.3: "the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame."
        await peer.SendAsync("8a 01 78");
        (await ping.Within()).Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public async Task The_answer_to_an_older_ping_does_not_answer_the_newer_one()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny);
        var stuck = connection.SendTextAsync("a").AsTask();
        var own = connection.SendPingAsync("x"u8.ToArray()).AsTask();
        var ping = connection.PingAsync().AsTask();
        (await peer.ReceiveAsync()).Should().Be("8101 61");
        (await peer.ReceiveAsync()).Should().Be("8901 78");
        var frame = (await peer.ReceiveFrameAsync())!;
        await stuck.Within();
        await own.Within();
        await peer.SendAsync("8a 01 78", "89 01 79");
        (await peer.ReceiveAsync()).Should().Be("8a01 79", "the pong has been read");
        ping.IsCompleted.Should().BeFalse();
        await peer.SendFrameAsync(0x8a, frame.Payload);
        await ping.Within();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pings_of_many_threads_are_all_answered(bool smallPipe)
    {
        var (server, client) = DuplexPair.Connect(pipeOptions: smallPipe ? RawPeer.Tiny : null);
        var receiving = server.ReceiveAsync().AsTask();
        var threads = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++) await client.PingAsync().Within();
        }));
        await Task.WhenAll(threads).Within();
        PingsOf(client).Should().Be(0, "every ping was answered and forgotten");
        var closing = client.CloseAsync().Within();
        (await receiving.Within()).Should().BeNull();
        await closing;
    }

    [Fact]
    public async Task Pings_whose_callers_have_stopped_waiting_are_forgotten()
    {
        var (connection, _) = RawPeer.Connect(WebSocketRole.Server);
        for (var i = 0; i < 1000; i++)
        {
            using var cancel = new CancellationTokenSource();
            var ping = connection.PingAsync(cancel.Token).AsTask();
            cancel.Cancel();
            await ping.Awaiting(p => p.Within()).Should().ThrowAsync<OperationCanceledException>();
        }
        PingsOf(connection).Should().BeLessThanOrEqualTo(1);
    }

    [Fact]
    public async Task Pings_that_nobody_waits_for_are_remembered_in_a_bounded_number()
    {
        var (connection, _) = RawPeer.Connect(WebSocketRole.Server);
        for (var i = 0; i < 1000; i++) await connection.SendPingAsync("x"u8.ToArray()).Within();
        PingsOf(connection).Should().BeLessThanOrEqualTo(64);
    }

    [Fact]
    public async Task Behind_a_ping_that_waits_they_are_too()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var waiting = connection.PingAsync().AsTask();
        var number = (await peer.ReceiveFrameAsync())!.Payload;
        for (var i = 0; i < 1000; i++) await connection.SendPingAsync("x"u8.ToArray()).Within();
        PingsOf(connection).Should().BeLessThanOrEqualTo(65);
        await peer.SendFrameAsync(0x8a, number);
        await waiting.Within();
    }

    private static int PingsOf(WebSocketConnection connection) =>
        ((ICollection)typeof(WebSocketConnection).GetField("_pings", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(connection)!).Count;
}
