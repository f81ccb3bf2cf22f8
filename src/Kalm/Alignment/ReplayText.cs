using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Language.Tokenization;

namespace Kalm.Alignment;

/// <summary>Plain text that alignment goes on reading, so that the model does not forget how to write. What a step reads depends on the seed
/// and the step alone.</summary>
internal sealed class ReplayText
{
    private readonly int[][] pieces;
    private readonly AlignmentOptions options;

    /// <summary>Cuts texts into pieces.</summary>
    /// <param name="texts">At least one, none empty.</param>
    /// <param name="tokenizer">The model's tokenizer; has an end token.</param>
    /// <param name="context">The model's context, in tokens.</param>
    /// <param name="options">Tokens a step, and the seed.</param>
    public ReplayText(IReadOnlyList<string> texts, Tokenizer tokenizer, int context, AlignmentOptions options)
    {
        this.options = options;
        pieces = [.. texts.AsParallel().AsOrdered().SelectMany(text => TextStream.Pieces(tokenizer, text, context))];
    }

    /// <summary>The rows of a step, each predicting its own tokens from the second on.</summary>
    public (List<TokenRow> Rows, List<int[]> Labels) Of(int step)
    {
        var random = Randomness.For(options.Seed, "replay", step);
        var rows = new List<TokenRow>();
        var labels = new List<int[]>();
        for (var taken = 0; taken < options.ReplayTokens; taken += rows[^1].Length)
        {
            var piece = pieces[random.Next(pieces.Length)];
            rows.Add(TokenRow.Sequence(piece[..^1], [.. Enumerable.Range(0, piece.Length - 1)]));
            labels.Add(piece[1..]);
        }
        return (rows, labels);
    }
}
