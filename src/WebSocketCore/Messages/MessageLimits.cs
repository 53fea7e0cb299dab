namespace WebSocketCore.Messages;

/// <summary>What one incoming message may cost (RFC 6455, section 10.4).</summary>
/// <param name="MaxMessageSize">The most bytes of payload over all fragments.</param>
/// <param name="MaxFragments">The most frames.</param>
/// <param name="MaxEmptyFragments">The most frames without payload.</param>
internal readonly record struct MessageLimits(long MaxMessageSize, int MaxFragments, int MaxEmptyFragments);
