using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets.EventLoops;

/// <summary>What handlers do on a loop: all connections of a test are on the same one.</summary>
public sealed class LoopHandlerTests : ListenerTest
{
    private const string ThreadName = "WebSocketCore event loop 1";

    protected override SocketTransport Transport => SocketTransport.EventLoop;

    protected override int EventLoops => 1;

    [Fact]
    public async Task A_handler_stays_on_the_loop_when_it_waits_for_its_connection_only()
    {
        var names = new List<string?>();
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            names.Add(Thread.CurrentThread.Name);
            await foreach (var message in connection.ReadAllAsync(token))
            {
                names.Add(Thread.CurrentThread.Name);
                await connection.SendAsync(message, token);
                names.Add(Thread.CurrentThread.Name);
            }
            names.Add(Thread.CurrentThread.Name);
        }, new WebSocketListenerOptions
        {
            OnHandshake = async (handshake, token) =>
            {
                names.Add(Thread.CurrentThread.Name);
                return await handshake.AcceptAsync(cancellationToken: token);
            },
        });
        await using (var client = await listener.ConnectAsync())
        {
            for (var i = 0; i < 10; i++) await client.ShouldEchoAsync();

            // The kernel does not take all of this at once.
            var large = new byte[1_000_000];
            var sending = client.SendAsync(MessageKind.Binary, large);
            (await client.ReceiveAsync().Within())!.Value.Payload.Length.Should().Be(large.Length);
            await sending.Within();
        }
        await listener.StopAsync().Within();
        names.Distinct().Should().Equal(ThreadName);
    }

    [Fact]
    public async Task A_handler_may_go_on_elsewhere_and_comes_back()
    {
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await foreach (var message in connection.ReadAllAsync(token))
            {
                var text = message.GetText();
                await Task.Run(() => Thread.CurrentThread.Name.Should().NotBe(ThreadName), token);
                await Task.Yield();
                await connection.SendTextAsync(text, token);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            await using var client = await listener.ConnectAsync();
            for (var i = 0; i < 50; i++) await client.ShouldEchoAsync($"{number}: {i}");
        }));
    }

    [Fact]
    public async Task A_handler_that_blocks_until_another_of_its_loop_has_run_gets_what_it_waits_for()
    {
        using var unblock = new ManualResetEventSlim();
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await foreach (var message in connection.ReadAllAsync(token))
            {
                if (message.GetText() == "block") unblock.Wait(token);
                else unblock.Set();
                await connection.SendAsync(message, token);
            }
        });
        await using var blocking = await listener.ConnectAsync();
        await using var other = await listener.ConnectAsync();
        await blocking.SendTextAsync("block").Within();
        await other.ShouldEchoAsync("unblock");
        (await blocking.ReceiveAsync().Within())!.Value.GetText().Should().Be("block");

        // All goes on as before.
        await blocking.ShouldEchoAsync();
        await other.ShouldEchoAsync();
    }

    [Fact]
    public async Task Many_handlers_that_block_at_once_stop_nobody()
    {
        using var unblock = new ManualResetEventSlim();
        using var blocked = new CountdownEvent(5);
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await foreach (var message in connection.ReadAllAsync(token))
            {
                if (message.GetText() == "block")
                {
                    blocked.Signal();
                    unblock.Wait(token);
                }
                await connection.SendAsync(message, token);
            }
        });
        await using var other = await listener.ConnectAsync();
        var blocking = new List<WebSocketConnection>();
        for (var i = 0; i < 5; i++)
        {
            blocking.Add(await listener.ConnectAsync());
            await blocking[i].SendTextAsync("block").Within();
        }
        await Task.Run(blocked.Wait).Within();
        for (var i = 0; i < 20; i++) await other.ShouldEchoAsync();
        unblock.Set();
        foreach (var connection in blocking)
        {
            (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be("block");
            await connection.ShouldEchoAsync();
            await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_handler_may_block_on_its_own_input_and_output()
    {
        var large = new byte[8 << 20];
        await using var listener = Start(Loopback.AnyPort, (connection, _) =>
        {
            var message = connection.ReceiveAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            message!.Value.GetText().Should().Be("go");
            connection.SendAsync(MessageKind.Binary, large, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return Task.CompletedTask;
        });
        await using var client = await listener.ConnectAsync(new WebSocketConnectOptions { MaxMessageSize = large.Length });
        await client.SendTextAsync("go").Within();
        (await client.ReceiveAsync().Within())!.Value.Payload.Length.Should().Be(large.Length);
        (await client.ReceiveToEndAsync()).ReceivedCode.Should().Be(CloseCode.NormalClosure);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_holds_up_its_own_connection_only()
    {
        var large = new byte[32 << 20];
        var sent = new TaskCompletionSource();
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            if (connection.Request!.Path == "/large")
            {
                await connection.SendAsync(MessageKind.Binary, large, token);
                sent.SetResult();
            }
            await Loopback.EchoAsync(connection, token);
        });
        await using var stuck = await WebSocketClient.ConnectAsync(
            listener.Uri("/large"), new WebSocketConnectOptions { MaxMessageSize = large.Length }).Within();
        await using var other = await listener.ConnectAsync();
        for (var i = 0; i < 20; i++) await other.ShouldEchoAsync();
        sent.Task.IsCompleted.Should().BeFalse("the peer has not taken it");

        (await stuck.ReceiveAsync().Within())!.Value.Payload.Length.Should().Be(large.Length);
        await sent.Task.Within();
        await stuck.ShouldEchoAsync();
    }

    [Fact]
    public async Task A_peer_that_never_stops_sending_does_not_keep_the_loop()
    {
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await foreach (var message in connection.ReadAllAsync(token))
            {
                if (message.Kind == MessageKind.Text) await connection.SendAsync(message, token);
            }
        });
        using var flooding = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        using var stop = new CancellationTokenSource();

        // Empty binary frames, masked.
        var frames = new byte[6 * 20_000];
        for (var i = 0; i < frames.Length; i += 6) (frames[i], frames[i + 1]) = (0x82, 0x80);
        var flood = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await flooding.SendAsync(frames);
        });
        await using var other = await listener.ConnectAsync();
        for (var i = 0; i < 50; i++) await other.ShouldEchoAsync();
        await stop.CancelAsync();
        await flood.Within();
    }

    [Fact]
    public async Task Many_connections_share_a_loop()
    {
        await using var listener = StartEcho();
        var clients = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => listener.ConnectAsync()));
        for (var i = 0; i < 5; i++) await Task.WhenAll(clients.Select((client, number) => client.ShouldEchoAsync($"{number}: {i}")));
        listener.ConnectionCount.Should().Be(300);
        var closures = clients.Select(client => client.ReceiveToEndAsync()).ToArray();
        await listener.StopAsync().Within();
        foreach (var closure in await Task.WhenAll(closures)) closure.ReceivedCode.Should().Be(CloseCode.GoingAway);
    }

    [Fact]
    public async Task Handlers_may_use_connections_of_other_loops()
    {
        // Each message goes to the other one, which may be on the other loop.
        var pair = new List<WebSocketConnection>();
        await using var listener = WebSocketListener.Start(Loopback.AnyPort, async (connection, token) =>
        {
            lock (pair) pair.Add(connection);
            await foreach (var message in connection.ReadAllAsync(token))
            {
                WebSocketConnection other;
                lock (pair) other = pair.Single(c => c != connection);
                await other.SendAsync(message, token);
            }
        }, new WebSocketListenerOptions { Transport = SocketTransport.EventLoop, EventLoops = 2 });
        await using var one = await listener.ConnectAsync();
        await using var two = await listener.ConnectAsync();

        // A client is connected before its handler has begun.
        await Loopback.UntilAsync(() =>
        {
            lock (pair) return pair.Count == 2;
        });
        var (sending, receiving) = (SendAsync(one), ReceiveAsync(two));
        await Task.WhenAll(SendAsync(two), ReceiveAsync(one), sending, receiving);

        static async Task SendAsync(WebSocketConnection connection)
        {
            for (var i = 0; i < 5000; i++) await connection.SendTextAsync($"{i}").Within();
        }

        static async Task ReceiveAsync(WebSocketConnection connection)
        {
            for (var i = 0; i < 5000; i++) (await connection.ReceiveAsync().Within())!.Value.GetText().Should().Be($"{i}");
        }
    }

    [Fact]
    public async Task Reading_completing_cancelling_and_aborting_at_once_ends()
    {
        for (var round = 0; round < 300; round++)
        {
            using var opener = new LoopPipeOpener();
            var pool = new PoisoningPool();
            using var sockets = await SocketPair.ConnectAsync();
            var pipe = opener.Open(sockets.Local, pool);
            var reading = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        var result = await pipe.Input.ReadAsync();
                        pipe.Input.AdvanceTo(result.Buffer.End);
                        if (result.IsCompleted) return;
                    }
                }
                catch (Exception exception) when (exception is IOException or InvalidOperationException)
                {
                    // Completed or closed meanwhile.
                }
            });
            await Task.WhenAll(
                Task.Run(() => SendAsync(sockets.Peer)),
                Task.Run(pipe.Input.CancelPendingRead),
                Task.Run(() => pipe.Output.Complete()),
                Task.Run(() => pipe.Input.Complete(round % 2 == 0 ? null : new IOException())),
                Task.Run(() =>
                {
                    if (round % 3 == 0) ((IDisposable)pipe).Dispose();
                    else if (round % 3 == 1) SocketPair.Reset(sockets.Peer);
                })).Within();
            await reading.Within();
            pool.ShouldBeBalanced();
        }

        static async Task SendAsync(Socket peer)
        {
            try
            {
                await peer.SendAsync(new byte[10_000]);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // It was reset meanwhile.
            }
        }
    }
}
