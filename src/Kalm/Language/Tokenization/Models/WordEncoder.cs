using System.Collections.Concurrent;

namespace Kalm.Language.Tokenization.Models;

/// <summary>Turns words into tokens and remembers them, since a text repeats most of its words. Safe to use from several threads.</summary>
internal sealed class WordEncoder
{
    // About 10 MB when full; longer words are rare and seldom repeated.
    private const int CachedWords = 1 << 16;
    private const int LongestCachedWord = 48;

    private readonly WordModel _model;
    private volatile ConcurrentDictionary<string, int[]> _cache = new();
    private int _cachedWords;

    public WordEncoder(TokenizerDefinition definition) => _model = WordModel.Of(definition);

    /// <summary>Appends the tokens of <paramref name="word"/> to <paramref name="ids"/>.</summary>
    public void Append(ReadOnlySpan<char> word, List<int> ids)
    {
        while (word.Length > LongestCachedWord)
        {
            var length = _model.IndependentLength(word);
            AppendPart(word[..length], ids);
            word = word[length..];
        }
        if (!word.IsEmpty)
            AppendPart(word, ids);
    }

    private void AppendPart(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > LongestCachedWord)
        {
            _model.Append(word, ids);
            return;
        }
        var cache = _cache;
        var lookup = cache.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(word, out var tokens))
        {
            var output = new List<int>();
            _model.Append(word, output);
            tokens = [.. output];
            if (lookup.TryAdd(word, tokens) && Interlocked.Increment(ref _cachedWords) >= CachedWords)
            {
                // Starting afresh keeps the words of the present text rather than those of the first one.
                _cachedWords = 0;
                _cache = new();
            }
        }
        ids.AddRange(tokens);
    }
}
