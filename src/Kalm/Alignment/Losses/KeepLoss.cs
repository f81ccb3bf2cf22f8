using Kalm.Alignment.Keeping;
using Kalm.Distributed;
using Kalm.Language.Execution;
using static TorchSharp.torch;

namespace Kalm.Alignment.Losses;

/// <summary>Keeps the base's language: the divergence of the model from its base on texts, KL(base || model), in nats a token. What the
/// base expects is read once, as states; only its head runs in a step. What a step reads depends on the seed and the step alone.</summary>
internal sealed class KeepLoss : IAlignmentLoss, IDisposable
{
    private const int TextsAtOnce = 32;
    private readonly AlignmentModel model;
    private readonly DecoderPool teacher;
    private readonly IReadOnlyList<KeptText> texts;
    private readonly AlignmentOptions options;
    private readonly ICollectives ranks;
    private readonly List<Tensor> expected = [];

    /// <summary>Reads what the base expects.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="teacher">The base; not owned.</param>
    /// <param name="texts">At least one.</param>
    /// <param name="options">Tokens a step, and the seed.</param>
    /// <param name="weight">The weight in the joint loss.</param>
    /// <param name="ranks">Who shares the texts of a step.</param>
    /// <param name="cancellation">Stops between portions.</param>
    public KeepLoss(
        AlignmentModel model, DecoderPool teacher, IReadOnlyList<KeptText> texts,
        AlignmentOptions options, double weight, ICollectives ranks, CancellationToken cancellation)
    {
        (this.model, this.teacher, this.texts, this.options, Weight, this.ranks) = (model, teacher, texts, options, weight, ranks);
        try
        {
            foreach (var portion in texts.Chunk(TextsAtOnce))
            {
                using var scope = NewDisposeScope();
                using var noGradient = no_grad();
                var states = teacher.Read([.. portion.Select(text => text.Row)], null, cancellation);
                foreach (var own in states.split([.. portion.Select(text => (long)text.Labels.Length)]))
                    expected.Add(own.clone().DetachFromDisposeScope());
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name => "keep";

    /// <inheritdoc/>
    public double Weight { get; }

    /// <inheritdoc/>
    public LossReport? Add(StepBatch batch)
    {
        var random = Randomness.For(options.Seed, "keep", batch.Step);
        var chosen = new List<int>();
        for (var taken = 0; taken < options.Keep.Tokens; taken += texts[chosen[^1]].Tokens.Length)
            chosen.Add(random.Next(texts.Count));
        var rows = chosen.Select(index => texts[index].Row).ToList();
        var loss = ranks.DivergencePart(
            model.Decoder, rows, teacher, [.. chosen.Select(index => expected[index])], Weight,
            Randomness.Seed(options.Seed, "keep dropout", batch.Step));
        return new LossReport(loss, rows.Sum(row => row.Length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var states in expected)
            states.Dispose();
    }
}
