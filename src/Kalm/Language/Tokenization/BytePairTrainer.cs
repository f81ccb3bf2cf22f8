using System.Runtime.InteropServices;
using System.Text;
using Kalm.Language.Tokenization.Models;

namespace Kalm.Language.Tokenization;

/// <summary>Learns the merges of a byte-level vocabulary (Sennrich et al. 2016): again and again the most frequent pair of neighbours
/// becomes a token. The counts of pairs are kept up to date rather than taken anew, so a merge costs only the words that it
/// changes.</summary>
internal sealed class BytePairTrainer
{
    // A pair that occurs once would spend a token on a single place of the texts.
    private const long LeastCount = 2;

    private readonly List<Word> _words = [];
    private readonly Dictionary<long, Pair> _pairs = [];
    private readonly PriorityQueue<long, (long Count, long Key)> _mostFrequent = new(Comparer<(long Count, long Key)>.Create(
        (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Key.CompareTo(b.Key)));
    private readonly List<string?> _pieces = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<Merge> _merges = [];

    private BytePairTrainer() { }

    /// <summary>Learns a vocabulary of at most <paramref name="vocabularySize"/> tokens; see <see cref="Tokenizer.Train"/>.</summary>
    public static TokenizerDefinition Train(IEnumerable<string> texts, int vocabularySize, string endOfText)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (string.IsNullOrEmpty(endOfText))
            throw new KalmException("the end token of a vocabulary is empty; expected a text such as <|endoftext|>");
        if (vocabularySize is < 257 or >= TokenizerReader.IdLimit)
        {
            throw new KalmException($"a byte-level vocabulary of {vocabularySize} tokens is not possible; "
                + $"expected at least 257 (256 bytes and the end token) and fewer than {TokenizerReader.IdLimit}");
        }

        var trainer = new BytePairTrainer();
        trainer.AddBytes();
        trainer.AddWords(CountWords(texts, endOfText));
        trainer.LearnMerges(vocabularySize - 1);
        return trainer.Finish(endOfText);
    }

    private static Dictionary<string, long> CountWords(IEnumerable<string> texts, string endOfText)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var text in texts)
        {
            foreach (var part in UnicodeText.ReplaceUnpairedSurrogates(text).Split(endOfText))
            {
                var rest = part.AsSpan();
                while (!rest.IsEmpty)
                {
                    var length = WordSplitter.Gpt2(rest);
                    CollectionsMarshal.GetValueRefOrAddDefault(lookup, rest[..length], out _)++;
                    rest = rest[length..];
                }
            }
        }
        return counts;
    }

    private void AddBytes()
    {
        foreach (var letter in ByteAlphabet.OrderedLetters)
            AddPiece(letter.ToString());
    }

    private int AddPiece(string piece)
    {
        if (_ids.TryGetValue(piece, out var id))
            return id;
        _ids.Add(piece, _pieces.Count);
        _pieces.Add(piece);
        return _pieces.Count - 1;
    }

    private void AddWords(Dictionary<string, long> counts)
    {
        foreach (var (text, count) in counts)
        {
            int[] symbols = [.. Encoding.UTF8.GetBytes(text).Select(value => _ids[ByteAlphabet.LetterOf(value).ToString()])];
            _words.Add(new(symbols, count));
            for (var i = 0; i + 1 < symbols.Length; i++)
                Count(symbols[i], symbols[i + 1], count, _words.Count - 1);
        }
        foreach (var (key, pair) in _pairs)
            _mostFrequent.Enqueue(key, (pair.Count, key));
    }

    private void LearnMerges(int pieces)
    {
        while (_pieces.Count < pieces && _mostFrequent.TryDequeue(out var key, out var priority))
        {
            if (!_pairs.TryGetValue(key, out var pair) || priority.Count < pair.Count)
                continue;
            if (priority.Count > pair.Count)
            {
                // Other merges took occurrences of this pair since it was put in the queue.
                _mostFrequent.Enqueue(key, (pair.Count, key));
                continue;
            }
            if (pair.Count < LeastCount)
                return;

            var (left, right) = ((int)(key >> 32), (int)key);
            // Two pairs can spell the same piece; it is one token then.
            var merge = new Merge(left, right, AddPiece(_pieces[left]! + _pieces[right]));
            _merges.Add(merge);
            var grown = new HashSet<long>();
            foreach (var word in pair.Words)
                Apply(merge, word, grown);
            _pairs.Remove(key);
            foreach (var other in grown)
                if (_pairs.TryGetValue(other, out var otherPair))
                    _mostFrequent.Enqueue(other, (otherPair.Count, other));
        }
    }

    /// <summary>Merges a pair throughout one word, and moves the counts of the pairs around it; pairs that gained are put in
    /// <paramref name="grown"/>. A word that no longer holds the pair is left as it is.</summary>
    private void Apply(Merge merge, int wordIndex, HashSet<long> grown)
    {
        var word = _words[wordIndex];
        var symbols = word.Symbols;
        var written = 0;
        for (var i = 0; i < word.Length; written++)
        {
            if (i + 1 == word.Length || symbols[i] != merge.Left || symbols[i + 1] != merge.Right)
            {
                symbols[written] = symbols[i++];
                continue;
            }
            if (written > 0)
            {
                Count(symbols[written - 1], merge.Left, -word.Count, wordIndex);
                grown.Add(Count(symbols[written - 1], merge.Result, word.Count, wordIndex));
            }
            if (i + 2 < word.Length)
            {
                Count(merge.Right, symbols[i + 2], -word.Count, wordIndex);
                grown.Add(Count(merge.Result, symbols[i + 2], word.Count, wordIndex));
            }
            symbols[written] = merge.Result;
            i += 2;
        }
        word.Length = written;
    }

    private long Count(int left, int right, long change, int wordIndex)
    {
        var key = MergeTable.PairKey(left, right);
        ref var pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, key, out _);
        pair ??= new();
        pair.Count += change;
        if (change > 0 && (pair.Words.Count == 0 || pair.Words[^1] != wordIndex))
            pair.Words.Add(wordIndex);
        return key;
    }

    private TokenizerDefinition Finish(string endOfText)
    {
        if (_ids.ContainsKey(endOfText))
            throw new KalmException($"the end token '{endOfText}' is also a piece of the vocabulary; expected a text that is not");
        var end = AddPiece(endOfText);
        return new()
        {
            Pieces = _pieces,
            Merges = new(_merges),
            AddedTokens = [new() { Id = end, Content = endOfText, Special = true }],
            EndId = end,
        };
    }

    private sealed class Word(int[] symbols, long count)
    {
        public int[] Symbols { get; } = symbols;
        public int Length { get; set; } = symbols.Length;
        public long Count { get; } = count;
    }

    private sealed class Pair
    {
        public long Count { get; set; }
        public List<int> Words { get; } = [];
    }
}
