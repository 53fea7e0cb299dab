namespace WebSocketCore;

/// <summary>Which end of the connection this is (RFC 6455, section 1.2). Decides who must mask, who masks, and who ends the transport.</summary>
public enum WebSocketRole
{
    /// <summary>The end that accepts the opening handshake. Receives masked frames, sends unmasked ones, and ends the transport first.</summary>
    Server,

    /// <summary>The end that opens the connection. Sends masked frames, receives unmasked ones, and waits for the server to end the transport.</summary>
    Client,
}
