using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LoadTest.Linux;

/// <summary>
/// A TCP socket that never blocks, to a server on this machine: the addresses are 127.0.0.1 and its neighbours, others cannot be named.
/// Raw, since a <see cref="Socket"/> brings an event loop and a thread pool of its own, which would take the client's core from the generator.
/// </summary>
internal readonly unsafe struct LoopbackSocket
{
    private const int InternetFamily = 2; // AF_INET
    private const int StreamNonBlockingCloseOnExec = 1 | 0x800 | 0x80000; // SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC
    private const int SocketLevel = 1, ErrorOption = 4; // SOL_SOCKET, SO_ERROR
    private const int TcpLevel = 6, NoDelay = 1;
    private const int IpLevel = 0, BindAddressNoPort = 24;
    private const int NoSignal = 0x4000; // MSG_NOSIGNAL
    private const int Truncate = 0x20; // MSG_TRUNC
    private const uint Loopback = 0x7F000001;
    private const int AddressLength = 16; // sizeof(struct sockaddr_in)

    private LoopbackSocket(int descriptor) => Descriptor = descriptor;

    public int Descriptor { get; }

    /// <summary>Opens a socket.</summary>
    /// <param name="source">Which address to come from: 0 is 127.0.0.1, 1 is 127.0.0.2 and so on. Each has its own range of ports.</param>
    public static LoopbackSocket Open(int source)
    {
        int descriptor = SystemCall.Check(NativeMethods.Socket(InternetFamily, StreamNonBlockingCloseOnExec, 0), "socket");
        SetOption(descriptor, TcpLevel, NoDelay);

        // The port is chosen by connect, which can share it among connections to different servers.
        SetOption(descriptor, IpLevel, BindAddressNoPort);
        byte* address = stackalloc byte[AddressLength];
        WriteAddress(new Span<byte>(address, AddressLength), Loopback + (uint)source, port: 0);
        SystemCall.Check(NativeMethods.Bind(descriptor, address, AddressLength), "bind");
        return new LoopbackSocket(descriptor);
    }

    /// <summary>Connects to the server at 127.0.0.1.</summary>
    /// <returns>False when the connection is not there yet: the socket becomes writable when it is, or has failed.</returns>
    public bool Connect(int port)
    {
        byte* address = stackalloc byte[AddressLength];
        WriteAddress(new Span<byte>(address, AddressLength), Loopback, port);
        if (NativeMethods.Connect(Descriptor, address, AddressLength) == 0) return true;
        int error = Marshal.GetLastPInvokeError();
        if (error != SystemCall.InProgress) SystemCall.Throw("connect", error);
        return false;
    }

    /// <summary>Throws if the connection that was being made has failed.</summary>
    public void CheckConnected()
    {
        int error = 0;
        uint length = sizeof(int);
        SystemCall.Check(NativeMethods.GetSocketOption(Descriptor, SocketLevel, ErrorOption, &error, &length), "getsockopt");
        if (error != 0) SystemCall.Throw("connect", error);
    }

    /// <summary>Sends what there is room for.</summary>
    /// <returns>The number of bytes; -1 when the connection is broken.</returns>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint sent = NativeMethods.Send(Descriptor, start, (nuint)bytes.Length, NoSignal);
            if (sent >= 0) return (int)sent;
        }
        return Marshal.GetLastPInvokeError() is SystemCall.TryAgain or SystemCall.Interrupted ? 0 : -1;
    }

    /// <summary>Receives what is there.</summary>
    /// <returns>The number of bytes; 0 at the end of the stream, -1 when nothing is there, -2 when the connection is broken.</returns>
    public int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer) return Receive(start, buffer.Length, flags: 0);
    }

    /// <summary>Drops received bytes in the kernel, without copying them.</summary>
    /// <returns>As of <see cref="Receive(Span{byte})"/>.</returns>
    public int Discard(int length) => Receive(null, length, Truncate);

    public void Close() => _ = NativeMethods.Close(Descriptor);

    private int Receive(byte* start, int length, int flags)
    {
        nint received = NativeMethods.Receive(Descriptor, start, (nuint)length, flags);
        if (received >= 0) return (int)received;
        return Marshal.GetLastPInvokeError() is SystemCall.TryAgain or SystemCall.Interrupted ? -1 : -2;
    }

    private static void SetOption(int descriptor, int level, int name)
    {
        int on = 1;
        SystemCall.Check(NativeMethods.SetSocketOption(descriptor, level, name, &on, sizeof(int)), "setsockopt");
    }

    private static void WriteAddress(Span<byte> address, uint host, int port)
    {
        address.Clear();
        MemoryMarshal.Write(address, (ushort)InternetFamily);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)port);
        BinaryPrimitives.WriteUInt32BigEndian(address[4..], host);
    }
}
