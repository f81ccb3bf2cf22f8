using System.Globalization;
using Kalm.Alignment.Options;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Sources.Adapters;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>Options chosen for a graph, a base and the time given, where there is no recipe.</summary>
/// <param name="Options">What was chosen.</param>
/// <param name="Reason">What it was chosen by, in words.</param>
/// <remarks>The rules join what the recipes were found to need on graphs of 3,000 to 87,000 facts: docs/explanation/defaults.md tells the
/// runs. They look at train facts and texts only, never at what is held out.</remarks>
public sealed record ChosenOptions(AlignmentOptions Options, string Reason)
{
    private const int LeastBatch = 128;
    private const int MostBatch = 1024;
    private const int StepsOfAnEpoch = 24;
    private const int BatchOfALargeModel = 32;
    private const double EpochsOfALargeModel = 2.7;
    private const int MostStepsOfALargeModel = 1000;
    private const double LeastEpochs = 10;
    private const int LeastSteps = 200;
    private const double HurriedFactsAMinute = 6000;
    private const int TokensWorthDropping = 8;
    private const int Patience = 4;
    private const int FewFacts = 20_000;
    private const int TextsLookedAt = 2000;

    /// <summary>Chooses.</summary>
    /// <param name="graph">The graph; its train facts and texts count.</param>
    /// <param name="model">The base.</param>
    /// <param name="given">What is given, put over options: it beats what is chosen, and minutes and the method decide on the rest too.
    /// Null where nothing is given.</param>
    public static ChosenOptions For(KnowledgeGraph graph, OpenedModel model, Func<AlignmentOptions, AlignmentOptions>? given = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(model);
        given ??= options => options;
        var facts = graph.Asked.Count;
        var tokens = MeanTokens(graph, model);
        var chosen = model.Writes ? OfALargeModel(facts, model.Template is not null)
            : OfASmallModel(facts, tokens, given(new AlignmentOptions()).Budget.Minutes);
        var method = given(chosen).Method;
        var options = given(method == chosen.Method ? chosen : Trained(chosen, method));
        return new ChosenOptions(options, Words(graph, model, tokens, options));
    }

    /// <summary>The most triples a step that are chosen for a model, whatever the graph.</summary>
    public static int LargestBatch(OpenedModel model) =>
        (model ?? throw new ArgumentNullException(nameof(model))).Writes ? BatchOfALargeModel : MostBatch;

    // A model of its own graph's words: every weight is learned, and the whole of it fast.
    private static AlignmentOptions OfASmallModel(int facts, double tokens, double? minutes)
    {
        var isHurried = minutes is { } given && facts / given > HurriedFactsAMinute;
        var (isDescribed, isSmall) = (tokens >= TokensWorthDropping, facts < FewFacts);
        var batch = Math.Clamp((int)Math.Pow(2, Math.Round(Math.Log2(Math.Max(1, facts / (double)StepsOfAnEpoch)))), LeastBatch, MostBatch);
        if (isHurried)
            batch = Math.Min(batch, MostBatch / 2);
        return new AlignmentOptions
        {
            Method = AlignmentMethod.Full,
            Budget = new BudgetOptions
            {
                Epochs = Math.Ceiling(Math.Max(LeastEpochs, LeastSteps * (double)batch / Math.Max(1, facts))), Patience = Patience,
            },
            Batches = new BatchOptions
            {
                // What a name of two tokens is short of is not told by the other.
                Triples = batch, TokenDropout = !isDescribed || isHurried ? 0 : isSmall ? 0.2 : 0.1,
            },
            Wording = new WordingOptions(MaximumTextTokens: isHurried ? 24 : isSmall ? 50 : 32),
            Optimizer = new OptimizerOptions
            {
                Kind = OptimizerKind.Muon, LearningRate = 0.01, ProductPrecision = ProductPrecision.Bf16,
                FinalRateShare = 0.02, WeightDecay = isHurried ? 1e-3 : 0.03, EmaDecay = isHurried ? 0.98 : 0.99,
                Dropout = isDescribed && isSmall ? 0.1 : 0,
            },
            Explicit = new ExplicitOptions { SelfNegativeWeight = isHurried ? 1 : 4, SelfNegativeFrom = 0, LogqCorrection = 1 },
        };
    }

    // A published model: low-rank matrices, questions in its own form, and its language kept.
    private static AlignmentOptions OfALargeModel(int facts, bool chats) => new()
    {
        Budget = new BudgetOptions
        {
            Epochs = Math.Min(EpochsOfALargeModel, MostStepsOfALargeModel * (double)BatchOfALargeModel / Math.Max(1, facts)),
            Validations = 4, ValidationTriples = 100, KeepBest = false,
        },
        Batches = new BatchOptions { Triples = BatchOfALargeModel, InducedFacts = true },
        Wording = new WordingOptions(Form: chats ? PromptForm.Chat : null),
        Optimizer = new OptimizerOptions { LearningRate = 1.5e-3, WarmupSteps = 10 },
        Lora = new LoraOptions { Rank = 16, Alpha = 32, Dropout = 0, Targets = [AdapterConfig.AllLinearName] },
        Explicit = new ExplicitOptions { MultiPositive = true },
        Implicit = new ImplicitOptions
        {
            Weight = 1, Share = 0.75,
            Prompts = new PromptMixture
            {
                Completion = 1.3, Relation = 0.35, Classification = 1.35, NamesOnly = 0.1, PerEntity = 2,
                DecisiveTokens = true, Response = AnswerForm.Name,
            },
        },
        Keep = new KeepOptions { Weight = 4, Scale = 0.85 },
    };

    private static AlignmentOptions Trained(AlignmentOptions chosen, AlignmentMethod method) => chosen with
    {
        Method = method,
        Optimizer = chosen.Optimizer with { Kind = OptimizerKind.Adamw, LearningRate = null, WeightDecay = 1e-3 },
    };

    private static string Words(KnowledgeGraph graph, OpenedModel model, double tokens, AlignmentOptions chosen)
    {
        var length = chosen.Budget switch
        {
            { Minutes: { } minutes } => string.Create(CultureInfo.InvariantCulture, $"{minutes:0.##} minutes"),
            { Steps: { } steps } => string.Create(CultureInfo.InvariantCulture, $"{steps:N0} steps"),
            { Epochs: var epochs } => string.Create(CultureInfo.InvariantCulture, $"{epochs:0.##} epochs"),
        };
        var learned = chosen.Method == AlignmentMethod.Full ? "every weight" : "low-rank matrices";
        var optimizer = chosen.Optimizer.Kind.ToString().ToLowerInvariant();
        return string.Create(CultureInfo.InvariantCulture, $"""
            no recipe: chosen for {graph.Asked.Count:N0} train facts, {graph.Entities.Count:N0} entities with texts of {tokens:0} tokens,
            and a base that {(model.Writes ? "was" : "was not")} made to write: {learned} by {optimizer},
            batches of {chosen.Batches.Triples:N0} for {length},
            texts cut at {chosen.Wording.MaximumTextTokens} tokens{(chosen.Keep.Weight > 0 ? ", its language kept" : "")};
            run.json holds every value, --recipe sets them
            """).ReplaceLineEndings(" ");
    }

    // The mean length of a description in the base's tokens.
    private static double MeanTokens(KnowledgeGraph graph, OpenedModel model)
    {
        var every = Math.Max(1, graph.Entities.Count / TextsLookedAt);
        return graph.Entities.Where((_, index) => index % every == 0)
            .Select(entity => model.Tokenizer.Encode(entity.Description).Length).DefaultIfEmpty().Average();
    }
}
