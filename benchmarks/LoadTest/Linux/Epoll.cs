using System.Runtime.InteropServices;

namespace LoadTest.Linux;

/// <summary>What happened to a socket.</summary>
[Flags]
internal enum Readiness
{
    Readable = 0x1,
    Writable = 0x4,
    Error = 0x8,
    HangUp = 0x10,
}

/// <summary>An epoll set. The sockets in it are known by numbers that the caller gives them.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC
    private const int Add = 1, Modify = 3; // EPOLL_CTL_ADD, EPOLL_CTL_MOD
    private const int MaxEvents = 512;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = DataOffset + sizeof(ulong);

    private readonly int _descriptor = SystemCall.Check(NativeMethods.CreateEpoll(CloseOnExec), "epoll_create1");
    private readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(MaxEvents * EventSize));

    public void Watch(LoopbackSocket socket, int number, Readiness readiness) => Control(Add, socket, number, readiness);

    public void Change(LoopbackSocket socket, int number, Readiness readiness) => Control(Modify, socket, number, readiness);

    /// <summary>Waits until something happens.</summary>
    /// <param name="milliseconds">How long at most; 0 looks only.</param>
    /// <returns>The number of sockets to which something happened, at most one event each.</returns>
    public int Wait(int milliseconds)
    {
        int count = NativeMethods.WaitEpoll(_descriptor, _events, MaxEvents, milliseconds);
        if (count >= 0) return count;
        int error = Marshal.GetLastPInvokeError();
        if (error != SystemCall.Interrupted) SystemCall.Throw("epoll_wait", error);
        return 0;
    }

    /// <summary>One of the events that the last wait found.</summary>
    public (int Number, Readiness Readiness) Event(int index)
    {
        byte* entry = _events + index * EventSize;
        return (*(int*)(entry + DataOffset), *(Readiness*)entry);
    }

    public void Dispose()
    {
        _ = NativeMethods.Close(_descriptor);
        NativeMemory.Free(_events);
    }

    private void Control(int operation, LoopbackSocket socket, int number, Readiness readiness)
    {
        byte* entry = stackalloc byte[DataOffset + sizeof(ulong)];
        *(Readiness*)entry = readiness;
        *(long*)(entry + DataOffset) = number;
        SystemCall.Check(NativeMethods.ControlEpoll(_descriptor, operation, socket.Descriptor, entry), "epoll_ctl");
    }
}
