using System.Text;

namespace Kalm.Language.Tokenization.Models;

/// <summary>Knows between which characters merges can join pieces: where none can, a text may be cut before it is merged. In
/// SentencePiece's vocabularies that is before nearly every space, so that a long text falls into words that repeat.</summary>
internal sealed class MergeBorders
{
    private readonly HashSet<long> joined = [];
    private readonly HashSet<int> known = [];

    /// <summary>Gathers the last and the first characters of all pairs, and the characters that are tokens.</summary>
    public MergeBorders(TokenizerDefinition definition, Dictionary<string, int> ids)
    {
        foreach (var merge in definition.Merges.Merges)
        {
            Rune.DecodeLastFromUtf16(definition.Pieces[merge.Left], out var last, out _);
            Rune.DecodeFromUtf16(definition.Pieces[merge.Right], out var first, out _);
            joined.Add(MergeTable.PairKey(last.Value, first.Value));
        }
        foreach (var (piece, id) in ids)
            if (Rune.DecodeFromUtf16(piece, out var rune, out var length) == System.Buffers.OperationStatus.Done
                && length == piece.Length && definition.IsText(id))
                known.Add(rune.Value);
    }

    /// <summary>The length of the part before the first border that no merge crosses. Characters that are no tokens stay together, since
    /// unknown ones may become one token.</summary>
    public int Find(ReadOnlySpan<char> word)
    {
        var before = -1;
        for (var position = 0; position < word.Length;)
        {
            Rune.DecodeFromUtf16(word[position..], out var rune, out var length);
            if (before >= 0 && !joined.Contains(MergeTable.PairKey(before, rune.Value))
                && known.Contains(before) && known.Contains(rune.Value))
                return position;
            before = rune.Value;
            position += length;
        }
        return word.Length;
    }
}
