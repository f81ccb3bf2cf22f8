using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Representation;

namespace Kalm.Alignment.Losses;

/// <summary>Implicit alignment: triples as questions, whose answers are learned as a language model learns them (KaLM, arXiv
/// 2412.04948).</summary>
internal sealed class ImplicitLoss(AlignmentModel model, KnowledgeGraph graph, TextIndex texts, AlignmentOptions options) : IAlignmentLoss
{
    private readonly PromptSampler sampler = new(graph, texts, options);

    /// <inheritdoc/>
    public string Name => "implicit";

    /// <inheritdoc/>
    public double Weight => options.Implicit.Weight!.Value;

    /// <inheritdoc/>
    /// <returns>The mean negative log-likelihood of the responses, in nats a token, each prompt's own mean first where prompts count
    /// equally.</returns>
    public LossReport? Add(StepBatch batch)
    {
        if (Prompts(batch) is not { } packed)
            return null;
        var loss = model.Decoder.LanguageModelPass(
            packed.Rows, packed.Labels, Weight, Randomness.Seed(options.Seed, "prompt dropout", batch.Step),
            options.Implicit.Prompts.EqualPrompts ? packed.Shares : null);
        return new LossReport(loss, packed.Rows.Sum(row => row.Length));
    }

    /// <summary>The prompts of a step; null where it has none.</summary>
    public PromptRows? Prompts(StepBatch batch)
    {
        var count = (int)Math.Round(options.Implicit.Share!.Value * batch.Rows.Queries.Length);
        if (Weight == 0 || count == 0)
            return null;
        var rows = Enumerable.Range(0, batch.Rows.Queries.Length).ToArray();
        Randomness.For(options.Seed, "prompts", batch.Step).Shuffle(rows);
        var random = Randomness.For(options.Seed, "prompt forms", batch.Step);
        return PromptRows.Pack([.. rows.Take(count).Select(row => sampler.Make(batch.Rows.Rows[row], random))]);
    }
}
