using Kalm.Language.Execution;

namespace Kalm.Language.Generation;

/// <summary>What a sequence has fed, and its keys and values.</summary>
/// <param name="Tokens">The tokens.</param>
/// <param name="Count">How many of them, from the first, the cache holds.</param>
/// <param name="PromptTokens">How long the prompt was with which it began.</param>
/// <param name="Cache">The keys and values; owned by whoever made this.</param>
internal sealed record CachedPrefix(int[] Tokens, int Count, int PromptTokens, KeyValueCache Cache);

/// <summary>Keys and values of sequences that have ended, so that what begins as one of them is not read again. Those that were used
/// longest ago go first. Owns them.</summary>
/// <param name="most">The bytes that they may take together; 0 keeps none.</param>
internal sealed class PrefixCache(long most) : IDisposable
{
    // The latest used last.
    private readonly List<CachedPrefix> kept = [];

    /// <summary>Whether anything may be kept.</summary>
    public bool IsOn => most > 0;

    /// <summary>What is kept.</summary>
    public IReadOnlyList<CachedPrefix> Kept => kept;

    /// <summary>The memory that it takes.</summary>
    public long Bytes { get; private set; }

    /// <summary>Counts a use.</summary>
    public void Touch(CachedPrefix prefix)
    {
        if (kept.Remove(prefix))
            kept.Add(prefix);
    }

    /// <summary>Keeps a sequence in place of those that it continues.</summary>
    /// <param name="prefix">The sequence; its cache is owned from here on.</param>
    public void Keep(CachedPrefix prefix)
    {
        var bytes = prefix.Cache.Bytes;
        var whole = kept.Find(other => Begins(prefix, other));
        if (whole is not null)
            Touch(whole);
        if (whole is not null || bytes > most)
        {
            prefix.Cache.Dispose();
            return;
        }
        kept.FindAll(other => Begins(other, prefix)).ForEach(Drop);
        while (Bytes + bytes > most)
            Drop(kept[0]);
        kept.Add(prefix);
        Bytes += bytes;
    }

    private static bool Begins(CachedPrefix prefix, CachedPrefix whole) => prefix.PromptTokens <= whole.PromptTokens
        && prefix.Count <= whole.Count && prefix.Tokens.AsSpan(0, prefix.Count).SequenceEqual(whole.Tokens.AsSpan(0, prefix.Count));

    private void Drop(CachedPrefix prefix)
    {
        kept.Remove(prefix);
        Bytes -= prefix.Cache.Bytes;
        prefix.Cache.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var prefix in kept)
            prefix.Cache.Dispose();
    }
}
