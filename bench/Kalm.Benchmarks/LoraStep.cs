using Kalm.Alignment;
using Kalm.Alignment.Keeping;
using Kalm.Alignment.Losses;
using Kalm.Distributed;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Language.Training;
using Kalm.Representation;

namespace Kalm.Benchmarks;

/// <summary>A LoRA step by a recipe, with all that it needs.</summary>
internal sealed class LoraStep : IDisposable
{
    private readonly AlignmentModel model;
    private readonly AdamW optimizer;
    private readonly DecoderPool? teacher;
    private readonly KeepLoss? keep;
    private readonly ViewStates? states;
    private readonly AlignmentStep step;
    private readonly ImplicitLoss implicitLoss;
    private readonly TextIndex texts;
    private readonly CausalModel held;
    private readonly double rate;
    private int taken;

    public LoraStep(OpenedModel opened, CausalModel held, KnowledgeGraph graph, AlignmentOptions options)
    {
        rate = options.Optimizer.LearningRate!.Value;
        this.held = held;
        model = new AlignmentModel(held, null, options);
        optimizer = new AdamW(model.Learned, options.Optimizer.WeightDecay);
        texts = new TextIndex(graph, new Wording(held.Tokenizer, options.Wording, opened.Template));
        implicitLoss = new ImplicitLoss(model, graph, texts, options, Alone.Instance);
        if (options.Lora.TrainedLayers is not null)
            states = new ViewStates(model.Decoder, texts, graph.Rows(graph.Asked), Path.GetTempFileName(), null, default);
        List<IAlignmentLoss> losses = [new ExplicitLoss(model, texts, options, Alone.Instance, states), implicitLoss];
        if (options.Keep.Weight > 0)
        {
            teacher = new DecoderPool(held, null, null, options.Threads!.Value);
            losses.Add(keep = new KeepLoss(
                model, teacher, Kept(held, graph, options), options, options.Keep.Weight.Value, Alone.Instance, default));
        }
        step = new AlignmentStep(model, graph, texts, new KnownTexts(graph, texts), options, optimizer, losses, Alone.Instance);
    }

    /// <summary>Takes some steps.</summary>
    /// <returns>The loss of each.</returns>
    public double[] Take(int steps = 1) =>
        [.. Enumerable.Range(0, steps).Select(_ => step.Take(taken++, rate, ownHeads: false).Loss)];

    /// <summary>Seconds that the next steps' products with the base's matrices take by themselves; those of kept texts are not
    /// counted.</summary>
    public double Products(int steps) => Enumerable.Range(taken, steps).Sum(next =>
    {
        var batch = step.Batch(next);
        var prompts = implicitLoss.Prompts(new StepBatch(next, batch, OwnHeads: false))?.Rows ?? [];
        return BaseProducts.Seconds(held, [.. model.Decoder.TokensThrough(new Forest(texts, batch.Columns, batch.Queries).Rows)
            .Zip(model.Decoder.TokensThrough(prompts), (views, asked) => (IReadOnlyList<long>)[.. views, .. asked])]);
    });

    // Any texts cost the same: the graph's own, of the length that the recipe gives the base's.
    private static List<KeptText> Kept(CausalModel held, KnowledgeGraph graph, AlignmentOptions options) =>
        [.. TextStream.Pieces(
            held.Tokenizer, string.Join(". ", graph.Entities.Select(entity => entity.Description)), options.Keep.TextTokens)
            .Where(piece => piece.Length > 2).Select(piece => KeptText.Of(held.Tokenizer, piece, 0))];

    public void Dispose()
    {
        keep?.Dispose();
        teacher?.Dispose();
        states?.Dispose();
        optimizer.Dispose();
        model.Dispose();
    }
}
