namespace WebSocketCore.Tests.Sockets;

#if !LINUX
public class NoEventLoops
{
    [Fact(Skip = "Event loops need Linux. The tests in Sockets/EventLoops are built there only.")]
    public void The_tests_over_event_loops()
    {
    }
}
#endif
