using WebSocketCore.Messages;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Messages;

public class PayloadBufferTests
{
    private const int Limit = PayloadBuffer.ContiguousLimit;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(255)]
    [InlineData(1000)]
    [InlineData(16 * 1024)]
    [InlineData(50_000)]
    [InlineData(Limit)]
    public void Up_to_64_KiB_are_one_segment_and_a_byte_more_begins_another(int step)
    {
        var pool = new CountingPool();
        var buffer = new PayloadBuffer(pool);
        while (buffer.Length < Limit)
        {
            Write(buffer, (int)Math.Min(step, Limit - buffer.Length));
            Assert.True(buffer.Written.IsSingleSegment);
        }

        Check(buffer);
        pool.Outstanding.Should().Be(1);
        Write(buffer, 1);
        buffer.Written.IsSingleSegment.Should().BeFalse();
        Check(buffer);
        buffer.Release();
        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void Asking_for_ever_more_room_without_writing_keeps_one_array()
    {
        var pool = new CountingPool();
        var buffer = new PayloadBuffer(pool);
        Write(buffer, Limit + 1);
        var before = pool.Outstanding;
        for (var size = Limit; size < 20 * Limit; size += Limit) buffer.GetSpan(size).Length.Should().BeGreaterThanOrEqualTo(size);
        pool.Outstanding.Should().BeLessThanOrEqualTo(before + 1);
        buffer.Length.Should().Be(Limit + 1);
        buffer.Release();
        pool.Outstanding.Should().Be(0);
    }

    [Theory]
    [InlineData(1, 300_000, 256)]
    [InlineData(1000, 5_000_000, 2 * 1000)]
    [InlineData(16 * 1024, 10_000_000, 2 * 16 * 1024)]
    public void Memory_is_at_most_twice_the_bytes(int step, int total, int allowance)
    {
        var pool = new CountingPool(exact: true);
        var buffer = new PayloadBuffer(pool);
        while (buffer.Length < total)
        {
            Write(buffer, step);
            if (pool.OutstandingBytes > 2 * buffer.Length + allowance) Assert.Fail($"{pool.OutstandingBytes} bytes for {buffer.Length}");
        }

        pool.LargestRequest.Should().BeLessThanOrEqualTo(1024 * 1024);
        Check(buffer);
    }

    [Fact]
    public void What_was_written_is_what_is_read_however_it_was_written()
    {
        var pool = new CountingPool();
        var buffer = new PayloadBuffer(pool);
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            for (var write = random.Next(40); write >= 0; write--)
            {
                Write(buffer, random.Next(random.Next(2) == 0 ? 40 : 40_000), hint: random.Next(3) * random.Next(30_000));
                // Looking at the bytes must not change them, nor what comes after.
                if (random.Next(3) == 0) Check(buffer);
            }

            Check(buffer);
            if (random.Next(2) == 0) buffer.Clear();
            else buffer.Release();
            buffer.Length.Should().Be(0);
            buffer.Written.IsEmpty.Should().BeTrue();
        }

        buffer.Release();
        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void Clear_keeps_a_small_array_and_returns_large_ones()
    {
        var pool = new CountingPool();
        var buffer = new PayloadBuffer(pool);
        Write(buffer, Limit);
        buffer.Clear();
        pool.Outstanding.Should().Be(1);
        var rents = pool.Rents;
        Write(buffer, Limit);
        pool.Rents.Should().Be(rents);
        Check(buffer);

        Write(buffer, 1);
        buffer.Clear();
        pool.Outstanding.Should().Be(0);

        buffer.GetSpan(Limit + 1);
        pool.Outstanding.Should().Be(1);
        buffer.Clear();
        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void A_new_buffer_rents_nothing_and_Release_may_be_repeated()
    {
        var pool = new CountingPool();
        var buffer = new PayloadBuffer(pool);
        buffer.Written.IsEmpty.Should().BeTrue();
        buffer.Clear();
        buffer.Release();
        pool.Rents.Should().Be(0);
        Write(buffer, 10);
        buffer.Release();
        buffer.Release();
        Write(buffer, 200_000);
        Check(buffer);
        buffer.Release();
        pool.Outstanding.Should().Be(0);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(10, 5_000)]
    [InlineData(10, 100_000)]
    [InlineData(Limit, 1)]
    [InlineData(200_000, 300_000)]
    public void Spans_and_memory_are_as_large_as_asked(int before, int hint)
    {
        var buffer = new PayloadBuffer(new CountingPool(exact: true));
        if (before != 0) Write(buffer, before);
        buffer.GetSpan(hint).Length.Should().BeGreaterThanOrEqualTo(Math.Max(hint, 1));
        buffer.GetMemory(hint).Length.Should().BeGreaterThanOrEqualTo(Math.Max(hint, 1));
        buffer.Length.Should().Be(before);
        Check(buffer);
    }

    [Fact]
    public void Advance_goes_no_further_than_the_span()
    {
        var buffer = new PayloadBuffer(new CountingPool(exact: true));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => buffer.Advance(1));
        var length = buffer.GetSpan(10).Length;
        Assert.Throws<ArgumentOutOfRangeException>("count", () => buffer.Advance(length + 1));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => buffer.Advance(-1));
        buffer.Advance(length);
        Assert.Throws<ArgumentOutOfRangeException>("count", () => buffer.Advance(1));
        buffer.Length.Should().Be(length);
    }

    // Each byte tells its place, so that a lost, doubled or foreign one shows; 211 is a prime, all values lie below the poison of the pool.
    private static void Write(PayloadBuffer buffer, int count, int hint = 0)
    {
        var start = buffer.Length;
        for (var written = 0; written < count;)
        {
            var span = buffer.GetSpan(Math.Max(hint, Math.Min(count - written, 16 * 1024)));
            var length = Math.Min(span.Length, count - written);
            for (var i = 0; i < length; i++) span[i] = (byte)((start + written + i) % 211);
            buffer.Advance(length);
            written += length;
        }
    }

    private static void Check(PayloadBuffer buffer)
    {
        var position = 0L;
        foreach (var segment in buffer.Written)
        {
            foreach (var found in segment.Span)
            {
                if (found != position++ % 211) Assert.Fail($"Byte {position - 1} is {found}.");
            }
        }

        position.Should().Be(buffer.Length);
        buffer.Written.Length.Should().Be(buffer.Length);
    }
}
