using System.Collections.Concurrent;
using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>Turns a word into tokens: its UTF-8 bytes are the first symbols, which the merge table joins. Words are remembered, since a
/// text repeats most of its words. Safe to use from several threads.</summary>
internal sealed class ByteLevelWordEncoder
{
    // About 10 MB when full; longer words are rare and seldom repeated.
    private const int CachedWords = 1 << 16;
    private const int LongestCachedWord = 48;
    private const int NoToken = -1;

    private readonly TokenizerDefinition _definition;
    private readonly Dictionary<string, int> _wholeWords = [];
    private readonly int[] _tokenOfByte = new int[256];
    private readonly int _unknownToken = NoToken;
    private volatile ConcurrentDictionary<string, int[]> _cache = new();
    private int _cachedWords;

    public ByteLevelWordEncoder(TokenizerDefinition definition)
    {
        _definition = definition;
        var ids = definition.ModelIds();
        for (var value = 0; value < 256; value++)
            _tokenOfByte[value] = ids.GetValueOrDefault(ByteAlphabet.LetterOf((byte)value).ToString(), NoToken);
        if (definition.UnknownPiece is { } unknown)
            _unknownToken = ids[unknown];
        if (definition.IgnoreMerges)
            _wholeWords = ids;
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
            tokens = Encode(word);
            if (lookup.TryAdd(word, tokens) && Interlocked.Increment(ref _cachedWords) >= CachedWords)
            {
                // Starting afresh keeps the words of the present text rather than those of the first one.
                _cachedWords = 0;
                _cache = new();
            }
        }
        ids.AddRange(tokens);
    }

    private int[] Encode(ReadOnlySpan<char> word)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        if (_definition.IgnoreMerges && _wholeWords.TryGetValue(ByteAlphabet.Spell(bytes), out var whole))
            return [whole];

        var symbols = new int[bytes.Length];
        var count = 0;
        foreach (var value in bytes)
        {
            var token = _tokenOfByte[value];
            // Some published vocabularies lack a few bytes; Hugging Face drops those when there is no unknown token.
            if (token == NoToken)
                token = _unknownToken;
            var fused = token == _unknownToken && _definition.FuseUnknown && count > 0 && symbols[count - 1] == _unknownToken;
            if (token != NoToken && !fused)
                symbols[count++] = token;
        }
        return symbols[.._definition.Merges.Apply(symbols.AsSpan(0, count))];
    }
}
