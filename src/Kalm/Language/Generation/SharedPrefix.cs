using Kalm.Language.Execution;
using static TorchSharp.torch;

namespace Kalm.Language.Generation;

/// <summary>The opening that all prompts of a call have in common, computed once on a decoder. Owns its cache.</summary>
internal sealed class SharedPrefix : IDisposable
{
    /// <summary>A shorter opening is not worth a pass of its own.</summary>
    private const int Shortest = 8;
    private readonly KeyValueCache cache;
    private readonly Decoder decoder;
    private readonly DecoderPool pool;

    /// <summary>Computes the opening.</summary>
    public SharedPrefix(DecoderPool pool, Decoder decoder, ReadOnlySpan<int> tokens)
    {
        (this.pool, this.decoder) = (pool, decoder);
        cache = new KeyValueCache(pool.Config, 1, pool.Device);
        if (tokens.Length == 0)
            return;
        using var scope = NewDisposeScope();
        using var block = new TokenBlock([TokenRow.Sequence(tokens.ToArray(), [tokens.Length - 1])], pool.Device, cache);
        decoder.Read(decoder.Embed(block.Tokens), block).Dispose();
    }

    /// <summary>A batch of rows that all begin with the opening.</summary>
    public DecodingBatch Continue(int rows) => new(decoder, cache.Select(new int[rows]), pool.Device);

    /// <summary>The number of tokens that all prompts begin with, at least one of each left over; 0 when too few for a pass.</summary>
    public static int LengthOf(IReadOnlyList<int[]> prompts)
    {
        if (prompts.Count < 2)
            return 0;
        var shared = prompts.Min(prompt => prompt.Length) - 1;
        foreach (var prompt in prompts)
            shared = prompt.AsSpan(0, shared).CommonPrefixLength(prompts[0]);
        return shared < Shortest ? 0 : shared;
    }

    /// <inheritdoc/>
    public void Dispose() => cache.Dispose();
}
