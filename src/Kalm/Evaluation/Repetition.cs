using Kalm.Language.Generation;
using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Evaluation;

/// <summary>How much a model repeats itself when it writes freely: the share of different n-grams among all n-grams of its continuations
/// (distinct-n, arXiv 1510.03055), over words, counted within each continuation.</summary>
/// <param name="Continuations">The number of continuations.</param>
/// <param name="Distinct1">Words.</param>
/// <param name="Distinct2">Pairs of words.</param>
/// <param name="Distinct3">Triples of words.</param>
public sealed record Repetition(int Continuations, double Distinct1, double Distinct2, double Distinct3)
{
    private const int OpeningTokens = 8;
    private const int WrittenTokens = 64;

    /// <summary>Lets a model continue the openings of some texts, greedily.</summary>
    /// <param name="model">The model.</param>
    /// <param name="texts">The texts; those too short to have an opening are passed over.</param>
    /// <param name="count">How many to take, evenly from all.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>The measure; null without a text that is long enough.</returns>
    public static Repetition? Measure(LoadedModel model, IReadOnlyList<string> texts, int count, CancellationToken cancellation)
    {
        var tokenizer = model.Model.Tokenizer;
        var openings = texts.Select(tokenizer.Encode).Where(tokens => tokens.Length > OpeningTokens)
            .Select(tokens => tokenizer.Begin(tokens[..OpeningTokens])).ToList();
        if (openings.Count == 0)
            return null;
        var chosen = Enumerable.Range(0, Math.Min(count, openings.Count))
            .Select(index => openings[(int)((long)index * openings.Count / Math.Min(count, openings.Count))]).ToList();
        var written = new Generator(model.Decoder, tokenizer).Continue(
            chosen, new GenerationOptions { MaximumNewTokens = WrittenTokens }, null, cancellation);
        var words = written.Select(item => item.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToList();
        return new Repetition(written.Count, Distinct(words, 1), Distinct(words, 2), Distinct(words, 3));
    }

    /// <summary>The share of different n-grams within each text, weighted by its length; 1 without any.</summary>
    internal static double Distinct(IEnumerable<string[]> texts, int length)
    {
        var (all, different) = (0, 0);
        foreach (var words in texts)
        {
            var grams = Enumerable.Range(0, Math.Max(0, words.Length - length + 1))
                .Select(start => string.Join(' ', words, start, length)).ToList();
            all += grams.Count;
            different += grams.Distinct().Count();
        }
        return all == 0 ? 1 : different / (double)all;
    }
}
