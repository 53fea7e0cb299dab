using System.Text.Unicode;
using LoadTest.Comparison;
using LoadTest.Traffic;
using WebSocketCore.Frames;

namespace WebSocketCore.InteropTests.LoadTests;

/// <summary>The small parts of which comparisons are made.</summary>
public sealed class ComparisonTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3)]
    [InlineData(new[] { 5.0, 1 }, 3)]
    [InlineData(new[] { 9.0, 1, 2 }, 2)]
    [InlineData(new[] { 100.0, 4, 2, 3 }, 3.5)]
    public void A_median_is_the_middle(double[] values, double median)
    {
        var samples = new LoadTest.Comparison.Samples();
        foreach (double value in values) samples.Add(value);
        samples.Median.Should().Be(median);
        (samples.Min, samples.Max, samples.Count).Should().Be((values.Min(), values.Max(), values.Length));
    }

    [Theory]
    [InlineData("Intel(R) Xeon(R) Processor", "intel-xeon")]
    [InlineData("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz", "intel-core-i7-8700k")]
    [InlineData("AMD EPYC 9654 96-Core Processor", "amd-epyc-9654-96-core")]
    public void Results_lie_in_a_folder_of_the_processor(string processor, string folder) => Report.MachineFolder(processor).Should().Be(folder);

    [Fact]
    public void Frames_are_what_a_server_unmasks_to_the_payload()
    {
        foreach (var workload in Workload.All)
        {
            var frames = new PreparedFrames(workload);
            (frames.Count % workload.Depth).Should().Be(0);
            var bytes = frames.Frames(0, frames.Count).ToArray().AsSpan();
            for (int index = 0; index < frames.Count; index++)
            {
                FrameHeaderParser.TryParse(bytes, out var header, out int length).Should().BeTrue();
                FrameRules.Check(header, WebSocketRole.Server, ReservedBits.None, messageInProgress: false).Should().Be(ProtocolError.None);
                header.PayloadLength.Should().Be((ulong)workload.Size);
                var payload = bytes.Slice(length, workload.Size);
                Masking.Apply(payload, header.MaskingKey);
                payload.SequenceEqual(frames.Payload(index)).Should().BeTrue();
                (header.Opcode == Opcode.Binary || Utf8.IsValid(payload)).Should().BeTrue();
                bytes = bytes[(length + workload.Size)..];
            }
            bytes.Length.Should().Be(0);
        }
    }
}
