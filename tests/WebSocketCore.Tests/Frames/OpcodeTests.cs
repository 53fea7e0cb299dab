using WebSocketCore.Frames;

namespace WebSocketCore.Tests.Frames;

public class OpcodeTests
{
    [Fact]
    public void Every_value_is_control_or_data_or_reserved()
    {
        byte[] control = [8, 9, 10];
        byte[] data = [0, 1, 2];
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            var opcode = (Opcode)value;
            opcode.IsControl().Should().Be(control.Contains((byte)value), "of {0}", value);
            opcode.IsData().Should().Be(data.Contains((byte)value), "of {0}", value);
            opcode.IsReserved().Should().Be(!control.Contains((byte)value) && !data.Contains((byte)value), "of {0}", value);
        }
    }
}
