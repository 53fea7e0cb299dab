using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Two receives at a time are misuse, of whatever kind, and the first is not disturbed.</summary>
public class ConcurrentReceiveTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Receiving_in_parts_beside_a_receive_is_misuse(bool messageHasBegun)
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Inline);
        var receiving = connection.ReceiveAsync().AsTask();
        if (messageHasBegun) await peer.SendAsync("01 01 61");
        await FluentActions.Awaiting(() => connection.ReceiveStreamingAsync().Within()).Should().ThrowAsync<InvalidOperationException>();
        receiving.IsCompleted.Should().BeFalse();
        await peer.SendAsync(messageHasBegun ? "80 01 62" : "81 02 6162");
        (await receiving.Within())!.Value.GetText().Should().Be("ab");
        await peer.SendAsync("81 01 63");
        (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("c", "no reader is left behind");
    }

    [Fact]
    public async Task A_receive_beside_receiving_in_parts_is_misuse()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Inline);
        var receiving = connection.ReceiveStreamingAsync().AsTask();
        await FluentActions.Awaiting(() => connection.ReceiveAsync().Within()).Should().ThrowAsync<InvalidOperationException>();
        await FluentActions.Awaiting(() => connection.ReceiveStreamingAsync().Within()).Should().ThrowAsync<InvalidOperationException>();
        await peer.SendAsync("81 01 61");
        (await receiving.Within()).Should().NotBeNull();
    }
}
