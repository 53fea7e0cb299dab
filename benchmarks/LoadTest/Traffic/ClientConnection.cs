using LoadTest.Linux;

namespace LoadTest.Traffic;

/// <summary>Where a connection stands.</summary>
internal enum ConnectionStage
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>TCP is being connected.</summary>
    Connecting,

    /// <summary>The request was sent.</summary>
    Upgrading,

    /// <summary>Messages go to and fro.</summary>
    Open,

    /// <summary>Our Close frame was sent; the server's, and its end of the transport, are awaited.</summary>
    Closing,
}

/// <summary>One of the generator's connections: state alone, moved on by <see cref="TrafficLoop"/>.</summary>
internal sealed class ClientConnection(int number)
{
    /// <summary>Its place among the connections, and its number in the epoll set.</summary>
    public int Number { get; } = number;

    public ConnectionStage Stage { get; set; }

    public LoopbackSocket Socket { get; set; }

    /// <summary>What there was no room for yet.</summary>
    public ReadOnlyMemory<byte> Unsent { get; set; }

    /// <summary>Whether the epoll set says when there is room again.</summary>
    public bool AwaitsRoom { get; set; }

    /// <summary>What has come of the response to the request, where that came in parts.</summary>
    public byte[] PartialResponse { get; set; } = [];

    public EchoReader Reader { get; set; } = null!;

    /// <summary>The index of the prepared frame that goes out next.</summary>
    public int NextFrame { get; set; }

    /// <summary>How many messages have not come back yet.</summary>
    public int InFlight { get; set; }
}
