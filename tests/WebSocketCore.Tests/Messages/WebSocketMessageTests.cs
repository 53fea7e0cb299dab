using WebSocketCore.Tests.Frames;

namespace WebSocketCore.Tests.Messages;

public class WebSocketMessageTests
{
    [Fact]
    public void Text_is_decoded_across_segments()
    {
        var bytes = Convert.FromHexString("61CEBAF09F9880");
        var message = new WebSocketMessage(MessageKind.Text, Segments.OnePerByte(bytes));
        message.IsText.Should().BeTrue();
        message.Length.Should().Be(7);
        message.GetText().Should().Be("a\u03ba\U0001F600");
        message.ToArray().Should().Equal(bytes);
    }

    [Fact]
    public void A_copy_does_not_change_with_the_buffer()
    {
        var bytes = Convert.FromHexString("00FF");
        var message = new WebSocketMessage(MessageKind.Binary, new(bytes));
        var copy = message.ToArray();
        bytes.AsSpan().Clear();
        copy.Should().Equal(0x00, 0xFF);
        message.IsText.Should().BeFalse();
    }
}
