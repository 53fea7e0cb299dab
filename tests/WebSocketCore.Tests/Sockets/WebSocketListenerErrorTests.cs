using System.Collections.Concurrent;
using System.Text;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>What goes wrong: the handler's own errors are reported, what peers do is not.</summary>
public class WebSocketListenerErrorTests : ListenerTest
{
    private readonly ConcurrentQueue<Exception> _errors = new();

    [Fact]
    public async Task A_handler_that_throws_closes_with_1011_and_is_reported()
    {
        var error = new IOException("the application's own");
        await using var listener = Start(Loopback.AnyPort, (_, _) => Task.FromException(error), Reporting());
        await using var client = await listener.ConnectAsync();

        (await client.ReceiveToEndAsync()).ToString().Should().Be("clean, closed by the peer; sent 1011; received 1011");
        await listener.StopAsync().Within();
        _errors.Should().Equal(error);
    }

    [Fact]
    public async Task A_handler_that_throws_before_its_first_await_is_no_different()
    {
        await using var listener = Start(Loopback.AnyPort, (_, _) => throw new FormatException(), Reporting());
        await using var client = await listener.ConnectAsync();

        (await client.ReceiveToEndAsync()).ReceivedCode.Should().Be(CloseCode.InternalServerError);
        await listener.StopAsync().Within();
        _errors.Should().ContainSingle().Which.Should().BeOfType<FormatException>();
    }

    [Fact]
    public async Task A_cancellation_of_the_handlers_own_is_an_error()
    {
        await using var listener = Start(
            Loopback.AnyPort, (_, _) => Task.FromCanceled(new CancellationToken(canceled: true)), Reporting());
        await using var client = await listener.ConnectAsync();

        (await client.ReceiveToEndAsync()).ReceivedCode.Should().Be(CloseCode.InternalServerError);
        await listener.StopAsync().Within();
        _errors.Should().ContainSingle().Which.Should().BeAssignableTo<OperationCanceledException>();
    }

    [Fact]
    public async Task Without_OnError_a_handler_that_throws_does_no_harm()
    {
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await Loopback.EchoAsync(connection, token);
            throw new InvalidOperationException();
        });
        await listener.ShouldServeAsync();
        await listener.ShouldServeAsync();
    }

    [Fact]
    public async Task An_OnError_that_throws_takes_neither_the_place_nor_the_stop_with_it()
    {
        var calls = 0;
        await using var listener = Start(Loopback.AnyPort, (_, _) => throw new FormatException(), new WebSocketListenerOptions
        {
            MaxConnections = 1,
            OnError = _ =>
            {
                Interlocked.Increment(ref calls);
                throw new InvalidOperationException("the log is full");
            },
        });
        for (var i = 0; i < 2; i++)
        {
            await using var client = await listener.ConnectAsync();
            (await client.ReceiveToEndAsync()).ReceivedCode.Should().Be(CloseCode.InternalServerError);
        }
        await listener.StopAsync().Within();
        calls.Should().Be(2);
    }

    [Fact]
    public async Task Peers_that_vanish_before_or_within_their_handshake_are_no_errors()
    {
        await using var listener = OneAtATime();
        await VanishAsync("");
        await VanishAsync("GET /chat HTTP/1.1\r\nHost: loc");
        await VanishAsync(RawTcpPeer.Upgrade);
        await ShouldServeWithoutErrorAsync(listener);

        async Task VanishAsync(string sent)
        {
            using var closing = await RawTcpPeer.ConnectAsync(listener.EndPoint);
            await closing.SendTextAsync(sent);
            closing.Dispose();
            using var resetting = await RawTcpPeer.ConnectAsync(listener.EndPoint);
            await resetting.SendTextAsync(sent);
            resetting.Reset();
        }
    }

    [Fact]
    public async Task Peers_that_vanish_from_an_open_connection_are_no_errors()
    {
        await using var listener = OneAtATime();
        using (await RawTcpPeer.UpgradeAsync(listener.EndPoint))
        {
            // Closed without a Close frame.
        }
        (await RawTcpPeer.UpgradeAsync(listener.EndPoint)).Reset();
        using (var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint))
        {
            // In mid-frame.
            await peer.SendHexAsync("8185 00000000 6865");
        }
        await ShouldServeWithoutErrorAsync(listener);
    }

    [Fact]
    public async Task A_handler_that_sends_to_a_vanished_peer_is_no_error()
    {
        var served = new TaskCompletionSource<Exception>();
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            try
            {
                while (true) await connection.SendAsync(MessageKind.Binary, new byte[1000], token);
            }
            catch (Exception exception)
            {
                served.SetResult(exception);
                throw;
            }
        }, Reporting());
        var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        await peer.ReadAsync(10_000);
        peer.Reset();

        (await served.Task.Within()).Should().BeOfType<WebSocketClosedException>();
        await listener.StopAsync().Within();
        _errors.Should().BeEmpty();
    }

    [Theory]
    [InlineData("8100", "1002")]
    [InlineData("8380 00000000", "1002")]
    [InlineData("8181 00000000 ff", "1007")]
    [InlineData("82ff 0000000000100001 00000000", "1009")]
    public async Task A_peer_that_breaks_the_protocol_is_told_and_is_no_error(string frame, string code)
    {
        await using var listener = OneAtATime();
        using (var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint))
        {
            await peer.SendHexAsync(frame);
            var close = await peer.ReadFrameAsync();
            close.Should().StartWith("88");
            Convert.ToInt32(close[5..9], 16).ToString(System.Globalization.CultureInfo.InvariantCulture).Should().Be(code);
            (await peer.ReadFrameAsync()).Should().Be("end");
        }
        await ShouldServeWithoutErrorAsync(listener);
    }

    [Fact]
    public async Task Garbage_is_no_error()
    {
        await using var listener = OneAtATime();
        var garbage = new byte[100_000];
        new Random(1).NextBytes(garbage);
        using (var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint))
        {
            await peer.SendAsync(garbage);
            (await peer.ReadToEndAsync()).Should().StartWith("HTTP/1.1 400 ");
        }
        using (var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint))
        {
            await peer.SendAsync(Encoding.ASCII.GetBytes("GET /" + new string('a', 100_000)));
            (await peer.ReadToEndAsync()).Should().StartWith("HTTP/1.1 431 ");
        }
        await ShouldServeWithoutErrorAsync(listener);
    }

    [Fact]
    public async Task Garbage_and_vanishing_in_place_of_TLS_are_no_errors()
    {
        await using var listener = StartEcho(new WebSocketListenerOptions
        {
            MaxConnections = 1,
            OnError = _errors.Enqueue,
            Tls = TestCertificate.Server,
        });
        using (var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint))
        {
            await peer.SendTextAsync(RawTcpPeer.Upgrade);
            await peer.DroppedAsync();
        }
        using (await RawTcpPeer.ConnectAsync(listener.EndPoint))
        {
            // Closed before a byte was sent.
        }
        using (var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint))
        {
            // The beginning of a ClientHello.
            await peer.SendHexAsync("16030100f8010000f40303");
            peer.Reset();
        }
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            // A handshake record of random bytes; every other one says that it is a ClientHello.
            using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
            var record = new byte[261];
            random.NextBytes(record);
            byte[] header = i % 2 == 0 ? [0x16, 3, 1, 1, 0] : [0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3];
            header.CopyTo(record, 0);
            await peer.SendAsync(record);
            peer.End();
            await peer.DroppedAsync();
        }
        await using (var client = await WebSocketClient.ConnectAsync(listener.LocalhostUri("wss"), TestCertificate.Trust(TestCertificate.Localhost)).Within())
            await client.ShouldEchoAsync();
        await listener.StopAsync().Within();
        _errors.Should().BeEmpty();
    }

    private WebSocketListenerOptions Reporting() => new() { OnError = _errors.Enqueue };

    // A connection is served when the one before has been given up.
    private WebSocketListener OneAtATime() => StartEcho(new WebSocketListenerOptions { MaxConnections = 1, OnError = _errors.Enqueue });

    private async Task ShouldServeWithoutErrorAsync(WebSocketListener listener)
    {
        await listener.ShouldServeAsync();
        await listener.StopAsync().Within();
        _errors.Should().BeEmpty();
    }
}
