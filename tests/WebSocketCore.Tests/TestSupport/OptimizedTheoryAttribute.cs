using System.Diagnostics;
using System.Reflection;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>
/// A test of what optimised code allocates. In a debug build every call of an async method allocates its state machine, so there it is skipped:
/// run the tests with <c>-c Release</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OptimizedTheoryAttribute : TheoryAttribute
{
    public OptimizedTheoryAttribute()
    {
        if (typeof(WebSocketConnection).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
            Skip = "Only in a release build.";
    }
}
