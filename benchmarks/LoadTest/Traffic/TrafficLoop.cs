using System.Diagnostics;
using LoadTest.Linux;
using WebSocketCore;
using WebSocketCore.Frames;

namespace LoadTest.Traffic;

// One thread and one epoll set for all connections: a wake-up takes what has happened on any of them, and each that is ready is received from once
// and sent to once. That is cheap, so that the server and not the generator is measured, and it is what makes a busy server's work come in
// batches, as it does from many clients.
//
// The thread never sleeps. A client that sleeps on the same machine is woken by the server's send, by an interrupt from core to core, which on a virtual machine costs the
// server more than a small message does: up to a third of its time, and the more of it the faster the client is. Clients elsewhere cost nothing of the kind.

/// <summary>Connections from this process to a server on this machine, and the event loop that they live on. What they do is up to the derived class.</summary>
internal abstract class TrafficLoop : IDisposable
{
    /// <summary>How many connections are being made at a time.</summary>
    private const int Ramp = 64;

    private const int BufferSize = 256 * 1024;

    /// <summary>A message of which so much is left is not copied, but dropped in the kernel, if nobody looks at it.</summary>
    private const int DiscardThreshold = 32 * 1024;

    private const int LargeMessage = 64 * 1024;
    private const int LargeMessageBuffer = 16 * 1024;
    private const int MaxDiscard = 4 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(10);

    private readonly Epoll _epoll = new();
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    private readonly ClientConnection[] _connections;
    private readonly Upgrade _upgrade;
    private readonly byte[] _close;
    private readonly int _port;
    private readonly CancellationToken _cancellation;
    private int _opening;
    private long _idleTicks;

    protected TrafficLoop(Workload workload, int port, CancellationToken cancellation)
    {
        Machine.AllowOpenFiles(workload.Connections + 256);
        Workload = workload;
        Frames = new PreparedFrames(workload);
        _port = port;
        _cancellation = cancellation;
        _upgrade = new Upgrade(new Uri($"ws://127.0.0.1:{port}/"));
        _close = CloseFrame();
        _connections = new ClientConnection[workload.Connections];
        for (int number = 0; number < _connections.Length; number++) _connections[number] = new ClientConnection(number);
    }

    public Workload Workload { get; }

    /// <summary>How many messages or handshakes have been completed.</summary>
    public long Operations { get; protected set; }

    /// <summary>How long there was nothing to do. The rest of the time is the generator's own.</summary>
    public TimeSpan IdleTime => Stopwatch.GetElapsedTime(0, _idleTicks);

    protected PreparedFrames Frames { get; }

    protected ReadOnlySpan<ClientConnection> Connections => _connections;

    /// <summary>How many connections are there, open ones and those that are being opened or closed.</summary>
    protected int ConnectionCount { get; private set; }

    /// <summary>The traffic of a workload, to a port on 127.0.0.1.</summary>
    public static TrafficLoop Create(Workload workload, int port, CancellationToken cancellation) => workload.Kind switch
    {
        TrafficKind.Handshakes => new HandshakeTraffic(workload, port, cancellation),
        TrafficKind.Idle => new IdleTraffic(workload, port, cancellation),
        _ => new EchoTraffic(workload, port, cancellation),
    };

    /// <summary>Opens all connections.</summary>
    /// <exception cref="LoadException">The server does not accept them.</exception>
    public void Open()
    {
        int started = 0;
        RunWhile(() =>
        {
            for (; started < _connections.Length && _opening < Ramp; started++) Start(_connections[started]);
            return started < _connections.Length || IsOpening;
        });
    }

    /// <summary>Lets the connections do what they do, for a time or until they have done enough, whichever comes first.</summary>
    /// <param name="duration">The time.</param>
    /// <param name="operations">How many messages or handshakes are enough.</param>
    /// <exception cref="LoadException">The server broke the protocol, lost an echo, closed a connection or stands still.</exception>
    public void Run(TimeSpan duration, long operations = long.MaxValue)
    {
        long start = Stopwatch.GetTimestamp(), enough = operations == long.MaxValue ? operations : Operations + operations;
        RunWhile(() => Operations < enough && Stopwatch.GetElapsedTime(start) < duration);
    }

    /// <summary>Waits for what is in flight, and ends all connections with the closing handshake.</summary>
    /// <exception cref="LoadException">Something is lost.</exception>
    public void Close()
    {
        Stop();
        RunWhile(() => IsAnything(connection => connection.InFlight > 0));

        int next = 0, closing = 0;
        RunWhile(() =>
        {
            closing = 0;
            foreach (var connection in _connections) closing += connection.Stage == ConnectionStage.Closing ? 1 : 0;
            for (; next < _connections.Length && closing < Ramp; next++)
            {
                if (_connections[next].Stage != ConnectionStage.Open) continue;
                StartClosing(_connections[next]);
                closing++;
            }
            return ConnectionCount > 0;
        });
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            if (connection.Stage != ConnectionStage.None) connection.Socket.Close();
        }
        _epoll.Dispose();
    }

    /// <summary>A connection is open.</summary>
    protected abstract void OnOpened(ClientConnection connection);

    /// <summary>Echoes have come.</summary>
    protected virtual void OnEchoes(ClientConnection connection, int messages)
    {
    }

    /// <summary>A connection has ended by the closing handshake.</summary>
    protected virtual void OnEnded(ClientConnection connection)
    {
    }

    /// <summary>From here on nothing new is begun.</summary>
    protected virtual void Stop()
    {
    }

    /// <summary>Moves the connections on while the condition holds, which is asked once per wake-up.</summary>
    /// <exception cref="LoadException">Nothing happens for a while that would make a difference.</exception>
    protected void RunWhile(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp(), now = start, last = start;
        while (condition())
        {
            _cancellation.ThrowIfCancellationRequested();
            bool happened = Poll() > 0;
            long before = now;
            now = Stopwatch.GetTimestamp();
            if (happened) last = now;
            else _idleTicks += now - before;
            if (!IsSilenceExpected && Stopwatch.GetElapsedTime(last, now) > Patience)
                throw new LoadException($"The server has been silent for {Patience.TotalSeconds} s: {InFlightText()}.");
            if (Stopwatch.GetElapsedTime(start, now) > MaxDuration) throw new LoadException($"There is no end after {MaxDuration.TotalMinutes} minutes: {InFlightText()}.");
        }
    }

    /// <summary>Whether connections are being opened for the first time.</summary>
    protected virtual bool IsOpening => _opening > 0;

    /// <summary>Whether it is no failure that nothing comes from the server.</summary>
    protected virtual bool IsSilenceExpected => false;

    protected bool IsAnything(Predicate<ClientConnection> predicate) => Array.Exists(_connections, predicate);

    /// <summary>Begins to connect.</summary>
    protected void Start(ClientConnection connection)
    {
        connection.Socket = LoopbackSocket.Open(connection.Number % Workload.Sources);
        connection.Stage = ConnectionStage.Connecting;
        connection.Reader = new EchoReader(Frames);
        connection.NextFrame = 0;
        connection.InFlight = 0;
        ConnectionCount++;
        _opening++;
        bool connected = connection.Socket.Connect(_port);
        connection.AwaitsRoom = !connected;
        _epoll.Watch(connection.Socket, connection.Number, connected ? Readiness.Readable : Readiness.Readable | Readiness.Writable);
        if (connected) SendRequest(connection);
    }

    /// <summary>Sends messages in one write.</summary>
    protected void SendMessages(ClientConnection connection, int count)
    {
        connection.InFlight += count;
        connection.Unsent = Frames.Frames(connection.NextFrame, count);
        connection.NextFrame = Frames.Next(connection.NextFrame, count);
        Send(connection);
    }

    /// <summary>Begins the closing handshake.</summary>
    protected void StartClosing(ClientConnection connection)
    {
        connection.Stage = ConnectionStage.Closing;
        connection.Unsent = _close;
        Send(connection);
    }

    private int Poll()
    {
        int count = _epoll.Wait(milliseconds: IsSilenceExpected ? 50 : 0);
        for (int index = 0; index < count; index++)
        {
            var (number, readiness) = _epoll.Event(index);
            OnReady(_connections[number], readiness);
        }
        return count;
    }

    private void OnReady(ClientConnection connection, Readiness readiness)
    {
        if (connection.Stage == ConnectionStage.Connecting)
        {
            connection.Socket.CheckConnected();
            SendRequest(connection);
            return;
        }
        if ((readiness & Readiness.Writable) != 0) Send(connection);
        if ((readiness & ~Readiness.Writable) == 0) return;
        if (connection.Stage == ConnectionStage.Upgrading) ReceiveResponse(connection);
        else Receive(connection);
    }

    private void SendRequest(ClientConnection connection)
    {
        connection.Stage = ConnectionStage.Upgrading;
        connection.Unsent = _upgrade.Request;
        Send(connection);
    }

    private void Send(ClientConnection connection)
    {
        int sent = connection.Socket.Send(connection.Unsent.Span);
        // While closing, the server may be gone already: receiving tells how it went.
        if (sent < 0 && connection.Stage != ConnectionStage.Closing) throw new LoadException("The server has broken a connection.");
        connection.Unsent = sent < 0 ? default : connection.Unsent[sent..];

        bool awaitsRoom = !connection.Unsent.IsEmpty;
        if (connection.AwaitsRoom == awaitsRoom) return;
        connection.AwaitsRoom = awaitsRoom;
        _epoll.Change(connection.Socket, connection.Number, awaitsRoom ? Readiness.Readable | Readiness.Writable : Readiness.Readable);
    }

    private void ReceiveResponse(ClientConnection connection)
    {
        int received = connection.Socket.Receive(_buffer);
        if (received == -1) return;
        if (received <= 0) throw new LoadException("The server has closed a connection instead of upgrading it.");

        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, received);
        if (connection.PartialResponse.Length > 0) bytes = (byte[])[.. connection.PartialResponse, .. bytes];
        int headLength = _upgrade.Read(bytes);
        if (headLength == 0)
        {
            connection.PartialResponse = bytes.ToArray();
            return;
        }
        connection.PartialResponse = [];
        connection.Stage = ConnectionStage.Open;
        _opening--;
        connection.Reader.Read(bytes[headLength..]);
        OnOpened(connection);
    }

    private void Receive(ClientConnection connection)
    {
        var reader = connection.Reader;
        int messages = 0, received, asked;
        do
        {
            if (reader.Unread >= DiscardThreshold)
            {
                asked = (int)Math.Min(reader.Unread, MaxDiscard);
                received = connection.Socket.Discard(asked);
                if (received > 0) messages += reader.Skip(received);
            }
            else
            {
                // Of a large message that nobody looks at, the header alone is to be copied.
                asked = Workload.Size > LargeMessage && reader.IsBetweenFrames ? LargeMessageBuffer : BufferSize;
                received = connection.Socket.Receive(_buffer.AsSpan(0, asked));
                if (received > 0) messages += reader.Read(_buffer.AsSpan(0, received));
            }
        }
        while (received == asked || (received > 0 && reader.Unread >= DiscardThreshold));

        if (messages > 0)
        {
            connection.InFlight -= messages;
            if (connection.InFlight < 0) throw new LoadException("The server has sent more messages than it was sent.");
            OnEchoes(connection, messages);
        }
        if (received is 0 or -2) End(connection, isBroken: received != 0);
        else if (reader.IsClosed && connection.Stage == ConnectionStage.Open) throw new LoadException("The server has closed a connection.");
    }

    private void End(ClientConnection connection, bool isBroken)
    {
        if (connection.Stage != ConnectionStage.Closing || !connection.Reader.IsClosed)
            throw new LoadException(isBroken ? "The server has broken a connection." : "The server has ended a connection without the closing handshake.");
        connection.Socket.Close();
        connection.Stage = ConnectionStage.None;
        connection.Unsent = default;
        ConnectionCount--;
        OnEnded(connection);
    }

    private string InFlightText()
    {
        int inFlight = 0;
        foreach (var connection in _connections) inFlight += connection.InFlight;
        return $"{ConnectionCount} connections, {_opening} of them being opened, {inFlight} messages in flight";
    }

    private static byte[] CloseFrame()
    {
        Span<byte> payload = stackalloc byte[ClosePayload.MaxLength];
        payload = payload[..ClosePayload.Write(payload, CloseCode.NormalClosure, "")];
        var header = new FrameHeader(Opcode.Close, payload.Length, maskingKey: 0x5A3C96F1);
        var frame = new byte[FrameHeaderWriter.GetLength(header) + payload.Length];
        Masking.Apply(payload, frame.AsSpan(FrameHeaderWriter.Write(frame, header)), header.MaskingKey);
        return frame;
    }
}
