using System.Globalization;
using System.Runtime.Intrinsics;
using WebSocketCore.VectorWidths;

// Prints the widest vector in bits that this process uses, then what went wrong, if anything did.
int width = Vector512.IsHardwareAccelerated ? 512
    : Vector256.IsHardwareAccelerated ? 256
    : Vector128.IsHardwareAccelerated ? 128
    : 0;
Console.WriteLine(width.ToString(CultureInfo.InvariantCulture));

string? failure = MaskingCheck.Run();
if (failure is null) return 0;
Console.WriteLine(failure);
return 1;
