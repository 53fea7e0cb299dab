using System.Buffers;
using System.IO.Pipelines;

namespace WebSocketCore.Connections;

// What a transport of our own can do beyond a duplex pipe. All of it is optional: over any other pipe the connection works without.

/// <summary>A transport that says where its connection's work runs.</summary>
internal interface IScheduledTransport : IDuplexPipe
{
    /// <summary>Where a connection queues work that must not wait for what the application does next, such as a flush that was held back.</summary>
    PipeScheduler Scheduler { get; }
}

/// <summary>
/// A reader that shares its memory with nobody: what a read has given may be changed in place until it is advanced.
/// And it can receive straight into its user's memory.
/// </summary>
internal abstract class DirectPipeReader : PipeReader
{
    /// <summary>
    /// Receives what is there into the caller's memory, waiting for input as a read does, without a buffer in between. Allowed when no read is under way and
    /// everything that reads have given was consumed.
    /// </summary>
    /// <remarks>As with a read, neither the token nor <see cref="PipeReader.CancelPendingRead"/> loses a byte. Where the result is cancelled or an exception,
    /// the memory was not written to and is not written to later.</remarks>
    /// <param name="destination">Where to; not empty.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public abstract ValueTask<DirectReadResult> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken = default);
}

/// <summary>What <see cref="DirectPipeReader.ReceiveAsync"/> has received.</summary>
/// <param name="Length">The number of bytes; 0 when cancelled or at the end of the stream.</param>
/// <param name="IsCanceled">Whether <see cref="PipeReader.CancelPendingRead"/> ended it.</param>
/// <param name="IsCompleted">Whether the peer has ended the stream.</param>
internal readonly record struct DirectReadResult(int Length, bool IsCanceled, bool IsCompleted);

/// <summary>A writer that can send straight from its user's memory.</summary>
internal abstract class DirectPipeWriter : PipeWriter
{
    /// <summary>
    /// Sends what is unflushed and then, in the same system call where possible, as much of the payload as the transport takes without waiting.
    /// Allowed when no flush is under way. The payload is not kept: what was not taken is the caller's to write and flush, or to try again after a flush.
    /// </summary>
    /// <returns>The number of bytes of the payload that were sent; 0 also while something is still unflushed, or after
    /// <see cref="PipeWriter.CancelPendingFlush"/>.</returns>
    /// <exception cref="IOException">The transport has failed.</exception>
    public abstract long TrySend(in ReadOnlySequence<byte> payload);
}
