using System.Buffers;
using WebSocketCore.Handshake;

namespace WebSocketCore.Tests.Handshake;

public class HttpHeadParserTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\u0081\u0085\u0037\u00FA\u0021\u003D")] // a frame
    [InlineData("\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    public void Not_a_byte_after_the_blank_line_is_consumed(string after)
    {
        byte[] wire = HeadFeed.Latin1(HeadFeed.Request + after);
        for (int cut = 0; cut <= HeadFeed.Request.Length; cut++)
        {
            using var parser = Parser();
            parser.Append(wire.AsSpan(0, cut), out int first);
            var status = parser.Append(wire.AsSpan(first), out int second);
            status.Should().Be(HeadStatus.Complete);
            (first + second).Should().Be(HeadFeed.Request.Length);
        }
    }

    [Fact]
    public void After_its_end_the_parser_takes_nothing_more()
    {
        using var complete = Parser();
        complete.Append(HeadFeed.Latin1(HeadFeed.Request), out _).Should().Be(HeadStatus.Complete);
        complete.Append("more"u8, out int consumed).Should().Be(HeadStatus.Complete);
        consumed.Should().Be(0);

        using var failed = Parser();
        failed.Append("\n"u8, out _).Should().Be(HeadStatus.Failed);
        failed.Append("GET / HTTP/1.1\r\n"u8, out consumed).Should().Be(HeadStatus.Failed);
        consumed.Should().Be(0);
        failed.Error.Should().Be(HandshakeError.BareLineFeed);
    }

    [Fact]
    public void Nothing_is_an_answer_to_nothing()
    {
        using var parser = Parser();
        parser.Append([], out int consumed).Should().Be(HeadStatus.NeedMore);
        consumed.Should().Be(0);
        ((Action)(() => parser.ToRequest())).Should().Throw<InvalidOperationException>();
        ((Action)(() => parser.ToResponse())).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void A_head_of_exactly_the_limit_passes_and_one_byte_less_of_limit_does_not()
    {
        byte[] wire = HeadFeed.Latin1(HeadFeed.Request);
        using var exact = new HttpHeadParser(WebSocketRole.Server, ArrayPool<byte>.Shared, wire.Length, 7);
        exact.Append(wire, out _).Should().Be(HeadStatus.Complete);

        using var small = new HttpHeadParser(WebSocketRole.Server, ArrayPool<byte>.Shared, wire.Length - 1, 7);
        small.Append(wire, out int consumed).Should().Be(HeadStatus.Failed);
        small.Error.Should().Be(HandshakeError.HeadTooLarge);
        consumed.Should().BeLessThan(wire.Length);

        using var few = new HttpHeadParser(WebSocketRole.Server, ArrayPool<byte>.Shared, wire.Length, 6);
        few.Append(wire, out _).Should().Be(HeadStatus.Failed);
        few.Error.Should().Be(HandshakeError.TooManyHeaders);
    }

    // R18: work is what is copied, and what is copied follows from the buffers that were rented.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sixty_four_KiB_a_byte_at_a_time_cost_linear_work(bool oneLine)
    {
        const int Size = 64 * 1024;
        string line = "A: " + new string('x', oneLine ? Size - 100 : 59) + "\r\n";
        byte[] wire = HeadFeed.Latin1("GET / HTTP/1.1\r\n" + string.Concat(Enumerable.Repeat(line, oneLine ? 1 : 1000)) + "\r\n");
        wire.Length.Should().BeInRange(Size - 2000, Size);

        var pool = new PoisonPool();
        using var parser = new HttpHeadParser(WebSocketRole.Server, pool, Size, 1100);
        var status = HeadStatus.NeedMore;
        for (int i = 0; i < wire.Length; i++) status = parser.Append(wire.AsSpan(i, 1), out _);
        status.Should().Be(HeadStatus.Complete);
        pool.Rents.Should().BeLessThan(8);
        pool.RentedBytes.Should().BeLessThan(4 * Size);
        pool.Outstanding.Should().Be(1);
        parser.Dispose();
        parser.Dispose();
        pool.Outstanding.Should().Be(0);
    }

    [Fact]
    public void A_limit_of_any_size_rents_no_more_than_what_arrives()
    {
        var pool = new PoisonPool();
        using var parser = new HttpHeadParser(WebSocketRole.Server, pool, int.MaxValue, int.MaxValue);
        parser.Append(HeadFeed.Latin1(HeadFeed.Request), out _).Should().Be(HeadStatus.Complete);
        pool.RentedBytes.Should().BeLessThanOrEqualTo(1024);
    }

    [Fact]
    public void The_request_outlives_the_buffer()
    {
        var parser = Parser();
        parser.Append(HeadFeed.Latin1(HeadFeed.Request), out _);
        var request = parser.ToRequest();
        parser.Dispose();
        request.Headers.GetValues("Upgrade").Should().Equal("websocket");
        request.Target.Should().Be("/chat");
        ((Action)(() => parser.ToResponse())).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void A_disposed_parser_takes_nothing_more()
    {
        var pool = new PoisonPool();
        var parser = new HttpHeadParser(WebSocketRole.Server, pool, 100, 1);
        parser.Append("GET"u8, out _);
        parser.Dispose();
        parser.Append(" / HTTP/1.1\r\n"u8, out int consumed).Should().Be(HeadStatus.Failed);
        consumed.Should().Be(0);
        pool.Outstanding.Should().Be(0);
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, "Switching Protocols")]
    [InlineData("HTTP/1.1 101 \r\n\r\n", 101, "")]
    [InlineData("HTTP/1.1 503 Service  Unavailable \u00E9\r\n\r\n", 503, "Service  Unavailable \u00E9")]
    [InlineData("HTTP/1.0 502 Bad Gateway\r\n\r\n", 502, "Bad Gateway")]
    public void Status_line_is_read(string text, int status, string reason)
    {
        var response = HeadFeed.ReadResponse(text);
        response.StatusCode.Should().Be(status);
        response.ReasonPhrase.Should().Be(reason);
        response.Headers.Should().BeEmpty();
    }

    private static HttpHeadParser Parser() => new(WebSocketRole.Server, ArrayPool<byte>.Shared, HeadFeed.MaxHeadBytes, HeadFeed.MaxHeaders);
}
