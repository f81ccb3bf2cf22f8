using System.Text;

namespace Kalm.Language.Tokenization.Models;

/// <summary>A unigram language model (Kudo 2018): of all ways to cut a word into pieces, the one with the highest sum of scores, found by
/// Viterbi's algorithm. A character that no piece begins with is unknown, ten below the lowest score; neighbouring unknowns are
/// one.</summary>
internal sealed class UnigramModel : WordModel
{
    private const double UnknownPenalty = 10;
    private const int NoPiece = -1;

    private readonly Dictionary<string, int> ids;
    private readonly PieceTrie trie;
    private readonly double[] scores;
    private readonly double unknownScore;
    private readonly int unknownId;
    private readonly UnknownToken unknown;
    private readonly ByteTokens bytes;

    public UnigramModel(TokenizerDefinition definition, Dictionary<string, int> ids)
    {
        this.ids = ids;
        trie = new(ids.Where(entry => entry.Key.Length > 0 && definition.IsText(entry.Value)));
        scores = [.. definition.Scores!];
        unknownScore = scores.DefaultIfEmpty().Min() - UnknownPenalty;
        unknown = new(definition, ids);
        unknownId = unknown.IsNamed ? unknown.Id : NoPiece;
        bytes = new(definition, ids);
    }

    private readonly record struct Node(int Piece, double Score, int Start);

    public override void Append(ReadOnlySpan<char> word, List<int> output)
    {
        var nodes = FindBest(word);
        // From the end to the beginning; unknowns that follow each other are one stretch.
        var cuts = new List<(int Start, int End)>();
        var followsUnknown = false;
        for (var end = word.Length; end > 0; end = nodes[end].Start)
        {
            var isUnknown = nodes[end].Piece == unknownId;
            if (isUnknown && followsUnknown)
                cuts[^1] = (nodes[end].Start, cuts[^1].End);
            else
                cuts.Add((nodes[end].Start, end));
            followsUnknown = isUnknown;
        }
        var lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var index = cuts.Count - 1; index >= 0; index--)
        {
            var piece = word[cuts[index].Start..cuts[index].End];
            if (lookup.TryGetValue(piece, out var id))
                output.Add(id);
            else if (!bytes.TryAppend(piece, output))
                output.Add(unknown.Id);
        }
    }

    /// <summary>The best last piece of each beginning of the word, by its length.</summary>
    private Node[] FindBest(ReadOnlySpan<char> word)
    {
        var nodes = new Node[word.Length + 1];
        Array.Fill(nodes, new(NoPiece, 0, -1));
        for (var start = 0; start < word.Length;)
        {
            Rune.DecodeFromUtf16(word[start..], out _, out var character);
            var score = nodes[start].Score;
            var hasSingle = false;
            var range = trie.All;
            for (var end = start; end < word.Length && trie.TryNarrow(ref range, end - start, word[end]);)
            {
                end++;
                if (trie.PieceOf(range, end - start) is not { } piece)
                    continue;
                Offer(ref nodes[end], new(piece, score + scores[piece], start));
                hasSingle |= end - start == character;
            }
            // Where no piece is named for the unknown, it is a fault only if the best cut needs it.
            if (!hasSingle)
                Offer(ref nodes[start + character], new(unknownId, score + unknownScore, start));
            start += character;
        }
        return nodes;
    }

    private static void Offer(ref Node node, Node other)
    {
        if (node.Start < 0 || other.Score > node.Score)
            node = other;
    }
}
