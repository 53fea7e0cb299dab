using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace LoadTest.Linux;

/// <summary>What became of a system call.</summary>
internal static class SystemCall
{
    /// <summary>EAGAIN: nothing there yet, or no room.</summary>
    public const int TryAgain = 11;

    /// <summary>EINPROGRESS: the connection is being made.</summary>
    public const int InProgress = 115;

    /// <summary>EINTR: a signal came.</summary>
    public const int Interrupted = 4;

    /// <summary>The result, unless it says that the call failed.</summary>
    /// <exception cref="LoadException">It does.</exception>
    public static int Check(int result, string call)
    {
        if (result < 0) Throw(call, Marshal.GetLastPInvokeError());
        return result;
    }

    [DoesNotReturn]
    public static void Throw(string call, int error) => throw new LoadException($"{call}: {Marshal.GetPInvokeErrorMessage(error)}");
}
