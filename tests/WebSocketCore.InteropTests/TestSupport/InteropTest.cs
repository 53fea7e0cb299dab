namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>What all tests share: a guard that ends a test which hangs. No test waits for it to pass.</summary>
public abstract class InteropTest : IDisposable
{
    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(90));

    protected CancellationToken Guard => _guard.Token;

    public virtual void Dispose()
    {
        _guard.Dispose();
        GC.SuppressFinalize(this);
    }
}
