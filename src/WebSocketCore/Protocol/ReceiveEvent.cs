namespace WebSocketCore.Protocol;

/// <summary>What a call of <see cref="MessageReceiver.Read"/> has found.</summary>
internal enum ReceiveEvent
{
    /// <summary>The input is used up and nothing is complete.</summary>
    NeedMore,

    /// <summary>A message begins, to be streamed: <see cref="MessageReceiver.Kind"/>.</summary>
    MessageStart,

    /// <summary>A part of a streamed message is ready: <see cref="MessageReceiver.Payload"/>.</summary>
    MessagePart,

    /// <summary>A message, or the last part of a streamed one, is ready: <see cref="MessageReceiver.Payload"/>.</summary>
    Message,

    /// <summary>A data frame has come that the caller does not want now. It waits for a call in another mode.</summary>
    DataAhead,

    /// <summary>A ping: <see cref="MessageReceiver.ControlPayload"/>. A pong is owed.</summary>
    Ping,

    /// <summary>A pong: <see cref="MessageReceiver.ControlPayload"/>.</summary>
    Pong,

    /// <summary>A valid Close frame: <see cref="MessageReceiver.CloseCode"/>, <see cref="MessageReceiver.CloseReason"/>. Whatever follows is discarded.</summary>
    Close,

    /// <summary>The peer broke a rule: <see cref="MessageReceiver.Error"/>. Whatever follows is discarded.</summary>
    Failed,
}

/// <summary>What the caller of <see cref="MessageReceiver.Read"/> wants of data frames. Control frames are taken in every mode.</summary>
internal enum ReceiveMode
{
    /// <summary>Whole messages.</summary>
    Messages,

    /// <summary>Messages in parts, as they arrive.</summary>
    Parts,

    /// <summary>None: stop in front of the first data frame.</summary>
    ControlOnly,

    /// <summary>None: drop messages that begin now.</summary>
    Skip,
}
