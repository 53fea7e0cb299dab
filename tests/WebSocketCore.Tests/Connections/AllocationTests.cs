using System.Buffers;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>In the steady state a message costs no allocation, received or sent.</summary>
public class AllocationTests
{
    private const int Messages = 10_000;

    [OptimizedTheory]
    [InlineData(WebSocketRole.Server, 0)]
    [InlineData(WebSocketRole.Server, 32)]
    [InlineData(WebSocketRole.Server, 16 * 1024)]
    [InlineData(WebSocketRole.Client, 32)]
    [InlineData(WebSocketRole.Client, 16 * 1024)]
    public async Task An_echo(WebSocketRole role, int size) =>
        await ShouldNotAllocateAsync(role, 0x82, new byte[size], async connection =>
        {
            while (await connection.ReceiveAsync().ConfigureAwait(false) is { } message) await connection.SendAsync(message).ConfigureAwait(false);
        });

    [OptimizedTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_echo_that_is_compressed(bool keepsContext)
    {
        // "Hello" twenty times, compressed without a reference to anything before.
        var payload = Wire.Hex("f248cdc9c9f7a02d0100");
        new StrictInflater(15, keepsContext: false).Inflate(payload).Should().HaveCountGreaterThan(64);
        var deflate = new PermessageDeflate { ServerNoContextTakeover = !keepsContext, ClientNoContextTakeover = !keepsContext };
        await ShouldNotAllocateAsync(WebSocketRole.Server, 0xC1, payload, async connection =>
        {
            while (await connection.ReceiveAsync().ConfigureAwait(false) is { } message) await connection.SendAsync(message).ConfigureAwait(false);
        }, deflate.Accept(ExtensionParameters.None)!);
    }

    [OptimizedTheory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Text_from_a_string(WebSocketRole role) =>
        await ShouldNotAllocateAsync(role, 0x81, "request"u8.ToArray(), async connection =>
        {
            while (await connection.ReceiveAsync().ConfigureAwait(false) is not null) await connection.SendTextAsync("réponse").ConfigureAwait(false);
        });

    [OptimizedTheory]
    [InlineData(WebSocketRole.Server)]
    public async Task A_composed_message(WebSocketRole role) =>
        await ShouldNotAllocateAsync(role, 0x82, new byte[10], async connection =>
        {
            using var answer = new MessageBuffer(MessageKind.Text);
            while (await connection.ReceiveAsync().ConfigureAwait(false) is not null)
            {
                answer.Clear();
                answer.Write("answer"u8);
                await connection.SendAsync(answer).ConfigureAwait(false);
            }
        });

    [OptimizedTheory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task A_ping_and_its_pong(WebSocketRole role) =>
        await ShouldNotAllocateAsync(role, 0x89, new byte[8], async connection => await connection.ReceiveAsync().ConfigureAwait(false));

    // Everything runs on one thread, which has no synchronisation context.
    private static async Task ShouldNotAllocateAsync(WebSocketRole role, byte first, byte[] payload, Func<WebSocketConnection, Task> serve, params IReadOnlyList<NegotiatedExtension> extensions)
    {
        var measured = new TaskCompletionSource<(long Allocated, long Answered)>();
        var thread = new Thread(() =>
        {
            try
            {
                var (connection, peer) = RawPeer.Connect(role, new WebSocketServerOptions(), RawPeer.Inline, extensions: extensions);
                var serving = serve(connection);
                var frame = peer.OnWire(Wire.Frame(first, payload));
                for (var i = 0; i < 1000; i++) peer.Exchange(frame);

                // The runtime may trim a pool, or allocate on its own account, once in a while; what a message costs comes back in every round.
                var answered = 0L;
                var least = long.MaxValue;
                for (var round = 0; round < 4; round++)
                {
                    var before = GC.GetAllocatedBytesForCurrentThread();
                    for (var i = 0; i < Messages / 4; i++) answered += peer.Exchange(frame) == 0 ? 0 : 1;
                    least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
                }
                measured.SetResult((least, answered));
                connection.Abort();
                serving.Wait();
            }
            catch (Exception exception)
            {
                measured.TrySetException(exception);
            }
        });
        thread.Start();
        var (allocated, answered) = await measured.Task.Within();
        answered.Should().Be(Messages, "each message is answered before the next one is sent");
        allocated.Should().Be(0);
    }
}
