using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

[Collection(AloneCollection.Name)]
public class SocketAllocationTests : SocketPipeTest
{
#if DEBUG
    // Without optimization the compiler makes every state machine an object.
    private const int Allowed = 1024;
#else
    private const int Allowed = 0;
#endif

    [Theory]
    [InlineData(16)]
    [InlineData(20_000)]
    public async Task A_message_there_and_back_allocates_nothing(int length)
    {
        const int Rounds = 1000;
        using var sockets = await SocketPair.ConnectAsync();
        var (near, far) = (Open(sockets.Local), Open(sockets.Peer));
        var message = new byte[length];
        var echo = Task.Run(async () =>
        {
            while (true)
            {
                var result = await far.Input.ReadAsync();
                if (result.IsCompleted) return;
                foreach (var segment in result.Buffer) await far.Output.WriteAsync(segment);
                far.Input.AdvanceTo(result.Buffer.End);
            }
        });

        // The least of some tries: caches fill at first, and the runtime's own threads allocate now and then.
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var round = 0; round < Rounds; round++)
            {
                await near.Output.WriteAsync(message);
                for (var received = 0L; received < length;)
                {
                    var result = await near.Input.ReadAsync();
                    received += result.Buffer.Length;
                    near.Input.AdvanceTo(result.Buffer.End);
                }
            }
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        await near.Output.CompleteAsync();
        await echo;

        (least / Rounds).Should().BeLessThanOrEqualTo(Allowed);
    }
}
