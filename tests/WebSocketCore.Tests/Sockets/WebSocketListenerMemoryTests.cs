using System.Collections.Concurrent;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

/// <summary>A pool that gives no memory, at every point of a connection's life.</summary>
public class WebSocketListenerMemoryTests : ListenerTest
{
    /// <summary>Who shares a loop with a connection that fails goes on.</summary>
    protected override int EventLoops => 1;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_the_pool_gives_nothing_one_connection_ends(bool alsoAllThatFollow)
    {
        var pool = new LimitedPool();
        var errors = new ConcurrentQueue<Exception>();
        await using var listener = StartEcho(new() { BufferPool = pool, OnError = errors.Enqueue, CloseTimeout = TimeSpan.FromMilliseconds(50) });
        await using var other = await listener.ConnectAsync();
        var refused = 0;
        do
        {
            pool.RefuseAfter(refused, alsoAllThatFollow);
            await LiveAsync(listener);
            await Loopback.UntilAsync(() => listener.ConnectionCount == 1);
            if (!pool.EndRefusing()) break;
            refused++;
            await other.ShouldEchoAsync();
            await listener.ShouldServeAsync();
        }
        while (true);

        refused.Should().BeGreaterThan(6, "a head is received, parsed and answered, and messages are received, put together and sent");
        errors.Should().NotBeEmpty().And.AllBeOfType<InsufficientMemoryException>();
    }

    [Fact]
    public async Task Where_it_gives_nothing_for_the_rest_of_an_answer_there_is_no_other_answer()
    {
        var pool = new LimitedPool();
        KeyValuePair<string, string>[] headers = [new("X-First", new string('x', 4000)), new("X-Second", new string('x', 8000))];
        await using var listener = StartEcho(new()
        {
            BufferPool = pool,
            OnHandshake = async (handshake, token) => await handshake.AcceptAsync(headers: headers, cancellationToken: token),
        });
        var heads = new List<string>();
        for (var refused = 0; refused == heads.Count; refused++)
        {
            pool.RefuseAfter(refused, allThatFollow: false);
            using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
            await peer.SendTextAsync(RawTcpPeer.Upgrade);
            var head = await HeadAsync(peer);
            if (pool.EndRefusing()) heads.Add(head);
        }
        heads.Should().HaveCountGreaterThan(3).And.OnlyContain(head => head.Length == 0 || head.StartsWith("HTTP/1.1 400 ") || head.StartsWith("HTTP/1.1 500 "));
    }

    private static async Task<string> HeadAsync(RawTcpPeer peer)
    {
        try
        {
            return (await peer.ReadHeadAsync()).Replace("<end>", "", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    /// <summary>A whole life: the handshake, a ping, messages in pieces, of which one is large, and the end. The listener may cut it short.</summary>
    private static async Task LiveAsync(WebSocketListener listener)
    {
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        try
        {
            await peer.SendTextAsync(RawTcpPeer.Upgrade);
            if (!(await peer.ReadHeadAsync()).StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal)) return;
            byte[] frames =
            [
                .. Wire.Frame(0x89, "ping"u8), .. Wire.Frame(0x81, "small"u8), .. Wire.Frame(0x02, new byte[3000]), .. Wire.Frame(0x80, new byte[3000]),
                .. Wire.Frame(0x82, new byte[300_000]),
            ];
            await peer.SendAsync(Wire.Mask(frames));
            await peer.SendAsync(Wire.Mask(Wire.Frame(0x88, [])));
        }
        catch (SocketException)
        {
            // Cut short.
        }
        await peer.DroppedAsync();
    }
}
