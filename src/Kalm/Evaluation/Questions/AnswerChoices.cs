using Kalm.Graph;
using Kalm.Language.Generation;
using Kalm.Language.Model;
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
    public AnswerChoices(DecoderPool decoder, Tokenizer tokenizer, Wording wording, IEnumerable<string> texts)
    {
        Texts = [.. texts.Distinct()];
        Linker = new NameLinker(Texts);
        // What is learned goes on with the end or, behind a name, with a comma and the description.
        int[] terminators = [.. decoder.EndTokenIds, tokenizer.EncodeContinuation(",")[0]];
        constrained = new ConstrainedDecoder(decoder, new TokenTrie(Texts.Select(wording.Questions.Response)), [.. terminators.Distinct()]);
    }

    /// <summary>The names of a graph's entities.</summary>
    public static AnswerChoices OfEntities(DecoderPool decoder, Tokenizer tokenizer, Wording wording, KnowledgeGraph graph) =>
        new(decoder, tokenizer, wording, graph.Entities.Select(entity => entity.Name));

    /// <summary>The texts, in the order given.</summary>
    public IReadOnlyList<string> Texts { get; }

    /// <summary>Finds one of the texts in a free answer.</summary>
    public NameLinker Linker { get; }

    /// <summary>The likeliest texts for each prompt; as <see cref="ConstrainedDecoder.Best"/>.</summary>
    public IReadOnlyList<IReadOnlyList<ConstrainedAnswer>> Best(
        IReadOnlyList<int[]> prompts, int count, int beams, IProgress<int>? progress = null, CancellationToken cancellation = default) =>
        constrained.Best(prompts, count, beams, progress, cancellation);
}
