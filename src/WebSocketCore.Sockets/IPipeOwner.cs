using System.IO.Pipelines;

namespace WebSocketCore;

/// <summary>A connected stream socket to whose directions a <see cref="BufferedPipeReader"/> and a <see cref="BufferedPipeWriter"/> belong.</summary>
internal interface IPipeOwner
{
    /// <summary>Where an operation goes on that was ended by somebody else than the socket: not within the call of whoever ended it.</summary>
    PipeScheduler Scheduler { get; }

    /// <summary>The reader was completed. With an exception, or when the output has ended too, the socket is closed.</summary>
    void EndInput(Exception? exception);

    /// <summary>The writer was completed. With an exception, or when the input has ended too, the socket is closed.</summary>
    void EndOutput(Exception? exception);

    /// <summary>Ends the stream to the peer (TCP FIN). False when the socket has failed.</summary>
    bool TryShutdownOutput();

    /// <summary>Has the socket reset the connection when it is closed: output that was cut must not look as if it had ended.</summary>
    void ResetOnClose();
}
