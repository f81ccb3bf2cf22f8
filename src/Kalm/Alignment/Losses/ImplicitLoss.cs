using Kalm.Distributed;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Alignment.Losses;

/// <summary>Implicit alignment: triples as questions, whose answers are learned as a language model learns them (KaLM, arXiv
/// 2412.04948).</summary>
/// <param name="model">What learns.</param>
/// <param name="graph">The graph.</param>
/// <param name="texts">Its texts.</param>
/// <param name="options">The options.</param>
/// <param name="ranks">Who shares the prompts.</param>
internal sealed class ImplicitLoss(
    AlignmentModel model, KnowledgeGraph graph, TextIndex texts, AlignmentOptions options, ICollectives ranks) : IAlignmentLoss
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
        var loss = ranks.LanguageModelPart(
            model.Decoder, packed.Rows, packed.Labels, Weight, Randomness.Seed(options.Seed, "prompt dropout", batch.Step),
            options.Implicit.Prompts.EqualPrompts ? packed.Shares : null);
        return new LossReport(loss, packed.Rows.Sum(row => row.Length));
    }

    /// <summary>The prompts of a step; null where it has none.</summary>
    public PromptRows? Prompts(StepBatch batch)
    {
        var count = (int)Math.Round(options.Implicit.Share!.Value * batch.Rows.Drawn);
        if (Weight == 0 || count == 0)
            return null;
        var rows = Enumerable.Range(0, batch.Rows.Drawn).ToArray();
        Randomness.For(options.Seed, "prompts", batch.Step).Shuffle(rows);
        var random = Randomness.For(options.Seed, "prompt forms", batch.Step);
        var prompts = new List<CompletionPrompt>(count);
        foreach (var row in rows.TakeWhile(_ => prompts.Count < count))
            prompts.AddRange(sampler.Make(batch.Rows.Rows[row], count - prompts.Count, random));
        return PromptRows.Pack(prompts);
    }
}
