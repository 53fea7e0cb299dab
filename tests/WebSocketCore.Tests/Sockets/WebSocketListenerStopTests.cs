using System.Collections.Concurrent;
using System.Net.Sockets;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Sockets;

public class WebSocketListenerStopTests : ListenerTest
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromHours(1);

    private readonly ObservedTime _time = new();
    private readonly ConcurrentQueue<Exception> _errors = new();

    [Fact]
    public async Task All_clients_see_1001_and_all_handlers_end()
    {
        var ended = 0;
        await using var listener = Start(Loopback.AnyPort, async (connection, token) =>
        {
            await Loopback.EchoAsync(connection, token);
            token.IsCancellationRequested.Should().BeFalse();
            Interlocked.Increment(ref ended);
        }, Options());
        var clients = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => listener.ConnectAsync()));
        foreach (var client in clients) await client.ShouldEchoAsync();
        var closures = clients.Select(client => client.ReceiveToEndAsync()).ToArray();

        await listener.StopAsync().Within();

        ended.Should().Be(clients.Length);
        listener.ConnectionCount.Should().Be(0);
        foreach (var closure in await Task.WhenAll(closures))
            closure.ToString().Should().Be("clean, closed by the peer; sent 1001 \"the server is shutting down\"; received 1001 \"the server is shutting down\"");
        _errors.Should().BeEmpty();
    }

    [Fact]
    public async Task The_port_is_free_again()
    {
        var listener = StartEcho();
        await listener.ShouldServeAsync();
        await listener.StopAsync().Within();

        var connecting = () => listener.ConnectAsync();
        (await connecting.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
        await using var next = Start(listener.EndPoint, Loopback.EchoAsync);
        next.EndPoint.Should().Be(listener.EndPoint);
        await next.ShouldServeAsync();
    }

    [Fact]
    public async Task Stopping_and_disposing_again_does_nothing()
    {
        var listener = StartEcho();
        await listener.ShouldServeAsync();
        await Task.WhenAll(listener.StopAsync(), listener.StopAsync(), listener.DisposeAsync().AsTask()).Within();
        await listener.StopAsync().Within();
        await listener.DisposeAsync().Within();
        await listener.StopAsync(new CancellationToken(canceled: true)).Within();
    }

    [Fact]
    public async Task Handshakes_in_progress_are_given_up()
    {
        var handshakeTimeout = TimeSpan.FromSeconds(7);
        await using var listener = StartEcho(new WebSocketListenerOptions
        {
            TimeProvider = _time,
            HandshakeTimeout = handshakeTimeout,
            OnError = _errors.Enqueue,
        });
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await _time.TimerAsync(handshakeTimeout);

        await listener.StopAsync().Within();

        await peer.DroppedAsync();
        _errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_decision_about_a_handshake_is_cancelled()
    {
        var deciding = new TaskCompletionSource();
        await using var listener = StartEcho(new WebSocketListenerOptions
        {
            OnError = _errors.Enqueue,
            OnHandshake = async (_, token) =>
            {
                deciding.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return null;
            },
        });
        using var peer = await RawTcpPeer.ConnectAsync(listener.EndPoint);
        await peer.SendTextAsync(RawTcpPeer.Upgrade);
        await deciding.Task.Within();

        var stopping = listener.StopAsync();
        (await peer.ReadHeadAsync()).Should().StartWith("HTTP/1.1 ");
        peer.Dispose();
        await stopping.Within();
        _errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_client_that_does_not_answer_the_Close_is_aborted_after_the_stop_timeout()
    {
        await using var listener = Start(Loopback.AnyPort, Loopback.EchoAsync, Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);

        var stopping = listener.StopAsync();
        (await peer.ReadFrameAsync()).Should().StartWith("881d 03e9");
        await _time.TimerAsync(StopTimeout);
        _time.Advance(StopTimeout - TimeSpan.FromMilliseconds(1));
        stopping.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));

        (await peer.DroppedAsync()).Should().BeTrue("the connection was cut");
        await stopping.Within();
        listener.ConnectionCount.Should().Be(0);
        _errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_handler_that_does_not_end_is_cancelled_after_the_stop_timeout()
    {
        var handling = new TaskCompletionSource();
        var cancelled = false;
        await using var listener = Start(Loopback.AnyPort, async (_, token) =>
        {
            handling.SetResult();
            token.IsCancellationRequested.Should().BeFalse();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
            }
            finally
            {
                cancelled = token.IsCancellationRequested;
            }
        }, Options());
        await using var client = await listener.ConnectAsync();
        await handling.Task.Within();

        var stopping = listener.StopAsync();
        (await client.ReceiveAsync().Within()).Should().BeNull();
        client.Closure!.ReceivedCode.Should().Be(CloseCode.GoingAway);
        cancelled.Should().BeFalse();
        await _time.ElapseAsync(StopTimeout);

        await stopping.Within();
        cancelled.Should().BeTrue();
        listener.ConnectionCount.Should().Be(0);
        _errors.Should().BeEmpty("being cancelled is no error of the handler");
    }

    [Fact]
    public async Task A_cancelled_stop_aborts_at_once()
    {
        var handling = new TaskCompletionSource();
        await using var listener = Start(Loopback.AnyPort, async (_, token) =>
        {
            handling.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
        }, Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        await handling.Task.Within();

        await listener.StopAsync(new CancellationToken(canceled: true)).Within();

        await peer.DroppedAsync();
        listener.ConnectionCount.Should().Be(0);
        _errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_stop_that_goes_on_can_be_hurried_by_any_caller()
    {
        await using var listener = Start(Loopback.AnyPort, Loopback.EchoAsync, Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);

        var stopping = listener.StopAsync();
        (await peer.ReadFrameAsync()).Should().StartWith("881d 03e9");
        stopping.IsCompleted.Should().BeFalse();
        await listener.StopAsync(new CancellationToken(canceled: true)).Within();

        await stopping.Within();
        (await peer.DroppedAsync()).Should().BeTrue("the connection was cut");
    }

    [Fact]
    public async Task A_handler_that_ignores_everything_does_not_hold_the_stop_for_ever()
    {
        var handling = new TaskCompletionSource();
        var handler = new TaskCompletionSource();
        var afterwards = new TaskCompletionSource();
        var listener = Start(Loopback.AnyPort, async (connection, _) =>
        {
            handling.SetResult();
            await handler.Task;
            await connection.Closed;
            afterwards.SetResult();
        }, Options());
        using var peer = await RawTcpPeer.UpgradeAsync(listener.EndPoint);
        await handling.Task.Within();

        var stopping = listener.DisposeAsync();
        await _time.ElapseAsync(StopTimeout);
        (await peer.DroppedAsync()).Should().BeTrue("the connection was cut");
        await Loopback.UntilAsync(() =>
        {
            // The second wait, for what has been aborted, begins some time after the first has ended.
            _time.Advance(StopTimeout);
            return stopping.IsCompleted;
        });
        listener.ConnectionCount.Should().Be(1);

        // Ending after the listener has gone is no error either.
        handler.SetResult();
        await afterwards.Task.Within();
        await Loopback.UntilAsync(() => listener.ConnectionCount == 0);
        _errors.Should().BeEmpty();
    }

    [Fact]
    public async Task A_full_listener_stops_too()
    {
        await using var listener = StartEcho(new WebSocketListenerOptions { MaxConnections = 1 });
        await using var client = await listener.ConnectAsync();
        var closure = client.ReceiveToEndAsync();
        using var waiting = await RawTcpPeer.ConnectAsync(listener.EndPoint);

        await listener.StopAsync().Within();

        (await closure).ReceivedCode.Should().Be(CloseCode.GoingAway);
        await waiting.DroppedAsync();
    }

    [Fact]
    public async Task Clients_that_connect_while_it_stops_get_an_answer_or_an_end()
    {
        for (var round = 0; round < 10; round++)
        {
            var handling = new TaskCompletionSource();
            await using var listener = Start(Loopback.AnyPort, (connection, token) =>
            {
                handling.TrySetResult();
                return Loopback.EchoAsync(connection, token);
            });
            var clients = Enumerable.Range(0, 8).Select(_ => ConnectAndReceiveAsync(listener)).ToArray();
            if (round % 2 == 1) await handling.Task.Within();
            await listener.StopAsync().Within();
            listener.ConnectionCount.Should().Be(0);
            foreach (var outcome in await Task.WhenAll(clients))
            {
                if (outcome is WebSocketClosure closure) closure.ReceivedCode.Should().Be(CloseCode.GoingAway);
                else outcome.Should().Match(failure => failure is SocketException || failure is WebSocketHandshakeException);
            }
        }

        static async Task<object> ConnectAndReceiveAsync(WebSocketListener listener)
        {
            try
            {
                await using var client = await listener.ConnectAsync();
                return await client.ReceiveToEndAsync();
            }
            catch (Exception exception) when (exception is not TimeoutException)
            {
                return exception;
            }
        }
    }

    private WebSocketListenerOptions Options() => new()
    {
        TimeProvider = _time,
        StopTimeout = StopTimeout,
        CloseTimeout = CloseTimeout,
        KeepAliveInterval = Timeout.InfiniteTimeSpan,
        OnError = _errors.Enqueue,
    };
}
