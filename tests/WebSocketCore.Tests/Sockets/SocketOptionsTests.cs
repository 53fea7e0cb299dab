namespace WebSocketCore.Tests.Sockets;

public class SocketOptionsTests
{
    [Fact]
    public void Timeouts_must_be_ones_that_timers_take()
    {
        var tooLong = TimeSpan.FromDays(50);
        Invoking(() => new WebSocketConnectOptions { ConnectTimeout = TimeSpan.Zero }).Should().Throw<ArgumentOutOfRangeException>();
        Invoking(() => new WebSocketConnectOptions { ConnectTimeout = TimeSpan.FromSeconds(-1) }).Should().Throw<ArgumentOutOfRangeException>();
        Invoking(() => new WebSocketConnectOptions { ConnectTimeout = tooLong }).Should().Throw<ArgumentOutOfRangeException>();
        Invoking(() => new WebSocketListenerOptions { StopTimeout = TimeSpan.FromSeconds(-1) }).Should().Throw<ArgumentOutOfRangeException>();
        Invoking(() => new WebSocketListenerOptions { StopTimeout = tooLong }).Should().Throw<ArgumentOutOfRangeException>();
        new WebSocketConnectOptions { ConnectTimeout = Timeout.InfiniteTimeSpan }.ConnectTimeout.Should().Be(Timeout.InfiniteTimeSpan);
        new WebSocketListenerOptions { StopTimeout = Timeout.InfiniteTimeSpan }.StopTimeout.Should().Be(Timeout.InfiniteTimeSpan);
        new WebSocketListenerOptions { StopTimeout = TimeSpan.Zero }.StopTimeout.Should().Be(TimeSpan.Zero);
    }

    [Fact]
    public void Counts_must_be_positive()
    {
        Invoking(() => new WebSocketListenerOptions { Backlog = 0 }).Should().Throw<ArgumentOutOfRangeException>();
        Invoking(() => new WebSocketListenerOptions { MaxConnections = 0 }).Should().Throw<ArgumentOutOfRangeException>();
        new WebSocketListenerOptions { Backlog = 1, MaxConnections = 1 }.Backlog.Should().Be(1);
    }

    private static Func<object> Invoking(Func<object> create) => create;
}
