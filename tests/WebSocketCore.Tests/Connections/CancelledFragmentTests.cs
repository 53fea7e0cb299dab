using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>A token never takes a fragment out of its message.</summary>
public class CancelledFragmentTests
{
    [Theory]
    [InlineData(WebSocketRole.Server, false)]
    [InlineData(WebSocketRole.Server, true)]
    [InlineData(WebSocketRole.Client, false)]
    [InlineData(WebSocketRole.Client, true)]
    public async Task Written_with_a_cancelled_token_every_fragment_is_sent_once(WebSocketRole role, bool peerReadsSlowly)
    {
        var (connection, peer) = RawPeer.Connect(role, toPeer: peerReadsSlowly ? RawPeer.Tiny : null);
        var cancelled = new CancellationToken(canceled: true);
        var writer = await connection.StartMessageAsync(MessageKind.Binary).Within();
        var sizes = new[] { 1, 40_000, 40_000, 200_000, 3 };
        foreach (var size in sizes)
        {
            var memory = Wire.Bytes(size);
            await CompletesOrIsCancelledAsync(writer.WriteAsync(memory, cancelled));
            Array.Clear(memory);
        }
        await CompletesOrIsCancelledAsync(writer.CompleteAsync(cancelled));
        await writer.DisposeAsync();
        var next = connection.SendTextAsync("next").AsTask();

        var first = 0x02;
        foreach (var size in sizes)
        {
            var frame = (await peer.ReceiveFrameAsync())!;
            frame.First.Should().Be((byte)first);
            frame.Payload.AsSpan().SequenceEqual(Wire.Bytes(size)).Should().BeTrue();
            first = 0x00;
        }
        (await peer.ReceiveAsync()).Should().Be("8000");
        (await peer.ReceiveAsync()).Should().Be("8104 6e657874");
        await next.Within();
        connection.State.Should().Be(ConnectionState.Open);
    }

    [Fact]
    public async Task Completed_with_a_cancelled_token_the_message_lets_others_begin()
    {
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server);
        var writer = await connection.StartMessageAsync(MessageKind.Text).Within();
        var waiting = connection.SendTextAsync("w").AsTask();
        await CompletesOrIsCancelledAsync(writer.CompleteAsync(new CancellationToken(canceled: true)));
        await waiting.Within();
        foreach (var frame in new[] { "8100", "8101 77" }) (await peer.ReceiveAsync()).Should().Be(frame);
    }

    private static async Task CompletesOrIsCancelledAsync(ValueTask sending)
    {
        try
        {
            await sending.Within();
        }
        catch (OperationCanceledException)
        {
            // As good.
        }
    }
}
