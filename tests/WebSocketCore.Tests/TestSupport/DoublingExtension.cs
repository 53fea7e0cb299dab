using System.Buffers;
using WebSocketCore.Frames;

namespace WebSocketCore.Tests.TestSupport;

/// <summary>
/// The smallest extension that shows everything: on the wire every byte stands twice. It claims one bit, which says whether the message was doubled;
/// its one parameter can be offered and must be echoed.
/// </summary>
internal sealed class DoublingExtension(string name = "x-double", ReservedBits bit = ReservedBits.Rsv2, string? flag = null) : WebSocketExtension(name, bit)
{
    private int _alive;

    /// <summary>What encoders and decoders are out.</summary>
    public int Alive => Volatile.Read(ref _alive);

    public override IReadOnlyList<ExtensionParameters> CreateOffers() => flag is null ? [ExtensionParameters.None] : [Flag(), ExtensionParameters.None];

    public override NegotiatedExtension? Accept(ExtensionParameters offer) =>
        offer.Count == 0 || (flag is not null && offer is [{ Key: var key, Value: null }] && key == flag) ? Agree(offer) : null;

    public override NegotiatedExtension? Confirm(ExtensionParameters response) => Accept(response);

    public NegotiatedExtension Agree(ExtensionParameters? parameters = null) => new Doubled(this, parameters ?? ExtensionParameters.None);

    private ExtensionParameters Flag() => new(new KeyValuePair<string, string?>(flag!, null));

    private sealed class Doubled(DoublingExtension extension, ExtensionParameters parameters) : NegotiatedExtension(extension, parameters)
    {
        public override MessageEncoder CreateEncoder(ArrayPool<byte> pool) => new Encoder(extension);

        public override MessageDecoder CreateDecoder(ArrayPool<byte> pool) => new Decoder(extension);
    }

    private sealed class Encoder : MessageEncoder
    {
        private readonly DoublingExtension _extension;
        private bool _disposed;

        public Encoder(DoublingExtension extension)
        {
            _extension = extension;
            Interlocked.Increment(ref extension._alive);
        }

        public override bool Begin(MessageKind kind, long? length, MessageOptions options, out ReservedBits reservedBits)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var doubles = !options.HasFlag(MessageOptions.DisableCompression);
            reservedBits = doubles ? _extension.ReservedBits : ReservedBits.None;
            return doubles;
        }

        public override OperationStatus Encode(ReadOnlySpan<byte> source, Span<byte> destination, EncodingEnd end, out int consumed, out int written)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (destination.Length < 64) throw new ArgumentException("That is less room than an encoder was promised.", nameof(destination));
            consumed = Math.Min(source.Length, destination.Length / 2);
            for (var i = 0; i < consumed; i++) destination[2 * i] = destination[(2 * i) + 1] = source[i];
            written = 2 * consumed;
            return consumed == source.Length ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
        }

        protected override void Dispose(bool disposing)
        {
            if (!_disposed) Interlocked.Decrement(ref _extension._alive);
            _disposed = true;
        }
    }

    private sealed class Decoder : MessageDecoder
    {
        private readonly DoublingExtension _extension;
        private bool _disposed;
        private byte? _half;

        public Decoder(DoublingExtension extension)
        {
            _extension = extension;
            Interlocked.Increment(ref extension._alive);
        }

        public override bool Begin(MessageKind kind, ReservedBits reservedBits)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _half = null;
            return (reservedBits & _extension.ReservedBits) != 0;
        }

        public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, bool endOfMessage, out int consumed, out int written)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            for (consumed = written = 0; consumed < source.Length; consumed++)
            {
                if (_half is null)
                {
                    _half = source[consumed];
                    continue;
                }
                if (_half != source[consumed]) return OperationStatus.InvalidData;
                if (written == destination.Length) return OperationStatus.DestinationTooSmall;
                destination[written++] = source[consumed];
                _half = null;
            }
            return endOfMessage && _half is not null ? OperationStatus.InvalidData : OperationStatus.Done;
        }

        protected override void Dispose(bool disposing)
        {
            if (!_disposed) Interlocked.Decrement(ref _extension._alive);
            _disposed = true;
        }
    }
}
