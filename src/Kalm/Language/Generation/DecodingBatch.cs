using Kalm.Language.Execution;
using static TorchSharp.torch;

namespace Kalm.Language.Generation;

/// <summary>Some sequences that are continued together, row by row, on one decoder. Owns its cache.</summary>
internal sealed class DecodingBatch : IDisposable
{
    private readonly Decoder decoder;
    private readonly Device device;
    private KeyValueCache cache;

    /// <summary>Begins.</summary>
    /// <param name="decoder">The decoder; not owned.</param>
    /// <param name="cache">What the rows continue; owned from here on.</param>
    /// <param name="device">Where the weights live.</param>
    public DecodingBatch(Decoder decoder, KeyValueCache cache, Device device) =>
        (this.decoder, this.cache, this.device) = (decoder, cache, device);

    /// <summary>The number of rows.</summary>
    public int RowCount => cache.RowCount;

    /// <summary>Feeds tokens and gives the logits of what follows each row's last one.</summary>
    /// <param name="tokens">For each row at least one token.</param>
    /// <returns>[rows x vocabulary], row by row.</returns>
    public float[] Feed(IReadOnlyList<int[]> tokens)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var block = new TokenBlock([.. tokens.Select(Row)], device, cache);
        return decoder.Logits(decoder.Read(decoder.Embed(block.Tokens), block)).cpu().contiguous().data<float>().ToArray();
    }

    /// <summary>Goes on with some of the rows, in the order given; a row may be named more than once.</summary>
    public void Keep(IReadOnlyList<int> rows)
    {
        var chosen = cache.Select(rows);
        cache.Dispose();
        cache = chosen;
    }

    private TokenRow Row(int[] tokens, int row)
    {
        var first = cache.LengthOf(row);
        return new TokenRow(tokens, [.. Enumerable.Range(first, tokens.Length)], new int[tokens.Length], [tokens.Length - 1]);
    }

    /// <inheritdoc/>
    public void Dispose() => cache.Dispose();
}
