using Kalm.Language.Execution;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Pretraining;

/// <summary>Texts as training rows, shuffled each epoch. A text is a row of its own, ended by the end token; one longer than the context
/// is cut into rows that continue each other.</summary>
internal sealed class TextStream
{
    private readonly int[][] pieces;
    private readonly int[] order;
    private readonly Random randomness;
    private int next;

    /// <param name="tokenizer">Has an end token.</param>
    /// <param name="texts">At least one, none empty.</param>
    /// <param name="context">The most tokens a row may feed.</param>
    /// <param name="seed">Decides the order.</param>
    public TextStream(Tokenizer tokenizer, IReadOnlyList<string> texts, int context, long seed)
    {
        pieces = [.. texts.AsParallel().AsOrdered().SelectMany(text => Pieces(tokenizer, text, context))];
        order = [.. Enumerable.Range(0, pieces.Length)];
        next = order.Length;
        randomness = new Random(unchecked((int)seed));
    }

    /// <summary>The labels of one pass over the texts.</summary>
    public long TokenCount => pieces.Sum(piece => piece.Length - 1L);

    /// <summary>Rows of at least <paramref name="tokens"/> tokens in all; each predicts its own tokens from the second on.</summary>
    public (List<TokenRow> Rows, List<int[]> Labels) Next(int tokens)
    {
        var rows = new List<TokenRow>();
        var labels = new List<int[]>();
        for (var taken = 0; taken < tokens; taken += rows[^1].Length)
        {
            var piece = Draw();
            rows.Add(TokenRow.Sequence(piece[..^1], [.. Enumerable.Range(0, piece.Length - 1)]));
            labels.Add(piece[1..]);
        }
        return (rows, labels);
    }

    /// <summary>Passes over the rows of as many calls of <see cref="Next"/>.</summary>
    public void Skip(int calls, int tokens)
    {
        for (var call = 0; call < calls; call++)
            for (var taken = 0; taken < tokens; taken += Draw().Length - 1)
            {
            }
    }

    private int[] Draw()
    {
        if (next == order.Length)
        {
            randomness.Shuffle(order);
            next = 0;
        }
        return pieces[order[next++]];
    }

    /// <summary>A text begun and ended, cut into pieces that each feed at most the context and predict one token more.</summary>
    public static IEnumerable<int[]> Pieces(Tokenizer tokenizer, string text, int context)
    {
        var tokens = tokenizer.Whole(text);
        for (var start = 0; start < tokens.Length - 1; start += context)
            yield return tokens[start..Math.Min(start + context + 1, tokens.Length)];
    }
}
