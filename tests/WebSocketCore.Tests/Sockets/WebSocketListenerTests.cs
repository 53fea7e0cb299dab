using System.Buffers;
using System.Net;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class WebSocketListenerTests : ListenerTest
{
    [Fact]
    public async Task It_serves_over_IPv4()
    {
        await using var listener = StartEcho();
        listener.EndPoint.Address.Should().Be(IPAddress.Loopback);
        listener.EndPoint.Port.Should().NotBe(0);
        await listener.ShouldServeAsync();
    }

    [IPv6Fact]
    public async Task It_serves_over_IPv6()
    {
        await using var listener = Start(new IPEndPoint(IPAddress.IPv6Loopback, 0), Loopback.EchoAsync);
        listener.Uri().Host.Should().Be("[::1]");
        await listener.ShouldServeAsync();
    }

    [IPv6Fact]
    public async Task The_address_of_any_IPv6_interface_takes_IPv4_too()
    {
        await using var listener = Start(new IPEndPoint(IPAddress.IPv6Any, 0), Loopback.EchoAsync);
        foreach (var host in new[] { "127.0.0.1", "[::1]", "localhost" })
        {
            await using var client = await WebSocketClient.ConnectAsync(new Uri($"ws://{host}:{listener.EndPoint.Port}/")).Within();
            await client.ShouldEchoAsync(host);
        }
    }

    [Fact]
    public async Task It_is_found_by_name()
    {
        await using var listener = StartEcho();
        await using var client = await WebSocketClient.ConnectAsync(listener.LocalhostUri()).Within();
        await client.ShouldEchoAsync();
    }

    [Fact]
    public async Task Both_ends_learn_how_the_connection_ended()
    {
        var served = new TaskCompletionSource<WebSocketClosure>();
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await Loopback.EchoAsync(connection, token);
            served.SetResult(await connection.Closed);
        });
        await using var client = await listener.ConnectAsync();
        await client.CloseAsync((CloseCode)4321, "enough").Within();

        client.Closure!.ToString().Should().Be("clean, closed by this end; sent 4321 \"enough\"; received 4321 \"enough\"");
        (await served.Task.Within()).ToString().Should().Be("clean, closed by the peer; sent 4321 \"enough\"; received 4321 \"enough\"");
    }

    [Fact]
    public async Task A_handler_that_ends_closes_the_connection_normally()
    {
        await using var listener = Start(Loopback.AnyPort, (connection, token) => connection.SendTextAsync("bye", token).AsTask());
        await using var client = await listener.ConnectAsync();
        (await client.ReceiveAsync().Within())!.Value.GetText().Should().Be("bye");
        (await client.ReceiveToEndAsync()).ToString().Should().Be("clean, closed by the peer; sent 1000; received 1000");
    }

    [Fact]
    public async Task A_message_of_16_MiB_comes_back_intact()
    {
        const int Length = 16 * 1024 * 1024;
        var bytes = new byte[Length];
        new Random(16).NextBytes(bytes);
        await using var listener = StartEcho(new WebSocketListenerOptions { MaxMessageSize = Length });
        await using var client = await listener.ConnectAsync(new WebSocketConnectOptions { MaxMessageSize = Length });

        var sending = client.SendAsync(MessageKind.Binary, bytes);
        var echo = await client.ReceiveAsync().Within();
        await sending.Within();

        IsSame(echo!.Value.Payload, bytes).Should().BeTrue();
        await client.CloseAsync().Within();
        client.Closure!.IsClean.Should().BeTrue("{0}", client.Closure);
    }

    [Fact]
    public async Task A_message_of_100000_fragments_arrives_whole()
    {
        const int Count = 100_000;
        var received = new TaskCompletionSource<byte[]>();
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
            received.SetResult((await connection.ReceiveAsync(token))!.Value.ToArray()));
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);

        // Fragments of one byte, masked with zeros: what is on the wire is the payload.
        var frames = new byte[7 * Count];
        for (var i = 0; i < Count; i++)
        {
            frames[7 * i] = (byte)((i == 0 ? 0x02 : 0x00) | (i == Count - 1 ? 0x80 : 0x00));
            frames[(7 * i) + 1] = 0x81;
            frames[(7 * i) + 6] = (byte)i;
        }
        await peer.SendAsync(frames);

        var message = await received.Task.Within();
        message.Should().HaveCount(Count);
        message.Select((value, index) => value == (byte)index).Should().NotContain(false);
        (await peer.ReadFrameAsync()).Should().Be("8802 03e8");
    }

    [Fact]
    public async Task Many_clients_at_once_are_kept_apart()
    {
        await using var listener = StartEcho();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            await using var client = await listener.ConnectAsync();
            for (var i = 0; i < 10; i++) await client.ShouldEchoAsync($"{number}: {i}");
        }));
    }

    [Fact]
    public async Task Open_connections_are_counted()
    {
        await using var listener = StartEcho(new WebSocketListenerOptions { MaxConnections = 2 });
        listener.ConnectionCount.Should().Be(0);
        await using (var one = await listener.ConnectAsync())
        await using (var two = await listener.ConnectAsync())
        {
            await one.ShouldEchoAsync();
            await two.ShouldEchoAsync();
            listener.ConnectionCount.Should().Be(2);
        }
        await listener.StopAsync().Within();
        listener.ConnectionCount.Should().Be(0);
    }

    [Fact]
    public async Task An_address_in_use_is_reported()
    {
        await using var listener = StartEcho();
        var again = () => Start(listener.EndPoint, Loopback.EchoAsync);
        again.Should().Throw<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.AddressAlreadyInUse);
        await listener.ShouldServeAsync();
    }

    [Fact]
    public void It_needs_an_address_and_a_handler()
    {
        var withoutAddress = () => Start(null!, Loopback.EchoAsync);
        var withoutHandler = () => Start(Loopback.AnyPort, null!);
        withoutAddress.Should().Throw<ArgumentNullException>();
        withoutHandler.Should().Throw<ArgumentNullException>();
    }

    private static bool IsSame(in ReadOnlySequence<byte> payload, ReadOnlySpan<byte> expected)
    {
        if (payload.Length != expected.Length) return false;
        foreach (var segment in payload)
        {
            if (!segment.Span.SequenceEqual(expected[..segment.Length])) return false;
            expected = expected[segment.Length..];
        }
        return true;
    }
}
