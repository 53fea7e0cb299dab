using System.ComponentModel;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>The tests of the class need a peer; its <see cref="PeerFactAttribute"/> tests, inherited ones too, are skipped where it is missing.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsAttribute(Peer peer) : Attribute
{
    public Peer Peer { get; } = peer;
}

/// <summary>A test that needs the peer that its class names, if it names one.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("WebSocketCore.InteropTests.TestSupport.PeerFactDiscoverer", "WebSocketCore.InteropTests")]
public sealed class PeerFactAttribute : FactAttribute;

public sealed class PeerFactDiscoverer(IMessageSink diagnostics) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new PeerTestCase(diagnostics, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
}

public sealed class PeerTestCase : XunitTestCase
{
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("For deserialization.")]
    public PeerTestCase()
    {
    }

    public PeerTestCase(IMessageSink diagnostics, TestMethodDisplay display, TestMethodDisplayOptions displayOptions, ITestMethod method)
        : base(diagnostics, display, displayOptions, method)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute)
    {
        var needs = TestMethod.TestClass.Class.GetCustomAttributes(typeof(NeedsAttribute)).SingleOrDefault();
        return needs is null ? null : Peers.SkipReason(needs.GetNamedArgument<Peer>(nameof(NeedsAttribute.Peer)));
    }
}
