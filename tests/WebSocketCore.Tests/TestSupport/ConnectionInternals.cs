using System.Runtime.CompilerServices;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>What a test cannot see from outside and must wait for.</summary>
internal static class ConnectionInternals
{
    /// <summary>Completes when the connection no longer reads by itself: it has stopped in front of data, made way, or ended.</summary>
    public static Task BackgroundReading(this WebSocketConnection connection) => Background(connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_background")]
    private static extern ref Task Background(WebSocketConnection connection);
}
