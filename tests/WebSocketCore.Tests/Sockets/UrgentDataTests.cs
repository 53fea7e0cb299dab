using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>Urgent data (RFC 9293, section 3.8.5) has no meaning between WebSocket peers. It must not do any harm either.</summary>
public class UrgentDataTests : ListenerTest
{
    // A text message, "Hello", masked (RFC 6455, section 5.7).
    private const string Hello = "8185 37fa213d 7f9f4d5158";

    protected override int EventLoops => 1;

    [Fact]
    public async Task It_is_no_part_of_the_stream_wherever_it_stands()
    {
        await using var listener = StartEcho();
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        var frame = Wire.Hex(Hello);
        for (var position = 0; position <= frame.Length; position++)
        {
            await peer.SendAsync(frame.AsMemory(0, position));
            await peer.SendUrgentAsync();
            await peer.SendAsync(frame.AsMemory(position));
            (await peer.ReadFrameAsync()).Should().Be("8105 48656c6c6f", "of urgent data behind byte {0}", position);
        }
    }

    [Fact]
    public async Task It_is_no_part_of_the_handshake()
    {
        await using var listener = StartEcho();
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendTextAsync(RawTcpPeer.Upgrade[..30]);
        await peer.SendUrgentAsync();
        await peer.SendTextAsync(RawTcpPeer.Upgrade[30..]);
        (await peer.ReadHeadAsync()).Should().StartWith("HTTP/1.1 101 ");
    }

    [Fact]
    public async Task What_stays_unread_of_it_gives_no_work_while_others_are_served()
    {
        const int Messages = 200;
        var pool = new LimitedPool();
        await using var listener = StartEcho(new() { BufferPool = pool });
        await using var other = await listener.ConnectAsync();
        var usual = await RentsAsync();

        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        await peer.SendUrgentAsync();
        (await RentsAsync()).Should().BeLessThan(usual + Messages / 2, "a connection that is told of the same urgent data each time receives each time");
        await peer.SendHexAsync(Hello);
        (await peer.ReadFrameAsync()).Should().Be("8105 48656c6c6f");

        async Task<long> RentsAsync()
        {
            var before = pool.Rents;
            for (var i = 0; i < Messages; i++) await other.ShouldEchoAsync();
            return pool.Rents - before;
        }
    }
}
