namespace WebSocketCore.Tests.TestSupport;

/// <summary>For tests that measure what the whole process allocates: no other test runs meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "Alone";
}
