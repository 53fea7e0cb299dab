using System.Collections.Concurrent;
using WebSocketCore.EventLoops;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets.EventLoops;

/// <summary>What is scheduled on a loop.</summary>
public sealed class EventLoopTests : IDisposable
{
    private const string ThreadName = "WebSocketCore event loop 1";

    private readonly EventLoopGroup _loops = new(1);

    private EventLoop Loop => _loops.Next();

    public void Dispose() => _loops.End();

    [Fact]
    public async Task Work_runs_in_order_on_the_thread_of_the_loop()
    {
        var numbers = new ConcurrentQueue<int>();
        var names = new ConcurrentBag<string?>();
        var done = new TaskCompletionSource();
        for (var i = 0; i < 1000; i++)
        {
            Loop.Schedule(number =>
            {
                names.Add(Thread.CurrentThread.Name);
                numbers.Enqueue((int)number!);
            }, i);
        }
        Loop.Schedule(_ => done.SetResult(), null);

        await done.Task.Within();
        numbers.Should().Equal(Enumerable.Range(0, 1000));
        names.Distinct().Should().Equal(ThreadName);
    }

    [Fact]
    public async Task Work_that_schedules_work_comes_to_its_end()
    {
        var done = new TaskCompletionSource();
        Loop.Schedule(Next, 1000);
        await done.Task.Within();

        void Next(object? left)
        {
            if ((int)left! == 0) done.SetResult();
            else Loop.Schedule(Next, (int)left - 1);
        }
    }

    [Fact]
    public async Task Work_from_many_threads_is_not_lost()
    {
        const int Threads = 4;
        const int Each = 20_000;
        var count = 0;
        var done = new TaskCompletionSource();
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                Loop.Schedule(_ =>
                {
                    if (++count == Threads * Each) done.SetResult();
                }, null);
                if (i % 100 == 0) Thread.Yield();
            }
        }))).Within();
        await done.Task.Within();
    }

    [Fact]
    public async Task While_work_blocks_another_thread_goes_on_with_the_rest()
    {
        using var unblock = new ManualResetEventSlim();
        var threads = new ConcurrentQueue<int>();
        var (unblocked, done) = (new TaskCompletionSource(), new TaskCompletionSource());

        // All three come in one batch, behind the first work.
        Loop.Schedule(_ =>
        {
            Loop.Schedule(_ =>
            {
                threads.Enqueue(Environment.CurrentManagedThreadId);
                unblock.Wait();
                Loop.Schedule(_ => done.SetResult(), null);
                unblocked.SetResult();
            }, null);
            Loop.Schedule(_ => threads.Enqueue(Environment.CurrentManagedThreadId), null);
            Loop.Schedule(_ =>
            {
                threads.Enqueue(Environment.CurrentManagedThreadId);
                unblock.Set();
            }, null);
        }, null);

        await unblocked.Task.Within();
        await done.Task.Within();
        threads.Should().HaveCount(3);
        threads.Distinct().Should().HaveCount(2);
        threads.ElementAt(1).Should().Be(threads.ElementAt(2)).And.NotBe(threads.ElementAt(0));
    }

    [Fact]
    public async Task What_was_taken_together_with_work_that_blocks_is_not_lost_to_what_comes_later()
    {
        using var unblock = new ManualResetEventSlim();
        var order = new ConcurrentQueue<string>();
        var (blocked, done) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        Loop.Schedule(_ =>
        {
            Loop.Schedule(_ =>
            {
                blocked.SetResult();
                unblock.Wait();
            }, null);
            Loop.Schedule(_ => order.Enqueue("behind"), null);
        }, null);
        await blocked.Task.Within();
        Loop.Schedule(_ =>
        {
            order.Enqueue("later");
            unblock.Set();
            done.SetResult();
        }, null);

        await done.Task.Within();
        order.Should().Equal("behind", "later");
    }

    [Fact]
    public async Task Work_that_blocks_again_and_again_keeps_nobody_from_working()
    {
        for (var i = 0; i < 3; i++)
        {
            using var unblock = new ManualResetEventSlim();
            var (blocked, unblocked) = (new TaskCompletionSource(), new TaskCompletionSource());
            Loop.Schedule(_ =>
            {
                blocked.SetResult();
                unblock.Wait();
                unblocked.SetResult();
            }, null);
            await blocked.Task.Within();
            Loop.Schedule(_ => unblock.Set(), null);
            await unblocked.Task.Within();
        }
    }

    [Fact]
    public async Task What_is_scheduled_on_a_loop_that_has_ended_runs_all_the_same()
    {
        var loop = Loop;
        _loops.End();
        for (var i = 0; i < 1000; i++)
        {
            var done = new TaskCompletionSource();
            loop.Schedule(_ => done.SetResult(), null);
            await done.Task.Within();
        }
    }

    [Fact]
    public async Task Connections_are_spread_over_the_loops()
    {
        var loops = new EventLoopGroup(3);
        var names = new ConcurrentQueue<string?>();
        for (var i = 0; i < 6; i++)
        {
            var done = new TaskCompletionSource();
            loops.Next().Schedule(_ =>
            {
                names.Enqueue(Thread.CurrentThread.Name);
                done.SetResult();
            }, null);
            await done.Task.Within();
        }
        loops.End();
        names.Take(3).Should().OnlyHaveUniqueItems();
        names.Skip(3).Should().Equal(names.Take(3));
    }
}
