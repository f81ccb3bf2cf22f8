using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Evaluation.Questions;

/// <summary>The answers that a question allows.</summary>
public sealed class AnswerChoices
{
    private readonly ConstrainedDecoder constrained;

    /// <summary>Prepares texts to choose from.</summary>
    /// <param name="decoder">The model; not owned.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="wording">The wording it was aligned with.</param>
    /// <param name="texts">The texts; equal ones count once.</param>
    /// <param name="neutral">A prompt that asks for nothing in particular: how likely a text is after it is taken off; null takes nothing
    /// off.</param>
    /// <param name="cancellation">Stops the measure of the texts by themselves.</param>
    public AnswerChoices(
        DecoderPool decoder, Tokenizer tokenizer, Wording wording, IEnumerable<string> texts,
        Prompt? neutral = null, CancellationToken cancellation = default)
    {
        Texts = [.. texts.Distinct()];
        Linker = new NameLinker(Texts);
        var responses = Texts.Select(text => wording.Questions.Response(text)).ToList();
        LongestTokens = responses.Max(response => response.Length);
        // What is learned goes on with the end or, behind a name, with a comma and the description.
        int?[] ends = [.. decoder.EndTokenIds, wording.Questions.EndId, tokenizer.EncodeContinuation(",")[0]];
        int[] terminators = [.. ends.OfType<int>().Distinct()];
        var trie = new TokenTrie(responses);
        var prior = neutral is null ? null
            : TriePrior.Of(decoder, trie, terminators,
                wording.Questions.Ask(neutral, [], decoder.Config.ContextLength - LongestTokens).Tokens, cancellation);
        constrained = new ConstrainedDecoder(decoder, trie, terminators, prior);
    }

    /// <summary>The texts, in the order given.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>The tokens of the longest text.</summary>
    public int LongestTokens { get; }

    /// <summary>Finds one of the texts in a free answer.</summary>
    public NameLinker Linker { get; }

    /// <summary>The best texts for each prompt; as <see cref="ConstrainedDecoder.Best"/>.</summary>
    public IReadOnlyList<IReadOnlyList<ConstrainedAnswer>> Best(
        IReadOnlyList<int[]> prompts, int count, int beams, IProgress<int>? progress = null, CancellationToken cancellation = default) =>
        constrained.Best(prompts, count, beams, progress, cancellation);
}
