using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Kalm.Language.Tokenization;

/// <summary>Turns a word into tokens: its bytes or characters are the first symbols, which the merge table joins. Words are remembered,
/// since a text repeats most of its words. Safe to use from several threads.</summary>
internal sealed class WordEncoder
{
    // About 10 MB when full; longer words are rare and seldom repeated.
    private const int CachedWords = 1 << 16;
    private const int LongestCachedWord = 48;

    private readonly MergeTable _merges;
    private readonly WordAlphabet _alphabet;
    private readonly Dictionary<string, int>? _wholeWords;
    private volatile ConcurrentDictionary<string, int[]> _cache = new();
    private int _cachedWords;

    public WordEncoder(TokenizerDefinition definition)
    {
        _merges = definition.Merges;
        _alphabet = WordAlphabet.Of(definition);
        if (definition.IgnoreMerges)
            _wholeWords = definition.ModelIds();
    }

    /// <summary>Appends the tokens of <paramref name="word"/> to <paramref name="ids"/>.</summary>
    public void Append(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > LongestCachedWord)
        {
            ids.AddRange(Encode(word));
            return;
        }
        var cache = _cache;
        var lookup = cache.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(word, out var tokens))
        {
            tokens = Encode(word).ToArray();
            if (lookup.TryAdd(word, tokens) && Interlocked.Increment(ref _cachedWords) >= CachedWords)
            {
                // Starting afresh keeps the words of the present text rather than those of the first one.
                _cachedWords = 0;
                _cache = new();
            }
        }
        ids.AddRange(tokens);
    }

    private ReadOnlySpan<int> Encode(ReadOnlySpan<char> word)
    {
        if (_wholeWords is not null && _wholeWords.TryGetValue(_alphabet.Spell(word), out var whole))
            return new([whole]);
        var symbols = CollectionsMarshal.AsSpan(_alphabet.Symbols(word));
        return symbols[.._merges.Apply(symbols)];
    }
}
