using System.Buffers;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Over a transport that receives into and sends from the connection's own memory.</summary>
public class DirectTransportTests
{
    private const int Large = 1024 * 1024;

    private readonly byte[] _payload = Wire.Bytes(Large);

    [Theory]
    [InlineData(WebSocketRole.Server, int.MaxValue)]
    [InlineData(WebSocketRole.Server, 70_001)]
    [InlineData(WebSocketRole.Client, 70_001)]
    public async Task A_large_message_comes_whole(WebSocketRole role, int mostAtOnce)
    {
        var (connection, peer, pipe) = Connect(role);
        pipe.MostAtOnce = mostAtOnce;
        var receiving = connection.ReceiveAsync();
        var wire = peer.OnWire([.. Wire.Frame(0x82, _payload), .. Wire.Frame(0x81, "next"u8)]);

        for (var position = 0; position < wire.Length; position += 90_000)
            await peer.SendBytesAsync(wire.AsMemory(position, Math.Min(90_000, wire.Length - position)));

        (await receiving.AsTask().Within())!.Value.ToArray().Should().Equal(_payload);
        (await connection.ReceiveAsync().AsTask().Within())!.Value.GetText().Should().Be("next");
        pipe.DirectReceives.Should().BePositive();
    }

    [Fact]
    public async Task A_receive_that_is_cancelled_in_the_middle_of_a_large_message_loses_nothing()
    {
        var (connection, peer, pipe) = Connect(WebSocketRole.Server);
        var wire = peer.OnWire(Wire.Frame(0x82, _payload));
        await peer.SendBytesAsync(wire.AsMemory(0, 300_000));
        using var cancellation = new CancellationTokenSource();
        var receiving = connection.ReceiveAsync(cancellation.Token).AsTask();
        pipe.DirectReceives.Should().BePositive("the beginning has been taken, and the rest is waited for");

        await cancellation.CancelAsync();

        await FluentActions.Awaiting(() => receiving.Within()).Should().ThrowAsync<OperationCanceledException>();
        await peer.SendBytesAsync(wire.AsMemory(300_000, 1000));
        var pinging = connection.PingAsync();
        var again = connection.ReceiveAsync().AsTask();
        await peer.SendBytesAsync(wire.AsMemory(301_000));
        (await again.Within())!.Value.ToArray().Should().Equal(_payload);
        var ping = await peer.ReceiveFrameAsync();
        var next = connection.ReceiveAsync().AsTask();
        await peer.SendFrameAsync(0x8A, ping!.Payload);
        await pinging.AsTask().Within();
        connection.Abort();
        await next.Within();
    }

    [Fact]
    public async Task A_large_message_can_go_on_in_parts()
    {
        var (connection, peer, _) = Connect(WebSocketRole.Server);
        var wire = peer.OnWire(Wire.Frame(0x82, _payload));
        await peer.SendBytesAsync(wire.AsMemory(0, 300_000));
        using var cancellation = new CancellationTokenSource();
        var receiving = connection.ReceiveAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => receiving.Within()).Should().ThrowAsync<OperationCanceledException>();

        using var reader = await connection.ReceiveStreamingAsync().AsTask().Within();
        await peer.SendBytesAsync(wire.AsMemory(300_000));
        var received = new MemoryStream();
        await reader!.CopyToAsync(received).AsTask().Within();

        received.ToArray().Should().Equal(_payload);
    }

    [Fact]
    public async Task Invalid_text_in_a_large_message_fails_the_connection_at_its_byte()
    {
        var (connection, peer, pipe) = Connect(WebSocketRole.Server);
        var text = Enumerable.Repeat((byte)'a', Large).ToArray();
        text[400_000] = 0xC0;
        var receiving = connection.ReceiveAsync().AsTask();
        var wire = peer.OnWire(Wire.Frame(0x81, text));
        await peer.SendBytesAsync(wire.AsMemory(0, 390_000));
        await peer.SendBytesAsync(wire.AsMemory(390_000, 20_000));

        (await FluentActions.Awaiting(() => receiving.Within()).Should().ThrowAsync<WebSocketProtocolException>())
            .Which.Error.Should().Be(ProtocolError.InvalidUtf8);
        pipe.DirectReceives.Should().BePositive();
        (await peer.ReceiveFrameAsync())!.Hex.Should().StartWith("88").And.Contain("03ef", "1007");
        peer.End();
        await connection.Closed.Within();
    }

    [Fact]
    public async Task The_end_of_the_stream_in_a_large_message_ends_the_connection()
    {
        var (connection, peer, _) = Connect(WebSocketRole.Server);
        var receiving = connection.ReceiveAsync().AsTask();
        await peer.SendBytesAsync(peer.OnWire(Wire.Frame(0x82, _payload)).AsMemory(0, 300_000));
        peer.End();

        (await receiving.Within()).Should().BeNull();
        connection.Closure!.Cause.Should().Be(ClosureCause.TransportEnded);
    }

    [Fact]
    public async Task An_abort_ends_a_receive_into_the_message()
    {
        var (connection, peer, pipe) = Connect(WebSocketRole.Server);
        var receiving = connection.ReceiveAsync().AsTask();
        await peer.SendBytesAsync(peer.OnWire(Wire.Frame(0x82, _payload)).AsMemory(0, 300_000));
        pipe.DirectReceives.Should().BePositive();

        connection.Abort();

        (await receiving.Within()).Should().BeNull();
        await connection.Closed.Within();
    }

    [Theory]
    [InlineData(int.MaxValue, 0)]
    [InlineData(100_000, 6)]
    [InlineData(0, Large)]
    public async Task A_server_sends_from_the_callers_memory_what_the_transport_takes_at_once(int mostAtOnce, int copiedAtLeast)
    {
        var (connection, peer, pipe) = Connect(WebSocketRole.Server);
        pipe.MostAtOnce = mostAtOnce;

        await connection.SendAsync(MessageKind.Binary, _payload).AsTask().Within();

        var frame = await peer.ReceiveFrameAsync();
        frame!.First.Should().Be(0x82);
        frame.Payload.Should().Equal(_payload);
        pipe.DirectlySent.Should().BeLessThanOrEqualTo(Large - copiedAtLeast);
        if (mostAtOnce > 0) pipe.DirectlySent.Should().BePositive();
    }

    [Fact]
    public async Task A_client_never_sends_from_the_callers_memory_which_is_not_masked()
    {
        var (connection, peer, pipe) = Connect(WebSocketRole.Client);

        await connection.SendAsync(MessageKind.Binary, _payload).AsTask().Within();

        (await peer.ReceiveFrameAsync())!.Payload.Should().Equal(_payload);
        pipe.DirectlySent.Should().Be(0);
    }

    [Fact]
    public async Task A_message_of_many_segments_is_sent_as_it_lies()
    {
        var (connection, peer, pipe) = Connect(WebSocketRole.Server);
        using var message = new MessageBuffer(MessageKind.Binary);
        for (var position = 0; position < Large; position += 10_000) message.Write(_payload.AsSpan(position, Math.Min(10_000, Large - position)));
        message.Written.IsSingleSegment.Should().BeFalse();

        await connection.SendAsync(message).AsTask().Within();

        (await peer.ReceiveFrameAsync())!.Payload.Should().Equal(_payload);
        pipe.DirectlySent.Should().Be(Large);
    }

    [Fact]
    public async Task A_direct_send_that_fails_ends_the_connection()
    {
        var (connection, _, pipe) = Connect(WebSocketRole.Server);
        pipe.SendError = new IOException("cut");

        var sending = connection.SendAsync(MessageKind.Binary, _payload).AsTask();

        (await FluentActions.Awaiting(() => sending.Within()).Should().ThrowAsync<WebSocketClosedException>())
            .Which.Closure.TransportError.Should().BeSameAs(pipe.SendError);
        connection.Abort();
        await connection.Closed.Within();
    }

    private static (WebSocketConnection Connection, RawPeer Peer, DirectPipe Pipe) Connect(WebSocketRole role)
    {
        DirectPipe? pipe = null;
        var (connection, peer) = RawPeer.Connect(role, toPeer: RawPeer.Inline, wrap: inner => pipe = new DirectPipe(inner));
        return (connection, peer, pipe!);
    }
}
