using System.Text;
using LoadTest;
using LoadTest.Traffic;
using WebSocketCore.Handshake;

namespace WebSocketCore.InteropTests.LoadTests;

/// <summary>What the load generator makes of the response to its handshake.</summary>
public sealed class UpgradeTests
{
    private readonly Upgrade _upgrade = new(new Uri("ws://127.0.0.1:9001/"));

    [Fact]
    public void A_response_may_come_in_parts_and_have_bytes_behind_it()
    {
        byte[] response = Response();
        for (int length = 0; length < response.Length; length++) _upgrade.Read(response.AsSpan(0, length)).Should().Be(0);
        _upgrade.Read([.. response, 1, 2, 3]).Should().Be(response.Length);
    }

    [Fact]
    public void Each_response_is_judged()
    {
        _upgrade.Read(Response()).Should().BePositive();
        _upgrade.Read(Response()).Should().BePositive();
        _upgrade.Read(Response(further: "Date: now\r\n")).Should().BePositive();
        Reading(Response(status: "400 Bad Request")).Should().Throw<LoadException>().WithMessage("*400 Bad Request*");
        Reading(Response(accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")).Should().Throw<LoadException>().WithMessage("*Accept*");
        Reading(Response(further: "Sec-WebSocket-Extensions: permessage-deflate\r\n")).Should().Throw<LoadException>();
        Reading(Response(further: "no colon\r\n")).Should().Throw<LoadException>().WithMessage("*malformed*");
        Reading("SSH-2.0-OpenSSH\r\n\r\n"u8.ToArray()).Should().Throw<LoadException>().WithMessage("*not HTTP/1.1*");
        Reading(new byte[10_000]).Should().Throw<LoadException>().WithMessage("*does not end*");
    }

    private Action Reading(byte[] response) => () => _upgrade.Read(response);

    private byte[] Response(string status = "101 Switching Protocols", string? accept = null, string further = "")
    {
        const string field = "Sec-WebSocket-Key: ";
        string request = Encoding.ASCII.GetString(_upgrade.Request.Span);
        string key = request[(request.IndexOf(field, StringComparison.Ordinal) + field.Length)..].Split('\r')[0];
        return Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{further}Sec-WebSocket-Accept: {accept ?? AcceptKey.Compute(key)}\r\n\r\n");
    }
}
