using System.Diagnostics;
using System.Globalization;
using WebSocketCore.Frames;
using WebSocketCore.VectorWidths;

namespace WebSocketCore.Tests.Frames;

public class MaskingTests
{
    private const uint Key = 0x3D21FA37;

    [Fact]
    public void Masks_the_hello_of_the_RFC()
    {
        byte[] data = "Hello"u8.ToArray();

        Masking.Apply(data, Key);
        Convert.ToHexString(data).Should().Be("7F9F4D5158");

        Masking.Apply(data, Key);
        data.Should().Equal("Hello"u8.ToArray());
    }

    [Fact]
    public void Equals_the_formula_for_all_short_lengths_places_and_phases() => MaskingCheck.Run().Should().BeNull();

    [Theory]
    [InlineData(null, 512)]
    [InlineData("DOTNET_EnableAVX512", 256)]
    [InlineData("DOTNET_EnableAVX2", 128)]
    [InlineData("DOTNET_EnableHWIntrinsic", 0)]
    public async Task Equals_the_formula_at_every_vector_width(string? switchedOff, int widest)
    {
        string program = Path.ChangeExtension(typeof(MaskingCheck).Assembly.Location, ".dll");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (switchedOff is not null) start.Environment[switchedOff] = "0";

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        process.ExitCode.Should().Be(0, "it said {0}{1}", output, await errors);
        int width = int.Parse(output, CultureInfo.InvariantCulture);
        // Other processors have other widths; none may use what was switched off.
        width.Should().BeLessThanOrEqualTo(widest);
        if (widest == 0) width.Should().Be(0);
    }

    [Fact]
    public void Pieces_in_their_phases_equal_the_whole()
    {
        byte[] payload = new byte[200];
        new Random(1).NextBytes(payload);
        byte[] whole = new byte[payload.Length];
        Masking.Apply(payload, whole, Key);

        byte[] pieces = new byte[payload.Length];
        for (int first = 0; first <= payload.Length; first++)
        {
            for (int second = first; second <= payload.Length; second += 7)
            {
                payload.CopyTo(pieces, 0);
                Masking.Apply(pieces.AsSpan(0, first), Key);
                Masking.Apply(pieces.AsSpan(first, second - first), Key, first);
                Masking.Apply(pieces.AsSpan(second), Key, second);
                if (!pieces.AsSpan().SequenceEqual(whole)) pieces.Should().Equal(whole, "cut at {0} and {1}", first, second);
            }
        }
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(4L)]
    [InlineData(1L << 40)]
    [InlineData(long.MaxValue - 3)]
    public void Only_the_remainder_of_the_phase_counts(long multipleOfFour)
    {
        for (int phase = 0; phase < 4; phase++)
        {
            byte[] expected = new byte[33], actual = new byte[33];
            Masking.Apply(expected, Key, phase);
            Masking.Apply(actual, Key, multipleOfFour + phase);
            actual.Should().Equal(expected);
        }
    }

    [Theory]
    [InlineData(65536)]
    [InlineData(1_000_003)]
    public void Masks_large_payload(int length)
    {
        byte[] payload = new byte[length];
        new Random(2).NextBytes(payload);
        byte[] masked = new byte[length];

        Masking.Apply(payload, masked, Key, phase: 3);

        byte[] key = Convert.FromHexString("37FA213D");
        int wrong = 0;
        for (int i = 0; i < length; i++)
        {
            if (masked[i] != (payload[i] ^ key[(i + 3) % 4])) wrong++;
        }

        wrong.Should().Be(0);
        Masking.Apply(masked, Key, phase: 3);
        masked.AsSpan().SequenceEqual(payload).Should().BeTrue();
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(100, 99)]
    public void Refuses_a_destination_that_is_too_short(int sourceLength, int destinationLength)
    {
        byte[] source = new byte[sourceLength], destination = new byte[destinationLength];

        FluentActions.Invoking(() => Masking.Apply(source, destination, Key))
            .Should().Throw<ArgumentException>().WithParameterName("destination");
        destination.Should().NotContain(b => b != 0);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(0, 49)]
    [InlineData(49, 0)]
    [InlineData(10, 40)]
    public void Refuses_an_overlap_that_is_not_in_place(int sourceStart, int destinationStart)
    {
        byte[] memory = new byte[200];

        FluentActions.Invoking(() => Masking.Apply(memory.AsSpan(sourceStart, 50), memory.AsSpan(destinationStart), Key))
            .Should().Throw<ArgumentException>().WithParameterName("destination");
        memory.Should().OnlyContain(b => b == 0);
    }

    [Fact]
    public void Neighbours_do_not_overlap_even_when_the_rest_of_the_destination_does()
    {
        byte[] memory = new byte[100];

        Masking.Apply(memory.AsSpan(50, 50), memory, Key);

        Convert.ToHexString(memory, 44, 10).Should().Be("37FA213D37FA00000000");
    }

    [Fact]
    public void Nothing_to_mask_is_fine()
    {
        Masking.Apply([], Key);
        Masking.Apply([], [], Key);
        byte[] untouched = [1, 2, 3];
        Masking.Apply([], untouched, Key);
        untouched.Should().Equal(1, 2, 3);
    }
}
