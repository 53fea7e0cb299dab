using Microsoft.Extensions.Time.Testing;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Connections;

/// <summary>Giving up and cleaning up in every state. Whoever waits gets an answer.</summary>
public class AbortAndDisposeTests
{
    public enum State
    {
        Open,
        Receiving,
        InMessage,
        Streaming,
        PayloadOut,
        Pinging,
        SendBlocked,
        LargeSendBlocked,
        Writing,
        CloseSent,
        CloseReceived,
        Failed,
        Ended,
    }

    public static TheoryData<WebSocketRole, State> Product()
    {
        var product = new TheoryData<WebSocketRole, State>();
        foreach (var role in Enum.GetValues<WebSocketRole>())
        {
            foreach (var state in Enum.GetValues<State>()) product.Add(role, state);
        }
        return product;
    }

    private readonly FakeTimeProvider _time = new();
    private readonly PoisoningPool _pool = new();
    private readonly List<Task> _pending = [];

    [Theory]
    [MemberData(nameof(Product))]
    public async Task An_abort_in_any_state_ends_everything_at_once(WebSocketRole role, State state)
    {
        var (connection, _) = await ConnectAsync(role, state);
        connection.Abort();
        connection.Abort();
        await EveryoneGetsAnAnswerAsync();
        var closure = await connection.Closed.Within();
        if (state is State.Open or State.Receiving or State.InMessage or State.Streaming or State.Pinging or State.SendBlocked or State.Writing)
        {
            closure.ToString().Should().Be("not clean, aborted by this end");
            connection.State.Should().Be(ConnectionState.Failed);
        }
        await connection.CloseAsync().Within();
        await connection.DisposeAsync().Within();
        if (state is not (State.Failed or State.Streaming)) (await connection.ReceiveAsync().Within()).Should().BeNull();
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [MemberData(nameof(Product))]
    public async Task Disposing_in_any_state_takes_the_close_timeout_at_most(WebSocketRole role, State state)
    {
        var (connection, _) = await ConnectAsync(role, state);
        var disposing = connection.DisposeAsync().AsTask();
        var again = connection.DisposeAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(5));
        await disposing.Within();
        await again.Within();
        await EveryoneGetsAnAnswerAsync();
        connection.Closed.IsCompleted.Should().BeTrue();
        await connection.DisposeAsync().Within();
        connection.Abort();
        if (state == State.PayloadOut) await connection.ReceiveAsync().Within(); // Until then the payload may be looked at.
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [MemberData(nameof(Product))]
    public async Task The_end_of_the_stream_in_any_state_ends_everything(WebSocketRole role, State state)
    {
        var (connection, peer) = await ConnectAsync(role, state);
        peer.End();
        var disposing = connection.DisposeAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(5));
        await disposing.Within();
        await EveryoneGetsAnAnswerAsync();
        if (state == State.PayloadOut) await connection.ReceiveAsync().Within(); // Until then the payload may be looked at.
        _pool.ShouldBeBalanced();
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public async Task Disposing_closes_in_order_where_the_peer_answers(WebSocketRole role)
    {
        var (connection, peer) = RawPeer.Connect(role);
        var disposing = connection.DisposeAsync().AsTask();
        (await peer.ReceiveAsync()).Should().Be("8802 03e8");
        await peer.SendAsync("88 02 03e8");
        peer.End();
        await disposing.Within();
        connection.Closure!.ToString().Should().Be("clean, closed by this end; sent 1000; received 1000");
    }

    [Fact]
    public async Task An_abort_is_seen_by_the_other_end()
    {
        var (server, client) = DuplexPair.Connect();
        var receiving = client.ReceiveAsync().AsTask();
        server.Abort();
        (await receiving.Within()).Should().BeNull();
        client.Closure!.Cause.Should().Be(ClosureCause.TransportEnded);
        client.Closure.TransportError.Should().BeOfType<IOException>();
        await client.DisposeAsync().Within();
    }

    [Fact]
    public async Task An_abort_after_the_end_changes_nothing_over_a_stream_too()
    {
        await using var stream = new MemoryStream();
        var connection = WebSocketConnection.FromUpgraded(stream, WebSocketRole.Server);
        (await connection.ReceiveAsync().Within()).Should().BeNull();
        await connection.Closed.Within();
        connection.Abort();
        connection.Closure!.Cause.Should().Be(ClosureCause.TransportEnded);
    }

    private async Task<(WebSocketConnection Connection, RawPeer Peer)> ConnectAsync(WebSocketRole role, State state)
    {
        var blocked = state is State.SendBlocked or State.LargeSendBlocked or State.CloseReceived;
        var options = new WebSocketServerOptions { TimeProvider = _time, BufferPool = _pool };
        var (connection, peer) = RawPeer.Connect(role, options, blocked ? RawPeer.Tiny : null);
        switch (state)
        {
            case State.Receiving:
                _pending.Add(connection.ReceiveAsync().AsTask());
                break;
            case State.InMessage:
                await peer.SendAsync("02 01 61", "00 03 61");
                _pending.Add(connection.ReceiveAsync().AsTask());
                break;
            case State.Streaming:
                await peer.SendAsync("02 01 61");
                var reader = (await connection.ReceiveStreamingAsync().Within())!;
                await reader.ReadAsync().Within();
                _pending.Add(reader.ReadAsync().AsTask());
                break;
            case State.PayloadOut:
                await peer.SendFrameAsync(0x82, new byte[100_000]);
                await connection.ReceiveAsync().Within();
                break;
            case State.Pinging:
                _pending.Add(connection.PingAsync().AsTask());
                break;
            case State.SendBlocked:
                _pending.Add(connection.SendTextAsync("a").AsTask());
                _pending.Add(connection.SendTextAsync("b").AsTask());
                _pending.Add(connection.PingAsync().AsTask());
                break;
            case State.LargeSendBlocked:
                using (var cancel = new CancellationTokenSource())
                {
                    _pending.Add(connection.SendAsync(MessageKind.Binary, new byte[300_000], cancel.Token).AsTask());
                    cancel.Cancel();
                }
                _pending.Add(connection.SendAsync(MessageKind.Binary, new byte[300_000]).AsTask());
                break;
            case State.Writing:
                await (await connection.StartMessageAsync(MessageKind.Binary).Within()).WriteAsync(new byte[1]).Within();
                _pending.Add(connection.SendTextAsync("waits").AsTask());
                _pending.Add(connection.StartMessageAsync(MessageKind.Text).AsTask());
                break;
            case State.CloseSent:
                connection.StartClose();
                _pending.Add(connection.CloseAsync().AsTask());
                break;
            case State.CloseReceived:
                _pending.Add(connection.SendTextAsync("a").AsTask());
                await peer.SendAsync("88 02 03e8");
                (await connection.ReceiveAsync().Within()).Should().BeNull();
                break;
            case State.Failed:
                await peer.SendAsync("83 00");
                await connection.Awaiting(c => c.ReceiveAsync().Within()).Should().ThrowAsync<WebSocketProtocolException>();
                break;
            case State.Ended:
                await peer.SendAsync("88 02 03e8");
                peer.End();
                (await connection.ReceiveAsync().Within()).Should().BeNull();
                await connection.Closed.Within();
                break;
        }
        return (connection, peer);
    }

    private async Task EveryoneGetsAnAnswerAsync()
    {
        foreach (var task in _pending)
        {
            try
            {
                await task.Within();
            }
            catch (Exception exception) when (exception is WebSocketClosedException or OperationCanceledException)
            {
                // The documented answers.
            }
        }
    }
}
