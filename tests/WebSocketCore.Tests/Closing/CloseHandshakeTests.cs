using WebSocketCore.Closing;

namespace WebSocketCore.Tests.Closing;

public class CloseHandshakeTests
{
    private static readonly ConnectionState[] States = Enum.GetValues<ConnectionState>();
    private static readonly CloseEvent[] Events = Enum.GetValues<CloseEvent>();

    /// <summary>The whole machine: what each event does in Open, CloseSent and CloseReceived. W writes a Close, D discards input, E ends the transport.</summary>
    [Theory]
    [InlineData("LocalClose", "CloseSent W", "-", "-")]
    [InlineData("PeerClose", "CloseReceived WD", "Closed DE", "-")]
    [InlineData("ReplyWritten", "-", "-", "Closed E")]
    [InlineData("EndOfStream", "Failed E", "Failed E", "Closed E")]
    [InlineData("Violation", "Failed WDE", "Failed DE", "-")]
    [InlineData("Abort", "Failed DE", "Failed DE", "Failed E")]
    public void Every_state_answers_every_event(string happened, string open, string closeSent, string closeReceived)
    {
        string[] row = [open, closeSent, closeReceived, "-", "-"];
        foreach (var state in States)
        {
            var (next, action) = CloseHandshake.Next(state, Enum.Parse<CloseEvent>(happened));
            var found = next == state && action == CloseAction.None ? "-" : $"{next} {Letters(action)}";
            found.Should().Be(row[(int)state], "of {0} in {1}", happened, state);
        }
    }

    [Fact]
    public void The_table_above_names_all_states_and_events()
    {
        States.Should().Equal(
            ConnectionState.Open, ConnectionState.CloseSent, ConnectionState.CloseReceived, ConnectionState.Closed, ConnectionState.Failed);
        Events.Should().HaveCount(6);
    }

    // 6^6 sequences: longer than any path through the machine.
    [Fact]
    public void In_every_sequence_of_events_Close_is_written_once_and_the_end_is_final()
    {
        for (var sequence = 0; sequence < 46_656; sequence++)
        {
            var machine = new CloseHandshake();
            var closes = 0;
            var ends = 0;
            for (int step = 0, rest = sequence; step < 6; step++, rest /= 6)
            {
                var before = machine.State;
                var action = machine.On(Events[rest % 6]);
                if (action.HasFlag(CloseAction.WriteClose)) closes++;
                if (action.HasFlag(CloseAction.EndTransport)) ends++;
                var hasEnded = before is ConnectionState.Closed or ConnectionState.Failed;
                if (hasEnded && (machine.State != before || action != CloseAction.None)) Assert.Fail($"{before} was left in sequence {sequence}");
                if (machine.State == ConnectionState.Open && before != ConnectionState.Open) Assert.Fail($"reopened in sequence {sequence}");
            }

            if (closes > 1 || ends > 1) Assert.Fail($"{closes} Close frames and {ends} ends in sequence {sequence}");
            if ((machine.State is ConnectionState.Closed or ConnectionState.Failed) != (ends == 1)) Assert.Fail($"end of sequence {sequence}");
        }
    }

    private static string Letters(CloseAction action) =>
        (action.HasFlag(CloseAction.WriteClose) ? "W" : "")
        + (action.HasFlag(CloseAction.DiscardInput) ? "D" : "")
        + (action.HasFlag(CloseAction.EndTransport) ? "E" : "");
}
