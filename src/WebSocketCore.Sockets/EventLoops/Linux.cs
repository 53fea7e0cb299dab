using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace WebSocketCore.EventLoops;

/// <summary>
/// The system calls of the event loops, with spans for pointers. The constants are those of all architectures on which .NET runs on Linux. Descriptors
/// are plain numbers: whoever calls sees that they are open.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class Linux
{
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const int EMFILE = 24;
    private const int EPIPE = 32;
    private const int ENETUNREACH = 101;
    private const int ECONNABORTED = 103;
    private const int ECONNRESET = 104;
    private const int ENOBUFS = 105;
    private const int ENOTCONN = 107;
    private const int ETIMEDOUT = 110;
    private const int EHOSTUNREACH = 113;

    private const int SOCK_NONBLOCK = 0x800;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EFD_NONBLOCK = 0x800;
    private const int EFD_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;
    private const int EPOLL_CTL_MOD = 3;
    private const short POLLIN = 1;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SHUT_WR = 1;
    private const int SOL_SOCKET = 1;
    private const int SO_LINGER = 13;

    /// <summary>The most parts that one call sends.</summary>
    private const int MaxParts = 16;

    // struct epoll_event { uint32_t events; uint64_t data; } is packed on x86 alone.
    private static readonly bool IsPacked = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;

    /// <summary>The bytes that an event takes in the memory given to <see cref="Wait"/>.</summary>
    public static int EventSize => IsPacked ? 12 : 16;

    private static int DataOffset => IsPacked ? 4 : 8;

    /// <summary>Creates an epoll instance.</summary>
    /// <exception cref="SocketException">The process has no more descriptors.</exception>
    public static int CreateEpoll() => Checked(epoll_create1(EPOLL_CLOEXEC));

    /// <summary>Creates a counter whose every <see cref="Signal"/> is an edge.</summary>
    /// <exception cref="SocketException">The process has no more descriptors.</exception>
    public static int CreateSignal() => Checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

    /// <summary>Wakes who waits for a counter.</summary>
    public static void Signal(int descriptor)
    {
        var one = 1UL;
        write(descriptor, &one, sizeof(ulong));
    }

    /// <summary>Has an epoll instance report events of a descriptor, with the data.</summary>
    public static SocketError Add(int epoll, int descriptor, PollEvents events, ulong data) => Control(epoll, EPOLL_CTL_ADD, descriptor, events, data);

    /// <summary>Changes which events are reported, and reports those that are there already, edges too.</summary>
    public static SocketError Modify(int epoll, int descriptor, PollEvents events, ulong data) => Control(epoll, EPOLL_CTL_MOD, descriptor, events, data);

    /// <summary>Has no more events of a descriptor reported. Closing it does the same.</summary>
    public static SocketError Remove(int epoll, int descriptor) => Control(epoll, EPOLL_CTL_DEL, descriptor, PollEvents.None, 0);

    /// <summary>Waits for events; a negative timeout, in milliseconds, is endless. Returns how many there are, and none when a signal interrupts.</summary>
    public static int Wait(int epoll, Span<byte> events, int timeout)
    {
        fixed (byte* pointer = events) return Math.Max(0, epoll_wait(epoll, pointer, events.Length / EventSize, timeout));
    }

    /// <summary>Reads an event from the memory that was given to <see cref="Wait"/>.</summary>
    public static PollEvents ReadEvent(ReadOnlySpan<byte> events, int index, out ulong data)
    {
        events = events.Slice(index * EventSize, EventSize);
        data = MemoryMarshal.Read<ulong>(events[DataOffset..]);
        return (PollEvents)MemoryMarshal.Read<uint>(events);
    }

    /// <summary>Whether a descriptor has something to read; for an epoll instance, events.</summary>
    public static bool IsReadable(int descriptor)
    {
        var entry = new PollEntry { Descriptor = descriptor, Events = POLLIN };
        return poll(&entry, 1, 0) > 0;
    }

    /// <summary>Accepts a connection that waits. Negative without an error: none does.</summary>
    public static int Accept(SafeHandle listener, out SocketError error)
    {
        error = SocketError.Success;
        while (true)
        {
            var descriptor = accept4(listener, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor >= 0) return descriptor;
            error = LastError(out var number);

            // One that has gone again while it waited is none.
            if (number is EINTR or ECONNABORTED) continue;
            if (error == SocketError.WouldBlock) error = SocketError.Success;
            return -1;
        }
    }

    /// <summary>Receives what is there. 0 without an error is the end of the stream.</summary>
    public static int Receive(int descriptor, Span<byte> destination, out SocketError error)
    {
        nint count;
        fixed (byte* pointer = destination) count = recv(descriptor, pointer, (nuint)destination.Length, 0);
        error = count < 0 ? LastError(out _) : SocketError.Success;
        return Math.Max(0, (int)count);
    }

    /// <summary>Sends as much as there is room for.</summary>
    public static int Send(int descriptor, ReadOnlySpan<byte> source, out SocketError error)
    {
        nint count;
        fixed (byte* pointer = source) count = send(descriptor, pointer, (nuint)source.Length, MSG_NOSIGNAL);
        error = count < 0 ? LastError(out _) : SocketError.Success;
        return Math.Max(0, (int)count);
    }

    /// <summary>Sends as much as there is room for, of the first part and then of what follows, from where they lie.</summary>
    public static long Send(int descriptor, ReadOnlySpan<byte> first, in ReadOnlySequence<byte> second, out SocketError error)
    {
        if (second.IsSingleSegment) return SendTwo(descriptor, first, second.FirstSpan, out error);
        var sent = 0L;
        var isFirst = true;
        var position = second.Start;
        var parts = stackalloc Part[MaxParts];
        var pins = default(Pins);
        fixed (byte* pointer = first)
        {
            do
            {
                var (count, offered) = (0, 0L);
                if (isFirst && !first.IsEmpty) Offer(parts, ref count, ref offered, pointer, first.Length);
                isFirst = false;
                while (count < MaxParts && second.TryGet(ref position, out var memory))
                {
                    pins[count] = memory.Pin();
                    Offer(parts, ref count, ref offered, pins[count].Pointer, memory.Length);
                }
                if (count == 0) break;
                var taken = SendParts(descriptor, parts, count, out error);
                for (var i = 0; i < MaxParts; i++) pins[i].Dispose();
                sent += taken;

                // A failure behind bytes that were taken will tell itself again.
                if (error != SocketError.Success && sent == 0) return 0;
                if (taken < offered) break;
            }
            while (position.GetObject() is not null);
        }
        error = SocketError.Success;
        return sent;
    }

    /// <summary>Ends the stream to the peer.</summary>
    public static bool ShutdownOutput(int descriptor) => shutdown(descriptor, SHUT_WR) == 0;

    /// <summary>Has the connection reset when it is closed.</summary>
    public static void SetResetOnClose(int descriptor)
    {
        var linger = stackalloc int[] { 1, 0 };
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, linger, 2 * sizeof(int));
    }

    /// <summary>Closes a descriptor.</summary>
    public static void Close(int descriptor) => _ = close(descriptor);

    private static long SendTwo(int descriptor, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, out SocketError error)
    {
        if (second.IsEmpty) return Send(descriptor, first, out error);
        if (first.IsEmpty) return Send(descriptor, second, out error);
        fixed (byte* pointer = first, secondPointer = second)
        {
            var parts = stackalloc Part[] { new(pointer, first.Length), new(secondPointer, second.Length) };
            return SendParts(descriptor, parts, 2, out error);
        }
    }

    private static void Offer(Part* parts, ref int count, ref long offered, void* pointer, int length)
    {
        parts[count++] = new Part(pointer, length);
        offered += length;
    }

    private static long SendParts(int descriptor, Part* parts, int count, out SocketError error)
    {
        var message = new Message { Parts = parts, PartCount = (nuint)count };
        var sent = sendmsg(descriptor, &message, MSG_NOSIGNAL);
        error = sent < 0 ? LastError(out _) : SocketError.Success;
        return Math.Max(0, sent);
    }

    private static SocketError Control(int epoll, int operation, int descriptor, PollEvents events, ulong data)
    {
        var entry = stackalloc byte[16];
        MemoryMarshal.Write(new Span<byte>(entry, 16), (uint)events);
        MemoryMarshal.Write(new Span<byte>(entry, 16)[DataOffset..], data);
        return epoll_ctl(epoll, operation, descriptor, entry) == 0 ? SocketError.Success : LastError(out _);
    }

    private static int Checked(int descriptor) => descriptor >= 0 ? descriptor : throw new SocketException((int)LastError(out _));

    private static SocketError LastError(out int number)
    {
        // Read at once, as the generated code would that keeps it; so calls that succeed need not.
        number = Marshal.GetLastSystemError();
        return number switch
        {
            EAGAIN => SocketError.WouldBlock,
            EINTR => SocketError.Interrupted,
            EMFILE => SocketError.TooManyOpenSockets,
            EPIPE => SocketError.Shutdown,
            ENETUNREACH => SocketError.NetworkUnreachable,
            ECONNABORTED => SocketError.ConnectionAborted,
            ECONNRESET => SocketError.ConnectionReset,
            ENOBUFS => SocketError.NoBufferSpaceAvailable,
            ENOTCONN => SocketError.NotConnected,
            ETIMEDOUT => SocketError.TimedOut,
            EHOSTUNREACH => SocketError.HostUnreachable,
            _ => SocketError.SocketError,
        };
    }

    [LibraryImport("libc")]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc")]
    private static partial int epoll_ctl(int epfd, int op, int fd, void* entry);

    [LibraryImport("libc")]
    private static partial int epoll_wait(int epfd, void* events, int maxevents, int timeout);

    [LibraryImport("libc")]
    private static partial int eventfd(uint initval, int flags);

    [LibraryImport("libc")]
    private static partial int poll(PollEntry* fds, nuint nfds, int timeout);

    [LibraryImport("libc")]
    private static partial int accept4(SafeHandle fd, void* address, void* length, int flags);

    [LibraryImport("libc")]
    private static partial nint recv(int fd, void* buffer, nuint length, int flags);

    [LibraryImport("libc")]
    private static partial nint send(int fd, void* buffer, nuint length, int flags);

    [LibraryImport("libc")]
    private static partial nint sendmsg(int fd, Message* message, int flags);

    [LibraryImport("libc")]
    private static partial nint write(int fd, void* buffer, nuint length);

    [LibraryImport("libc")]
    private static partial int setsockopt(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc")]
    private static partial int shutdown(int fd, int how);

    [LibraryImport("libc")]
    private static partial int close(int fd);

    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    // struct iovec
    private readonly struct Part(void* pointer, int length)
    {
        public readonly void* Pointer = pointer;
        public readonly nuint Length = (nuint)length;
    }

    // struct msghdr
    private struct Message
    {
        public void* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [InlineArray(MaxParts)]
    private struct Pins
    {
        private MemoryHandle _first;
    }
}

/// <summary>What happens to a descriptor, as epoll says it.</summary>
[Flags]
internal enum PollEvents : uint
{
    None = 0,

    /// <summary>There is something to receive.</summary>
    Input = 0x1,

    /// <summary>There is urgent data (TCP).</summary>
    Urgent = 0x2,

    /// <summary>There is room to send.</summary>
    Output = 0x4,

    /// <summary>The connection has failed. Always reported.</summary>
    Error = 0x8,

    /// <summary>Both directions have ended. Always reported.</summary>
    HangUp = 0x10,

    /// <summary>The peer has ended its direction.</summary>
    InputHangUp = 0x2000,

    /// <summary>Not an event: what has been reported is not reported again until something new happens.</summary>
    Edges = 0x8000_0000,
}
