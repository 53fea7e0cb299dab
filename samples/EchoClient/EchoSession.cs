using WebSocketCore;

namespace EchoClient;

/// <summary>One connection from its opening to its end, and the line that tells of it.</summary>
internal sealed class EchoSession(string url, WebSocketConnectOptions options, bool print)
{
    private long _messages;
    private long _bytes;

    /// <summary>What came of it, in one line.</summary>
    public string Summary { get; private set; } = "";

    /// <summary>Connects, and echoes until the connection ends. False when there was no connection.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        WebSocketConnection connection;
        try
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("ws" or "wss"))
                throw new UriFormatException("not an absolute ws or wss URL");
            connection = await WebSocketClient.ConnectAsync(address, options, cancellationToken);
        }
        catch (Exception exception)
        {
            // Whatever it was, it is this URL's misfortune: a name that does not resolve, a refusal, a certificate that nobody trusts.
            Summary = $"{url} failed: {string.Join(' ', exception.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries))}";
            return false;
        }

        await using (connection)
        {
            await EchoAsync(connection, cancellationToken);
        }
        var closure = await connection.Closed;

        // A server that broke a rule has not closed the connection; we did, with the code that says so.
        var code = closure.Cause == ClosureCause.ProtocolError ? closure.SentCode ?? closure.Code : closure.Code;
        Summary = $"{url} close={(ushort)code} messages={_messages} bytes={_bytes}";
        return true;
    }

    private async Task EchoAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in connection.ReadAllAsync(cancellationToken))
            {
                _messages++;
                _bytes += message.Length;
                if (!print) await connection.SendAsync(message, cancellationToken);
                else if (message.IsText) Console.WriteLine(message.GetText());
            }
        }
        catch (Exception exception) when (exception is WebSocketClosedException or WebSocketProtocolException)
        {
            // The closure tells.
        }
        catch (OperationCanceledException)
        {
            connection.StartClose(CloseCode.GoingAway);
        }
    }
}
