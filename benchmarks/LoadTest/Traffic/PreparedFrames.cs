using System.Security.Cryptography;
using System.Text;
using WebSocketCore.Frames;

namespace LoadTest.Traffic;

/// <summary>
/// The frames of a workload, masked in advance and sent again and again: batches of as many as are in flight, which differ in content and keys, so that an echo that
/// is lost, doubled or swapped shows.
/// </summary>
internal sealed class PreparedFrames
{
    private const int MinFrames = 16;
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly byte[] _payloads;
    private readonly byte[] _frames;
    private readonly int _frameLength;

    public PreparedFrames(Workload workload)
    {
        Opcode = workload.Payload == PayloadKind.Binary ? Opcode.Binary : Opcode.Text;
        Size = workload.Size;
        Depth = workload.Depth;
        Count = Depth;
        while (Count < MinFrames && (long)(Count + Depth) * Size <= MaxBytes) Count += Depth;

        _frameLength = FrameHeaderWriter.GetLength(new FrameHeader(Opcode, Size, maskingKey: 0)) + Size;
        _payloads = new byte[Count * Size];
        // Where the collector does not move it: the kernel reads from there all the time.
        _frames = GC.AllocateUninitializedArray<byte>(Count * _frameLength, pinned: true);
        // The same bytes in every run.
        var random = new Random(6455);
        for (int index = 0; index < Count; index++)
        {
            Fill(_payloads.AsSpan(index * Size, Size), workload.Payload, random);
            Write(index);
        }
    }

    /// <summary>What the messages are.</summary>
    public Opcode Opcode { get; }

    /// <summary>The bytes of payload of each.</summary>
    public int Size { get; }

    /// <summary>How many make a batch.</summary>
    public int Depth { get; }

    /// <summary>How many there are: whole batches.</summary>
    public int Count { get; }

    /// <summary>The frames from one index on, as they go over the wire.</summary>
    public ReadOnlyMemory<byte> Frames(int index, int count) => _frames.AsMemory(index * _frameLength, count * _frameLength);

    /// <summary>The payload that the echo of a frame has to have.</summary>
    public ReadOnlySpan<byte> Payload(int index) => _payloads.AsSpan(index * Size, Size);

    /// <summary>The index of the frame behind the one at an index, round and round.</summary>
    public int Next(int index, int count = 1) => index + count == Count ? 0 : index + count;

    private void Write(int index)
    {
        // RFC 6455 5.3: a masking key is derived from a strong source of entropy. It is the use of one key for many frames that only a load test may allow itself.
        Span<byte> key = stackalloc byte[sizeof(uint)];
        RandomNumberGenerator.Fill(key);
        var header = new FrameHeader(Opcode, Size, maskingKey: BitConverter.ToUInt32(key));
        var frame = _frames.AsSpan(index * _frameLength, _frameLength);
        int payloadStart = FrameHeaderWriter.Write(frame, header);
        Masking.Apply(Payload(index), frame[payloadStart..], header.MaskingKey);
    }

    private static void Fill(Span<byte> payload, PayloadKind kind, Random random)
    {
        switch (kind)
        {
            case PayloadKind.Binary:
                random.NextBytes(payload);
                break;

            case PayloadKind.Ascii:
                foreach (ref byte character in payload) character = (byte)random.Next(' ', '~' + 1);
                break;

            case PayloadKind.Chinese:
                FillChinese(payload, random);
                break;
        }
    }

    // Of 32 characters 29 are Chinese, and one each an emoji, an accented letter and a space.
    private static void FillChinese(Span<byte> payload, Random random)
    {
        for (int number = 0; !payload.IsEmpty; number++)
        {
            var character = new Rune((number % 32) switch
            {
                10 => random.Next(0x1F600, 0x1F640),
                20 => random.Next(0xE0, 0xF7),
                30 => ' ',
                _ => random.Next(0x4E00, 0x9FA0),
            });
            if (character.Utf8SequenceLength > payload.Length) character = new Rune('.');
            payload = payload[character.EncodeToUtf8(payload)..];
        }
    }
}
