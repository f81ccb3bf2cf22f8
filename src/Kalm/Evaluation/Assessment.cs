using System.Text.Json.Nodes;
using Kalm.Evaluation.Questions;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Evaluation;

/// <summary>What a model is measured on by an <see cref="Assessment"/>.</summary>
/// <param name="Graph">Gives candidates, known answers and the examples of prompts.</param>
/// <param name="Completion">The triples whose queries are ranked.</param>
/// <param name="Asked">The triples that questions are about.</param>
/// <param name="Seed">Draws corruptions and pairs.</param>
public sealed record AssessmentPlan(KnowledgeGraph Graph, IReadOnlyList<Triple> Completion, IReadOnlyList<Triple> Asked, long Seed)
{
    /// <summary>Plain text that the model never learned from; none leaves that measure out.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>Descriptions of entities that the base never learned from; none leaves that measure out.</summary>
    public IReadOnlyList<string> Descriptions { get; init; } = [];

    /// <summary>How many texts are continued freely.</summary>
    public int Continuations { get; init; } = 50;
}

/// <summary>Everything the method claims, of one model: it ranks, it answers, it keeps writing, and its vectors spread.</summary>
/// <param name="Completion">Filtered ranks, both sides.</param>
/// <param name="Questions">Accuracies of the four tasks, with descriptions and without examples.</param>
/// <param name="Text">Perplexity of the plain text; null without one.</param>
/// <param name="Descriptions">Perplexity of the descriptions; null without any.</param>
/// <param name="Anisotropy">The mean cosine between random entity texts; null for a graph of one text.</param>
/// <param name="Repetition">How much it repeats itself; null without texts.</param>
public sealed record Assessment(
    CompletionMetrics? Completion, IReadOnlyList<QuestionAccuracy> Questions,
    double? Text, double? Descriptions, double? Anisotropy, Repetition? Repetition)
{
    private const int Pairs = 10_000;

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="plan">What to measure.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    public static Assessment Of(
        LoadedModel model, AssessmentPlan plan, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var graph = plan.Graph;
        var texts = new TextIndex(graph, model.Wording);
        var known = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        var ranked = CompletionEvaluation.Rank(
            model.Decoder, graph, texts, CompletionQuery.Of(graph, plan.Completion), known, progress, cancellation);
        return new Assessment(
            CompletionMetrics.Of(ranked.Select(item => item.Rank)), Ask(model, plan, progress, cancellation),
            Perplexity(plan.Text), Perplexity(plan.Descriptions),
            Geometry.Measure(model.Decoder, graph, texts, [], Pairs, plan.Seed, progress, cancellation).Anisotropy,
            Repetition.Measure(model, [.. plan.Text.Count > 0 ? plan.Text : plan.Descriptions], plan.Continuations, cancellation));

        double? Perplexity(IReadOnlyList<string> held) =>
            held.Count == 0 ? null : TextPerplexity.OfTexts(model, held, cancellation).Perplexity;
    }

    /// <summary>The accuracy of the likeliest allowed answer to one task; null when it was not asked.</summary>
    public double? Constrained(QuestionKind kind) => Questions.FirstOrDefault(item => item.Kind == kind)?.Constrained;

    /// <summary>The same, other answers known to be right left out.</summary>
    public double? Filtered(QuestionKind kind) => Questions.FirstOrDefault(item => item.Kind == kind)?.Filtered;

    /// <summary>The measures for programs.</summary>
    public JsonObject ToJson() => new()
    {
        ["mrr"] = Completion?.MeanReciprocalRank,
        ["hits@1"] = Completion?.HitsAt1,
        ["hits@10"] = Completion?.HitsAt10,
        ["questions"] = new JsonObject(
            Questions.Select(item => KeyValuePair.Create(item.Kind.ToString().ToLowerInvariant(), (JsonNode?)item.ToJson()))),
        ["text_perplexity"] = Text,
        ["descriptions_perplexity"] = Descriptions,
        ["anisotropy"] = Anisotropy,
        ["distinct_1"] = Repetition?.Distinct1,
        ["distinct_2"] = Repetition?.Distinct2,
        ["distinct_3"] = Repetition?.Distinct3,
    };

    private static List<QuestionAccuracy> Ask(
        LoadedModel model, AssessmentPlan plan, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var evaluation = new QuestionEvaluation(
            model.Decoder, model.Model.Tokenizer, model.Wording, plan.Graph, !model.Opened.IsAligned);
        return [.. Enum.GetValues<QuestionKind>()
            .Select(kind => (Kind: kind, Answers: evaluation.Ask(
                QuestionSet.Make(plan.Graph, plan.Asked, kind, 0, plan.Seed), true, progress, cancellation)))
            .Where(item => item.Answers.Count > 0).Select(item => QuestionAccuracy.Of(item.Kind, item.Answers))];
    }
}
