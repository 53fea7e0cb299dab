using System.Buffers;
using System.IO.Pipelines;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>Whole transfers over a pipe's ends.</summary>
internal static class PipeTransfer
{
    /// <summary>Bytes that no poison, zero or shift of the data resembles.</summary>
    public static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Reads and consumes exactly so many bytes.</summary>
    public static async Task<byte[]> ReadExactlyAsync(this PipeReader reader, int length)
    {
        var bytes = new byte[length];
        var filled = 0;
        while (filled < length)
        {
            var result = await reader.ReadAsync();
            var part = result.Buffer.Slice(0, Math.Min(length - filled, result.Buffer.Length));
            part.CopyTo(bytes.AsSpan(filled));
            filled += (int)part.Length;
            reader.AdvanceTo(part.End);
            if (result.IsCompleted && filled < length) throw new EndOfStreamException($"{filled} of {length} bytes.");
        }
        return bytes;
    }

    /// <summary>Reads up to the end of the stream.</summary>
    public static async Task<byte[]> ReadToEndAsync(this PipeReader reader)
    {
        while (true)
        {
            var result = await reader.ReadAsync();
            if (result.IsCompleted)
            {
                var bytes = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return bytes;
            }
            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Writes through GetMemory, as much at a time as it gives, and flushes every so many bytes.</summary>
    public static async Task WriteInPartsAsync(this PipeWriter writer, ReadOnlyMemory<byte> bytes, int flushEvery)
    {
        var unflushed = 0;
        while (!bytes.IsEmpty)
        {
            var memory = writer.GetMemory();
            var count = Math.Min(Math.Min(memory.Length, bytes.Length), flushEvery - unflushed);
            bytes[..count].CopyTo(memory);
            writer.Advance(count);
            bytes = bytes[count..];
            unflushed += count;
            if (unflushed < flushEvery) continue;
            await writer.FlushAsync();
            unflushed = 0;
        }
        await writer.FlushAsync();
    }
}
