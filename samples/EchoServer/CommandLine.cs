using System.CommandLine;
using System.Globalization;
using System.Numerics;
using WebSocketCore;

namespace EchoServer;

/// <summary>What the server can be told when it is started.</summary>
internal sealed class CommandLine
{
    private readonly RootCommand _root = new("Echoes every WebSocket message, on any path.");

    public CommandLine()
    {
        _root.Options.Add(Host);
        _root.Options.Add(Port);
        _root.Options.Add(MaxMessageSize);
        _root.Options.Add(Transport);
        _root.Options.Add(NoDeflate);
    }

    public Option<string> Host { get; } = new("--host")
    {
        Description = "The address to listen on.",
        DefaultValueFactory = _ => "127.0.0.1",
        Validators =
        {
            result =>
            {
                if (result.Tokens is [{ Value: "" }]) result.AddError("--host takes an address or a name.");
            },
        },
    };

    public Option<int> Port { get; } = Number("--port", "The TCP port; 0 takes a free one.", 9001, min: 0, max: 65535);

    public Option<long> MaxMessageSize { get; } =
        Number("--max-message-size", "The most bytes that a message may have.", 32L * 1024 * 1024, min: 0, max: long.MaxValue);

    public Option<SocketTransport> Transport { get; } = new("--transport")
    {
        Description = "How sockets are waited for: sockets (the base library's, on every platform) or epoll (event loops, on Linux).",
        HelpName = "sockets|epoll",
        DefaultValueFactory = _ => SocketTransport.Sockets,
        CustomParser = result =>
        {
            switch (result.Tokens)
            {
                case [{ Value: "sockets" }]:
                    return SocketTransport.Sockets;
                case [{ Value: "epoll" }]:
                    return SocketTransport.EventLoop;
                default:
                    result.AddError("--transport takes sockets or epoll.");
                    return default;
            }
        },
    };

    public Option<bool> NoDeflate { get; } = new("--no-deflate")
    {
        Description = "Do not compress messages (permessage-deflate).",
    };

    public ParseResult Parse(string[] args) => _root.Parse(args);

    private static Option<T> Number<T>(string name, string description, T defaultValue, T min, T max)
        where T : INumber<T> => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;
                result.AddError($"{name} takes a number from {min} to {max}, not '{text}'.");
                return defaultValue;
            },
        };
}
