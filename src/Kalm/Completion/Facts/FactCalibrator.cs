using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Representation;

namespace Kalm.Completion.Facts;

/// <summary>Fits the probability of a fact on a sample of the validation split, with train as all that is known.</summary>
public static class FactCalibrator
{
    private static readonly double[] Precisions = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
    private const int Folds = 5;
    private const int FewestTriples = 20;
    private const int MostTriples = 400;
    private const int LeastTriples = 60;
    private const double Operations = 1e13;
    private const double ViewTokens = 40;
    private const int ViewsPerTriple = 16;
    private const double Ridge = 1;

    // A relation's own fit counts as much as the common one when its facts give as much information.
    private const double RelationRidge = 4;
    private const double MissedShare = 0.05;
    private const int Seed = 1;

    /// <summary>Fits, on the model's thread.</summary>
    /// <param name="model">The model.</param>
    /// <param name="graph">The graph with its validation split.</param>
    /// <param name="vectors">Its entities.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="temperature">At which cosines become probabilities.</param>
    /// <param name="progress">Told how far the work has come.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <returns>Null where valid has too few triples to tell.</returns>
    public static FactCalibration? Fit(
        LoadedModel model, KnowledgeGraph graph, EntityVectors vectors, FactSplits facts, double temperature,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(graph);
        // One sample serves every model; a large one waits for fewer.
        var views = ViewsPerTriple * ViewTokens * 2 * Math.Max(1, CausalModel.CountParameters(model.Model.Config).Body);
        var triples = CompletionQuery.Sample(graph.Valid, (int)Math.Clamp(Operations / views, LeastTriples, MostTriples), Seed);
        if (triples.Count < FewestTriples)
            return null;
        var sample = FactSample.Draw(model, graph, vectors, facts, triples, Seed, cancellation);
        var signs = Signs(new FactScorer(model, graph, vectors, temperature), graph, sample.Facts, progress, cancellation);
        return Fit(graph, sample, signs);
    }

    /// <summary>The signs of facts where train is all that is known.</summary>
    public static IReadOnlyList<FactSigns> Signs(
        FactScorer scorer, KnowledgeGraph graph, IReadOnlyList<Triple> facts,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        const int Portion = 256;
        ArgumentNullException.ThrowIfNull(scorer);
        var signs = new List<FactSigns>(facts.Count);
        foreach (var block in facts.Chunk(Portion))
        {
            signs.AddRange(scorer.Signs(
                [.. block.Select(fact => FactClaim.Of(graph, fact))],
                Known, cancellation));
            progress?.Report(new EvaluationProgress("judging facts", signs.Count, facts.Count));
        }
        return signs;

        int[] Known(int entity, int relation)
        {
            var (own, inverse) = (graph.TrainFacts.Answers(entity, relation).ToArray(), graph.InverseOf(relation));
            return graph.Relations[Math.Min(relation, inverse)].IsSymmetric
                ? [.. own.Union(graph.TrainFacts.Answers(entity, inverse).ToArray()).Order()] : own;
        }
    }

    /// <summary>Fits to a sample whose signs are known.</summary>
    /// <returns>Null where all are true or all are false.</returns>
    public static FactCalibration? Fit(KnowledgeGraph graph, FactSample sample, IReadOnlyList<FactSigns> signs)
    {
        ArgumentNullException.ThrowIfNull(sample);
        var labels = sample.Labels;
        if (labels.All(label => label) || !labels.Any(label => label))
            return null;
        var rows = signs.Select(item => item.ToArray()).ToList();
        // What a probability is worth is told by facts that it was not fitted on.
        var held = new double[rows.Count];
        var none = FitTo(graph, sample, rows, _ => true);
        for (var fold = 0; fold < Folds; fold++)
        {
            var fit = FitTo(graph, sample, rows, place => sample.Groups[place] % Folds != fold);
            for (var place = 0; place < rows.Count; place++)
                if (sample.Groups[place] % Folds == fold)
                    held[place] = fit.Probability(graph.Relations[sample.Facts[place].Relation].Id, signs[place]);
        }
        var ofTrue = held.Where((_, place) => labels[place]).Order().ToArray();
        var bins = ReliabilityBins.Of(held, labels);
        return none with
        {
            Points = [.. Precisions.Select(precision => ReliabilityBins.Point(precision, held, labels)).OfType<PrecisionPoint>()],
            FalseBelow = ofTrue[(int)(MissedShare * ofTrue.Length)],
            ErrorBefore = ReliabilityBins.Error(ReliabilityBins.Of([.. signs.Select(item => Math.Exp(item.ForwardLog))], labels)),
            Error = ReliabilityBins.Error(bins),
            Reliability = bins,
        };
    }

    private static FactCalibration FitTo(
        KnowledgeGraph graph, FactSample sample, List<double[]> rows, Func<int, bool> isUsed)
    {
        int[] used = [.. Enumerable.Range(0, rows.Count).Where(isUsed)];
        var width = FactSigns.Count;
        var means = new double[width];
        var scales = new double[width];
        for (var sign = 0; sign < width; sign++)
        {
            means[sign] = used.Average(place => rows[place][sign]);
            var deviation = Math.Sqrt(used.Average(place => Math.Pow(rows[place][sign] - means[sign], 2)));
            scales[sign] = deviation > 1e-9 ? deviation : 1;
        }
        var pooled = new FactCalibration(
            means, scales, new double[width + 1], new Dictionary<string, RelationFit>(), [], 0, used.Length,
            used.Count(place => sample.Labels[place]), 0, 0, []);
        double[] ridge = [.. Enumerable.Repeat(Ridge, width), 1e-6];
        pooled = pooled with
        {
            Weights = LogisticFit.Of(
                [.. used.Select(place => pooled.Scaled(rows[place]))], [.. used.Select(place => sample.Labels[place])],
                new double[width + 1], ridge),
        };
        var relations = new Dictionary<string, RelationFit>();
        foreach (var own in used.GroupBy(place => sample.Facts[place].Relation))
        {
            var fit = LogisticFit.Of(
                [.. own.Select(place => new[] { LogisticFit.Product(pooled.Weights, pooled.Scaled(rows[place])), 1 })],
                [.. own.Select(place => sample.Labels[place])], [1, 0], [RelationRidge, RelationRidge]);
            // A slope below 0 would turn the order of a relation's facts round.
            relations[graph.Relations[own.Key].Id] = new RelationFit(Math.Max(fit[0], 0.1), fit[1]);
        }
        return pooled with { Relations = relations };
    }
}
