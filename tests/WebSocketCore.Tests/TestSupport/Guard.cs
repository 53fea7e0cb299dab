namespace WebSocketCore.Tests.TestSupport;

/// <summary>A generous bound on what must end by itself, so that a hang fails one test instead of the whole run.</summary>
internal static class Guard
{
    private static readonly TimeSpan Generous = TimeSpan.FromSeconds(60);

    public static Task Within(this Task task) => task.WaitAsync(Generous);

    public static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(Generous);

    public static Task Within(this ValueTask task) => task.AsTask().WaitAsync(Generous);

    public static Task<T> Within<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Generous);
}
