using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Messages that an extension encodes, in turn: what waits is not encoded yet.</summary>
public class EncodedTurnTests
{
    // Encoded, they could not be taken back, and a sender that gives up again and again would fill the memory.
    [Theory]
    [InlineData(200_000)]
    [InlineData(30_000)]
    public async Task Messages_that_wait_for_a_slow_peer_are_not_encoded_before_their_turn_and_can_be_cancelled(int size)
    {
        var deflate = new PermessageDeflate().Accept(ExtensionParameters.None)!;
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, toPeer: RawPeer.Tiny, extensions: deflate);
        var judge = new StrictInflater(15, keepsContext: true);
        using var cancellation = new CancellationTokenSource();
        var sends = Enumerable.Range(0, 30).Select(i => connection.SendAsync(MessageKind.Binary, Wire.Bytes(size, i), cancellation.Token).AsTask()).ToArray();
        cancellation.Cancel();
        foreach (var send in sends) await send.Awaiting(task => task.Within()).Should().ThrowAsync<OperationCanceledException>();

        var last = connection.SendAsync(MessageKind.Binary, Wire.Bytes(size, 1000)).AsTask();
        var arrived = new List<byte[]>();
        do
        {
            arrived.Add(judge.Inflate((await peer.ReceiveFrameAsync())!.Payload));
        }
        while (!arrived[^1].AsSpan().SequenceEqual(Wire.Bytes(size, 1000)));
        await last.Within();
        arrived.Count.Should().BeLessThanOrEqualTo(6, "there are one under way, those that wait for its flush in 64 KiB, one that is encoded, and the last");
        for (var i = 0; i < arrived.Count - 1; i++) arrived[i].Should().Equal(Wire.Bytes(size, i));
    }
}
