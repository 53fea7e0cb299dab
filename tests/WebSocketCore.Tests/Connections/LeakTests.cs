using System.Runtime.CompilerServices;
using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>What a connection borrows it gives back, and when it has ended nothing holds it.</summary>
public class LeakTests
{
    public enum End
    {
        Close,
        PeerClose,
        Violation,
        EndOfStream,
        Abort,
        CloseTimeout,
        KeepAliveTimeout,
        IdleTimeout,
    }

    public static TheoryData<End, WebSocketRole> Ends()
    {
        var ends = new TheoryData<End, WebSocketRole>();
        foreach (var end in Enum.GetValues<End>())
        {
            ends.Add(end, WebSocketRole.Server);
            ends.Add(end, WebSocketRole.Client);
        }
        return ends;
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task After_the_end_nothing_holds_the_connection_its_timer_or_its_memory(End end, WebSocketRole role)
    {
        var pool = new PoisoningPool();
        var time = new CountingTimeProvider();
        var connection = await LiveAsync(end, role, pool, time);
        time.Timers.Should().Be(0);
        pool.ShouldBeBalanced();
        for (var i = 0; i < 10 && connection.IsAlive; i++)
        {
            await Task.Yield();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        connection.IsAlive.Should().BeFalse("nothing holds it");
        GC.KeepAlive(time);
        GC.KeepAlive(pool);
    }

    [Fact]
    public async Task On_the_systems_clock_nothing_holds_it_either()
    {
        var connection = await LiveAsync(End.Close, WebSocketRole.Server, new PoisoningPool(), TimeProvider.System);
        for (var i = 0; i < 10 && connection.IsAlive; i++)
        {
            await Task.Yield();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        connection.IsAlive.Should().BeFalse();
    }

    [Fact]
    public async Task An_idle_connection_holds_no_pooled_memory()
    {
        var pool = new PoisoningPool();
        var (connection, peer) = RawPeer.Connect(WebSocketRole.Server, new WebSocketServerOptions { BufferPool = pool }, RawPeer.Inline);
        foreach (var size in new[] { 10, 10_000, 300_000 })
        {
            var receiving = connection.ReceiveAsync().AsTask();
            await peer.SendFrameAsync(0x82, new byte[size]);
            await connection.SendAsync((await receiving.Within())!.Value).Within();
            await connection.SendTextAsync(new string('x', size)).Within();
            receiving = connection.ReceiveAsync().AsTask();
            pool.Outstanding.Should().Be(0, "a connection that waits for a message needs no memory for it");
            await peer.SendAsync("81 00");
            await receiving.Within();
        }
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task What_is_left_over_in_a_rented_array_never_reaches_the_wire(WebSocketRole role)
    {
        var pool = new PoisoningPool();
        var (connection, peer) = RawPeer.Connect(role, new WebSocketServerOptions { BufferPool = pool }, RawPeer.Tiny);
        var sends = new List<Task>();
        int[] sizes = [0, 1, 100, 125, 126, 4000, 65_535, 65_537, 200_000];
        foreach (var size in sizes)
        {
            sends.Add(connection.SendTextAsync(new string('a', size)).AsTask());
            sends.Add(connection.SendAsync(MessageKind.Binary, Enumerable.Repeat((byte)'a', size).ToArray()).AsTask());
        }
        foreach (var size in sizes)
        {
            for (var i = 0; i < 2; i++)
            {
                var frame = (await peer.ReceiveFrameAsync())!;
                frame.Payload.Should().HaveCount(size);
                frame.Payload.AsSpan().ContainsAnyExcept((byte)'a').Should().BeFalse();
            }
        }
        await Task.WhenAll(sends).Within();
        connection.Abort();
        await connection.DisposeAsync().Within();
        pool.ShouldBeBalanced();
    }

    // A life with everything in it, in a frame of its own so that nothing here holds the connection afterwards.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> LiveAsync(End end, WebSocketRole role, PoisoningPool pool, TimeProvider time)
    {
        var options = new WebSocketServerOptions
        {
            BufferPool = pool,
            TimeProvider = time,
            IdleTimeout = end == End.IdleTimeout ? TimeSpan.FromSeconds(10) : Timeout.InfiniteTimeSpan,
        };
        var (connection, peer) = RawPeer.Connect(role, options);
        await peer.SendAsync("89 00", "82 03 010203", "01 01 61");
        await connection.ReceiveAsync().Within();
        await connection.SendTextAsync("x").Within();
        using var cancel = new CancellationTokenSource();
        var cancelled = new List<Task> { connection.ReceiveAsync(cancel.Token).AsTask(), connection.PingAsync(cancel.Token).AsTask() };
        cancel.Cancel();
        foreach (var task in cancelled) await task.Awaiting(t => t.Within()).Should().ThrowAsync<OperationCanceledException>();
        var ping = connection.PingAsync().AsTask();
        await EndAsync(end, connection, peer, time as CountingTimeProvider);
        await connection.Closed.Within();
        await connection.DisposeAsync().Within();
        await ping.Awaiting(t => t.Within()).Should().ThrowAsync<WebSocketClosedException>();
        return new WeakReference(connection);
    }

    private static async Task EndAsync(End end, WebSocketConnection connection, RawPeer peer, CountingTimeProvider? time)
    {
        var closing = Task.CompletedTask;
        switch (end)
        {
            case End.Close:
                closing = connection.CloseAsync().AsTask();
                await peer.SendAsync("88 02 03e8");
                break;
            case End.PeerClose:
                await peer.SendAsync("88 02 03e8");
                break;
            case End.Violation:
                await peer.SendAsync("83 00");
                break;
            case End.Abort:
                connection.Abort();
                break;
            case End.CloseTimeout:
                closing = connection.CloseAsync().AsTask();
                time!.Advance(TimeSpan.FromSeconds(5));
                break;
            case End.KeepAliveTimeout:
                var receiving = connection.ReceiveAsync().AsTask();
                time!.Advance(TimeSpan.FromSeconds(20));
                time.Advance(TimeSpan.FromSeconds(20));
                await receiving.Within();
                break;
            case End.IdleTimeout:
                time!.Advance(TimeSpan.FromSeconds(10));
                await peer.SendAsync("80 00", "88 02 03e9");
                break;
        }
        peer.End();
        if (end == End.IdleTimeout) await ReceivingTests.ReadAllAsync(connection).Within();
        await closing.Within();
    }

    /// <summary>A fake clock that knows how many timers are set up.</summary>
    private sealed class CountingTimeProvider : FakeTimeProvider
    {
        private int _timers;

        public int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _timers);
            return new CountedTimer(this, base.CreateTimer(callback, state, dueTime, period));
        }

        private sealed class CountedTimer(CountingTimeProvider owner, ITimer inner) : ITimer
        {
            private bool _disposed;

            public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime, period);

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _disposed, true)) return;
                Interlocked.Decrement(ref owner._timers);
                inner.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
