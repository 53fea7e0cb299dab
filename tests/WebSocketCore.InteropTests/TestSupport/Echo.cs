using System.Net.WebSockets;

namespace WebSocketCore.InteropTests.TestSupport;

/// <summary>Messages that are sent and must come back as they were.</summary>
internal static class Echo
{
    /// <summary>With our client, which fails the test at the first message that does not.</summary>
    public static async Task EchoAsync(
        this WebSocketConnection client, IEnumerable<SampleMessage> messages, CancellationToken cancellationToken, string connection = "a connection")
    {
        foreach (var message in messages)
        {
            if (message.Parts is [var whole])
            {
                await client.SendAsync(message.Kind, whole, cancellationToken);
            }
            else
            {
                await using var writer = await client.StartMessageAsync(message.Kind, cancellationToken);
                foreach (var part in message.Parts) await writer.WriteAsync(part, cancellationToken);
                await writer.CompleteAsync(cancellationToken);
            }

            var echo = await client.ReceiveAsync(cancellationToken);
            echo.Should().NotBeNull("{0} is echoed on {1}: {2}", message.Name, connection, client.Closure);
            echo!.Value.Kind.Should().Be(message.Kind, "{0} is echoed on {1}", message.Name, connection);
            echo.Value.ToArray().AsSpan().SequenceEqual(message.Whole).Should().BeTrue("{0} is echoed on {1}", message.Name, connection);
        }
    }

    /// <summary>With the client of System.Net.WebSockets.</summary>
    /// <returns>The names of those that did.</returns>
    public static async Task<string[]> EchoAsync(this ClientWebSocket client, IEnumerable<SampleMessage> messages, CancellationToken cancellationToken)
    {
        var echoed = new List<string>();
        foreach (var message in messages)
        {
            if (await EchoAsync(client, message, cancellationToken)) echoed.Add(message.Name);
        }
        return [.. echoed];
    }

    private static async Task<bool> EchoAsync(ClientWebSocket client, SampleMessage message, CancellationToken cancellationToken)
    {
        var kind = message.Kind == MessageKind.Text ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
        for (var i = 0; i < message.Parts.Length; i++)
            await client.SendAsync(message.Parts[i], kind, endOfMessage: i == message.Parts.Length - 1, cancellationToken);

        var expected = message.Whole;
        var echo = new byte[expected.Length + 1];
        var length = 0;
        ValueWebSocketReceiveResult result;
        do
        {
            result = await client.ReceiveAsync(echo.AsMemory(length), cancellationToken);
            length += result.Count;
        }
        while (!result.EndOfMessage);
        return result.MessageType == kind && echo.AsSpan(0, length).SequenceEqual(expected);
    }
}
