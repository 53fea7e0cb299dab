namespace WebSocketCore.Benchmarks.InMemory;

/// <summary>The receiving end of a transport in memory: one batch of frames, over and over, without ever waiting.</summary>
internal sealed class WireInput(byte[] batch)
{
    private int _position;

    /// <summary>From now on there is nothing more to read.</summary>
    public bool IsEnded { get; set; }

    /// <summary>The next bytes: what is left of the batch, up to the limit. Empty at the end of the stream.</summary>
    public ReadOnlyMemory<byte> Take(int limit)
    {
        if (IsEnded) return default;
        var taken = batch.AsMemory(_position, Math.Min(limit, batch.Length - _position));
        _position += taken.Length;
        if (_position == batch.Length) _position = 0;
        return taken;
    }

    /// <summary>Copies the next bytes, as a socket's receive does.</summary>
    public int Receive(Span<byte> destination)
    {
        var taken = Take(destination.Length).Span;
        taken.CopyTo(destination);
        return taken.Length;
    }
}
