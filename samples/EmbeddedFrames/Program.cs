using System.Buffers.Binary;
using System.Text;
using WebSocketCore;
using WebSocketCore.Frames;

// The codec alone: frames in plain byte arrays, no connection, no task, no socket. For those who have a transport and a loop of their own.

Title("A masked text frame, written by hand (RFC 6455, section 5.7)");
var hello = "Hello"u8.ToArray();
var header = new FrameHeader(Opcode.Text, hello.Length, maskingKey: 0x3D21FA37); // 37 fa 21 3d on the wire
var frame = new byte[FrameHeaderWriter.GetLength(header) + hello.Length];
int payloadStart = FrameHeaderWriter.Write(frame, header);
Masking.Apply(hello, frame.AsSpan(payloadStart), header.MaskingKey);
Show("wire", frame);

Title("The same bytes as a server reads them");
Read(frame, WebSocketRole.Server);

Title("The same bytes as a client reads them: servers do not mask");
Read(frame, WebSocketRole.Client);

Title("A header that comes in pieces: false means that more bytes are needed, never an error");
byte[] large = [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]; // Binary, 65,536 bytes
for (int there = 0; there <= large.Length; there++)
{
    if (FrameHeaderParser.TryParse(large.AsSpan(0, there), out var parsed, out int headerLength))
        Console.WriteLine($"  {there,2} bytes: a header of {headerLength} bytes, and {parsed.PayloadLength} bytes of payload to come");
    else
        Console.WriteLine($"  {there,2} bytes: more");
}

Title("A text message in two fragments, a ping between them, and a character that the cut goes through");
byte[] stream = [.. Unmasked(Opcode.Text, [0x4B, 0xC3], fin: false), .. Unmasked(Opcode.Ping, "still there?"u8), .. Unmasked(Opcode.Continuation, [0xB6, 0x6E, 0x69, 0x67])];
Show("wire", stream);
ReadMessages(stream);

Title("Rules that a header alone can break, found before any payload has come");
Refuse("opcode 3", [0x83, 0x00]);
Refuse("a ping of 126 bytes", [0x89, 0x7E, 0x00, 0x7E]);
Refuse("a fragmented Close", [0x08, 0x00]);
Refuse("RSV1 without an extension", [0xC1, 0x00]);
Refuse("5 bytes, the length in 16 bits", [0x81, 0x7E, 0x00, 0x05]);
Refuse("a continuation of nothing", [0x80, 0x00]);

Title("A Close frame with a code and a reason");
Span<byte> close = stackalloc byte[ClosePayload.MaxLength];
close = close[..ClosePayload.Write(close, CloseCode.GoingAway, "see you")];
Show("payload", close);
if (ClosePayload.Parse(close, out var code, out string reason) == ProtocolError.None)
    Console.WriteLine($"  code {(ushort)code} ({code}), reason \"{reason}\"");
Console.WriteLine($"  one byte alone: {ClosePayload.Parse(close[..1], out _, out _).Message()}");

static void Read(ReadOnlySpan<byte> bytes, WebSocketRole role)
{
    if (!FrameHeaderParser.TryParse(bytes, out var header, out int headerLength)) throw new InvalidOperationException("The header is complete.");
    Describe(header);

    var error = FrameRules.Check(header, role, claimed: ReservedBits.None, messageInProgress: false);
    if (error != ProtocolError.None)
    {
        Console.WriteLine($"  refused: {error.Message()}; answer with Close {(ushort)error.CloseCode()}");
        return;
    }

    var payload = bytes.Slice(headerLength, (int)header.PayloadLength).ToArray();
    if (header.Masked) Masking.Apply(payload, header.MaskingKey);
    Console.WriteLine($"  payload \"{Encoding.UTF8.GetString(payload)}\"");
}

// What a receiver does with the frames of a stream, as a client.
static void ReadMessages(ReadOnlySpan<byte> bytes)
{
    var utf8 = new Utf8Validator();
    var message = new List<byte>();
    bool inMessage = false;
    while (FrameHeaderParser.TryParse(bytes, out var header, out int headerLength))
    {
        if (FrameRules.Check(header, WebSocketRole.Client, ReservedBits.None, inMessage) is not ProtocolError.None and var error)
        {
            Console.WriteLine($"  refused: {error.Message()}");
            return;
        }
        var payload = bytes.Slice(headerLength, (int)header.PayloadLength);
        bytes = bytes[(headerLength + payload.Length)..];
        Describe(header);
        if (header.Opcode.IsControl())
        {
            Console.WriteLine($"  \"{Encoding.UTF8.GetString(payload)}\": a pong with these bytes is owed; the message goes on");
            continue;
        }

        // Every byte is checked as it comes; a character may end in the next fragment, but not behind the last.
        bool valid = utf8.Append(payload);
        message.AddRange(payload);
        inMessage = !header.Fin;
        Console.WriteLine($"  {payload.Length} bytes, valid so far: {valid}, at the end of a character: {utf8.IsComplete}");
        if (!inMessage) Console.WriteLine($"  the message: \"{Encoding.UTF8.GetString(message.ToArray())}\"");
    }
}

static void Refuse(string what, ReadOnlySpan<byte> bytes)
{
    if (!FrameHeaderParser.TryParse(bytes, out var header, out _)) throw new InvalidOperationException("The header is complete.");
    var error = FrameRules.Check(header, WebSocketRole.Client, ReservedBits.None, messageInProgress: false);
    Console.WriteLine($"  {what,-31} {(ushort)error.CloseCode()}: {error.Message()}");
}

static byte[] Unmasked(Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true)
{
    var header = new FrameHeader(opcode, payload.Length, fin);
    var frame = new byte[FrameHeaderWriter.GetLength(header) + payload.Length];
    payload.CopyTo(frame.AsSpan(FrameHeaderWriter.Write(frame, header)));
    return frame;
}

static void Describe(in FrameHeader header)
{
    Console.Write($"  {header.Opcode}, {(header.Fin ? "last of its message" : "more to follow")}, {header.PayloadLength} bytes");
    Console.WriteLine(header.Masked ? $", masked with {BinaryPrimitives.ReverseEndianness(header.MaskingKey):x8}" : "");
}

static void Show(string name, ReadOnlySpan<byte> bytes) => Console.WriteLine($"  {name}: {Convert.ToHexStringLower(bytes)}");

static void Title(string text) => Console.WriteLine($"{Environment.NewLine}{text}");
