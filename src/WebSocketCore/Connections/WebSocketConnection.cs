using System.Buffers;
using System.IO.Pipelines;
using WebSocketCore.Closing;
using WebSocketCore.Connections;
using WebSocketCore.Extensions;
using WebSocketCore.Handshake;
using WebSocketCore.Protocol;

namespace WebSocketCore;

/// <summary>
/// A WebSocket connection (RFC 6455) after its opening handshake, server or client, over any duplex pipe or stream.
/// </summary>
/// <remarks>
/// <para>Threads: one receive at a time; everything else is safe from any number of threads at once, also beside a receive.</para>
/// <para>Cancelling a receive or a send loses nothing and keeps the connection open, in the middle of a message too.</para>
/// <para>Pings are answered, and Close frames and deadlines are looked after, while a receive, a ping or a close is under way, and when the
/// keep-alive interval has passed without one.</para>
/// <para>However a connection ends, <see cref="Closure"/> tells why. Receiving just stops (null, or the end of the loop), unless the peer broke the
/// protocol: then it throws <see cref="WebSocketProtocolException"/>. Sending throws <see cref="WebSocketClosedException"/>.</para>
/// <para>Disposing closes it with <see cref="CloseCode.NormalClosure"/> if that has not been done, waits for the end, at most for
/// <see cref="WebSocketConnectionOptions.CloseTimeout"/>, and returns its memory.</para>
/// </remarks>
public sealed partial class WebSocketConnection : IAsyncDisposable, IFrameOutputOwner
{
    private readonly Lock _sync = new();
    private readonly IDuplexPipe _pipe;
    private readonly WebSocketConnectionOptions _options;
    private readonly MessageReceiver _receiver;
    private readonly FrameOutput _output;
    private readonly CloseHandshake _closing = new();

    internal WebSocketConnection(
        IDuplexPipe pipe, WebSocketRole role, WebSocketConnectionOptions options, string? subprotocol, IReadOnlyList<NegotiatedExtension> extensions)
    {
        _pipe = pipe;
        _options = options;
        Role = role;
        Subprotocol = subprotocol;
        Extensions = extensions;
        var (encoder, decoder, claimed) = ExtensionStack.Create(extensions, options.BufferPool);
        _receiver = new MessageReceiver(role, options.MessageLimits, options.BufferPool, decoder, claimed);
        Scheduler = (pipe as IScheduledTransport)?.Scheduler ?? PipeScheduler.ThreadPool;
        _output = new FrameOutput(pipe.Output, role, _sync, options.BufferPool, Scheduler, encoder, this);
        StartTimer();
    }

    /// <summary>Which end this is.</summary>
    public WebSocketRole Role { get; }

    /// <summary>The subprotocol that the handshake agreed on; null for none (RFC 6455, section 1.9).</summary>
    public string? Subprotocol { get; }

    /// <summary>The extensions that the handshake agreed on, in the order of the response (RFC 6455, section 9.1).</summary>
    public IReadOnlyList<NegotiatedExtension> Extensions { get; }

    /// <summary>On a server, the request that opened the connection; null on a client or where the handshake was made elsewhere.</summary>
    public HandshakeRequest? Request { get; internal init; }

    /// <summary>On a client, the response that opened the connection; null on a server or where the handshake was made elsewhere.</summary>
    public HandshakeResponse? Response { get; internal init; }

    /// <summary>Where the connection does what nobody's call does.</summary>
    private PipeScheduler Scheduler { get; }

    /// <summary>How far the connection has come in the closing handshake.</summary>
    public ConnectionState State
    {
        get { lock (_sync) return _closing.State; }
    }

    /// <summary>
    /// Takes over a connection whose opening handshake was made elsewhere, for instance by a web framework.
    /// </summary>
    /// <param name="pipe">The transport, positioned behind the handshake. The connection owns and completes it; on an abort it also disposes of one that is
    /// <see cref="IDisposable"/>.</param>
    /// <param name="role">Which end this is.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="subprotocol">The subprotocol that was agreed on, if any.</param>
    /// <param name="extensions">The extensions that were agreed on, in the order of the response; null for none.</param>
    /// <exception cref="ArgumentException">The role is undefined, an extension stands twice, or two claim the same bit. The transport is still the
    /// caller's.</exception>
    public static WebSocketConnection FromUpgraded(
        IDuplexPipe pipe, WebSocketRole role, WebSocketConnectionOptions? options = null, string? subprotocol = null,
        IReadOnlyList<NegotiatedExtension>? extensions = null)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        if (!Enum.IsDefined(role)) throw new ArgumentOutOfRangeException(nameof(role), role, "Server or client.");
        options ??= role == WebSocketRole.Server ? WebSocketServerOptions.Default : WebSocketClientOptions.Default;
        extensions ??= [];
        if (!ExtensionNegotiator.GoTogether(extensions)) throw new ArgumentException("An extension stands twice, or two claim the same bit.", nameof(extensions));
        return new WebSocketConnection(pipe, role, options, subprotocol, extensions);
    }

    /// <inheritdoc cref="FromUpgraded(IDuplexPipe, WebSocketRole, WebSocketConnectionOptions?, string?, IReadOnlyList{NegotiatedExtension}?)"/>
    /// <param name="stream">The transport, positioned behind the handshake. The connection owns and disposes it.</param>
    /// <param name="role">Which end this is.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="subprotocol">The subprotocol that was agreed on, if any.</param>
    /// <param name="extensions">The extensions that were agreed on, in the order of the response; null for none.</param>
    public static WebSocketConnection FromUpgraded(
        Stream stream, WebSocketRole role, WebSocketConnectionOptions? options = null, string? subprotocol = null,
        IReadOnlyList<NegotiatedExtension>? extensions = null) =>
        FromUpgraded(new StreamDuplexPipe(stream, options?.BufferPool ?? ArrayPool<byte>.Shared), role, options, subprotocol, extensions);

    /// <summary>
    /// Accepts a client: reads its handshake, checks it in full, answers it, and returns the open connection. To look at the request first,
    /// use <see cref="OpeningHandshake.ReadAsync(IDuplexPipe, WebSocketServerOptions?, CancellationToken)"/>.
    /// </summary>
    /// <param name="pipe">The transport. It is owned from here on, and completed also when the handshake fails.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up the handshake and the transport.</param>
    /// <exception cref="WebSocketHandshakeException">The request was refused; the client was told why.</exception>
    public static async ValueTask<WebSocketConnection> AcceptAsync(
        IDuplexPipe pipe, WebSocketServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var handshake = await OpeningHandshake.ReadAsync(pipe, options, cancellationToken).ConfigureAwait(false);
        await using (handshake.ConfigureAwait(false))
            return await handshake.AcceptAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="AcceptAsync(IDuplexPipe, WebSocketServerOptions?, CancellationToken)"/>
    /// <param name="stream">The transport. It is owned from here on, and disposed also when the handshake fails.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up the handshake and the transport.</param>
    public static ValueTask<WebSocketConnection> AcceptAsync(
        Stream stream, WebSocketServerOptions? options = null, CancellationToken cancellationToken = default) =>
        AcceptAsync(new StreamDuplexPipe(stream, options?.BufferPool ?? ArrayPool<byte>.Shared), options, cancellationToken);

    /// <summary>Opens a connection as a client over a transport that is connected already.</summary>
    /// <param name="pipe">The transport. It is owned from here on, and completed also when the handshake fails.</param>
    /// <param name="uri">What to ask for: a ws or wss address. The transport is what it is; the scheme only decides the default port in the Host header.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up the handshake and the transport.</param>
    /// <exception cref="WebSocketHandshakeException">The server refused, or its response breaks a rule.</exception>
    public static ValueTask<WebSocketConnection> ConnectAsync(
        IDuplexPipe pipe, Uri uri, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ClientOpeningHandshake.ConnectAsync(pipe, uri, options ?? WebSocketClientOptions.Default, cancellationToken);

    /// <inheritdoc cref="ConnectAsync(IDuplexPipe, Uri, WebSocketClientOptions?, CancellationToken)"/>
    /// <param name="stream">The transport. It is owned from here on, and disposed also when the handshake fails.</param>
    /// <param name="uri">What to ask for: a ws or wss address.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up the handshake and the transport.</param>
    public static ValueTask<WebSocketConnection> ConnectAsync(
        Stream stream, Uri uri, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ConnectAsync(new StreamDuplexPipe(stream, options?.BufferPool ?? ArrayPool<byte>.Shared), uri, options, cancellationToken);
}
