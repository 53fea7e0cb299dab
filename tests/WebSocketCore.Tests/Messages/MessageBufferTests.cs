using System.Buffers;
using System.Text;
using System.Text.Json;
using WebSocketCore.Tests.TestSupport;

namespace WebSocketCore.Tests.Messages;

public class MessageBufferTests
{
    [Fact]
    public void A_writer_composes_a_message_in_it_and_the_next_after_Clear()
    {
        var pool = new CountingPool();
        using (var buffer = new MessageBuffer(MessageKind.Text, pool))
        {
            buffer.Kind.Should().Be(MessageKind.Text);
            for (var round = 0; round < 3; round++)
            {
                using var json = new Utf8JsonWriter(buffer);
                JsonSerializer.Serialize(json, Enumerable.Range(round, 5));
                Encoding.UTF8.GetString(buffer.Written).Should().Be($"[{round},{round + 1},{round + 2},{round + 3},{round + 4}]");
                buffer.Length.Should().Be(11);
                buffer.Clear();
                buffer.Length.Should().Be(0);
            }

            pool.Outstanding.Should().Be(1, "a small array is kept for the next message");
        }

        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void A_large_message_comes_back_whole_and_the_buffer_lives_on_after_Dispose()
    {
        var pool = new CountingPool();
        var buffer = new MessageBuffer(MessageKind.Binary, pool);
        var bytes = new byte[1_000_000];
        new Random(1).NextBytes(bytes);
        for (var round = 0; round < 2; round++)
        {
            buffer.Write(bytes);
            buffer.Length.Should().Be(bytes.Length);
            buffer.Written.ToArray().AsSpan().SequenceEqual(bytes).Should().BeTrue();
            buffer.Dispose();
            buffer.Dispose();
            buffer.Length.Should().Be(0);
            pool.Outstanding.Should().Be(0);
        }
    }

    [Fact]
    public void Span_and_memory_are_the_same_bytes_and_Advance_is_checked()
    {
        using var buffer = new MessageBuffer(MessageKind.Binary);
        var length = buffer.GetMemory(300).Length;
        length.Should().BeGreaterThanOrEqualTo(300);
        buffer.GetMemory(300).Span[0] = 42;
        buffer.GetSpan(300)[0].Should().Be(42);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(-1));
        buffer.Advance(1);
        buffer.Written.ToArray().Should().Equal(42);
    }

    [Fact]
    public void Undefined_kind_is_refused() =>
        FluentActions.Invoking(() => new MessageBuffer((MessageKind)3)).Should().Throw<ArgumentOutOfRangeException>();
}
