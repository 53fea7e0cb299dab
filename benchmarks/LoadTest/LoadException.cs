namespace LoadTest;

/// <summary>The load test cannot go on: a server broke the protocol, lost an echo or went away, or the machine lacks something.</summary>
internal sealed class LoadException(string message) : Exception(message);
