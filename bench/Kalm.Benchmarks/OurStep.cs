using Kalm.Alignment;
using Kalm.Alignment.Losses;
using Kalm.Alignment.Options;
using Kalm.Distributed;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Training;
using Kalm.Representation;

namespace Kalm.Benchmarks;

/// <summary>The training step of <c>align</c>, with a count of what it computes.</summary>
internal sealed class OurStep : IDisposable
{
    private const double Rate = 3e-3;
    private readonly CausalModel model;
    private readonly AlignmentModel alignment;
    private readonly AdamW optimizer;
    private readonly AlignmentStep step;
    private readonly ImplicitLoss implicitLoss;
    private readonly double rate;
    private int taken;

    public OurStep(CausalModel model, KnowledgeGraph graph, AlignmentOptions options)
    {
        this.model = model;
        options = options.Decided(writes: false);
        rate = options.Optimizer.LearningRate!.Value;
        alignment = new AlignmentModel(model, null, options);
        optimizer = new AdamW(alignment.Learned, options.Optimizer.WeightDecay, muon: options.Optimizer.Kind == OptimizerKind.Muon);
        var texts = Texts = new TextIndex(graph, new Wording(model.Tokenizer, options.Wording));
        var known = new KnownTexts(graph, texts);
        implicitLoss = new ImplicitLoss(alignment, graph, texts, options, Alone.Instance);
        step = new AlignmentStep(
            alignment, graph, texts, known, options, optimizer,
            [new ExplicitLoss(alignment, texts, options, Alone.Instance), implicitLoss], Alone.Instance);
    }

    /// <summary>The graph's texts.</summary>
    public TextIndex Texts { get; }

    /// <summary>The workers.</summary>
    public DecoderPool Decoder => alignment.Decoder;

    /// <summary>The work of the next step.</summary>
    public StepWork Count()
    {
        var batch = step.Batch(taken);
        var forest = new Forest(Texts, batch.Columns, batch.Queries).Rows;
        var prompts = Prompts(batch)?.Rows ?? [];
        return new StepWork(
            batch.Queries.Length, Real(forest), Real(prompts),
            Through(forest), Through(prompts),
            ProductWork.Of(model.Config, model.ParameterCount.Body, forest, prompts));

        long Through(IReadOnlyList<TokenRow> rows) => alignment.Decoder.TokensThrough(rows).Sum(blocks => blocks.Sum());

        static long Real(IReadOnlyList<TokenRow> rows) => rows.Sum(row => (long)row.Length);
    }

    /// <summary>Draws and builds what the next step encodes.</summary>
    public void Draw()
    {
        var batch = step.Batch(taken);
        _ = new Forest(Texts, batch.Columns, batch.Queries);
        _ = Prompts(batch);
    }

    /// <summary>The rows of the next step's forest.</summary>
    public IReadOnlyList<TokenRow> Forest()
    {
        var batch = step.Batch(taken);
        return new Forest(Texts, batch.Columns, batch.Queries).Rows;
    }

    private PromptRows? Prompts(ContrastiveBatch batch) => implicitLoss.Prompts(new StepBatch(taken, batch, OwnHeads: true));

    /// <summary>Takes the next step.</summary>
    public void Take() => step.Take(taken++, rate, ownHeads: true);

    public void Dispose()
    {
        optimizer.Dispose();
        alignment.Dispose();
    }
}

/// <summary>The work of one step.</summary>
/// <param name="Rows">Directed triples.</param>
/// <param name="ContrastiveTokens">Tokens of the forest.</param>
/// <param name="PromptTokens">Tokens of the prompts.</param>
/// <param name="PaddedContrastiveTokens">Tokens of the forest through the body, padding included.</param>
/// <param name="PaddedPromptTokens">Tokens of the prompts through the body, padding included.</param>
/// <param name="Products">Floating-point operations.</param>
internal sealed record StepWork(
    int Rows, long ContrastiveTokens, long PromptTokens, long PaddedContrastiveTokens, long PaddedPromptTokens, ProductWork Products);
