using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>Fits the temperatures on a sample of the validation split, with the same filtering as the probabilities that are
/// served.</summary>
public static class Calibrator
{
    // One number is fitted to each: more would make the first question to a large model wait and tell no more.
    private const int EntityTriples = 300;
    private const int RelationTriples = 200;
    private const int LeastRelationTriples = 20;
    private const int RelationViews = 3000;
    private const int QueryBlock = 32;
    private const int PairBlock = 16;
    private const long Seed = 1;

    /// <summary>Fits, on the model's thread.</summary>
    /// <param name="model">The model.</param>
    /// <param name="graph">The graph with its validation split.</param>
    /// <param name="vectors">Its entities.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="progress">Told how far the work has come.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    public static Calibration Fit(
        LoadedModel model, KnowledgeGraph graph, EntityVectors vectors, FactSplits facts,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var trained = Math.Max(model.Temperature, TemperatureFit.Lowest);
        if (graph.Valid.Count == 0)
            return Calibration.AsTrained(trained);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var entities = FitEntities(model, graph, vectors, facts, progress, cancellation);
        var relations = FitRelations(model, graph, facts, progress, cancellation);
        var temperature = entities.Best();
        return new Calibration(temperature, relations.Best(), entities.Count, entities.Loss(temperature), entities.Loss(trained));
    }

    private static TemperatureFit FitEntities(
        LoadedModel model, KnowledgeGraph graph, EntityVectors vectors, FactSplits facts,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var fit = new TemperatureFit();
        var queries = CompletionQuery.Of(graph, CompletionQuery.Sample(graph.Valid, EntityTriples, Seed));
        var done = 0;
        foreach (var block in queries.Chunk(QueryBlock))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var asked = QueryVectors.Of(
                model, graph, [.. block.Select(query => (QueryEntity.Of(graph, query.Entity), query.DirectedRelation))]);
            var scores = asked.mm(vectors.Block(0, vectors.GraphCount).t());
            Encoder.RequireFinite(scores);
            var values = scores.cpu().data<float>().ToArray();
            foreach (var (index, query) in block.Index())
                fit.Add(
                    values.AsSpan(index * vectors.GraphCount, vectors.GraphCount), query.Answer,
                    [.. facts.Answers(query.Entity, query.DirectedRelation).Append(query.Entity).Distinct().Order()]);
            progress?.Report(new EvaluationProgress("calibrating", done += block.Length, queries.Count));
        }
        return fit;
    }

    private static TemperatureFit FitRelations(
        LoadedModel model, KnowledgeGraph graph, FactSplits facts, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var fit = new TemperatureFit();
        var scorer = new RelationScores(graph, model.Wording);
        // A pair of entities takes a view for every relation.
        var most = Math.Clamp(RelationViews / (2 * (scorer.Directed.Length + 1)), LeastRelationTriples, RelationTriples);
        var triples = CompletionQuery.Sample(graph.Valid, most, Seed);
        var done = 0;
        foreach (var block in triples.Chunk(PairBlock))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var views = block.SelectMany(triple => scorer.Views(
                model.Wording.Description(graph.Entities[triple.Head].Description),
                model.Wording.Description(graph.Entities[triple.Tail].Description))).ToList();
            var forest = new ViewForest(model.Wording, views);
            var encoded = Encoder.Encode(model.Decoder, forest.Rows, null, cancellation);
            Encoder.RequireFinite(encoded);
            var width = (int)encoded.shape[1];
            var values = encoded.cpu().data<float>().ToArray();
            foreach (var (index, triple) in block.Index())
            {
                var vectors = forest.Reads(2 * index).Concat(forest.Reads(2 * index + 1))
                    .Select(read => values[(read * width)..((read + 1) * width)]).ToList();
                int[] held = [.. Enumerable.Range(0, scorer.Directed.Length)
                    .Where(place => facts.Of(triple.Head, scorer.Directed[place], triple.Tail) is not null)];
                fit.Add(scorer.Of(vectors), Array.IndexOf(scorer.Directed, triple.Relation), held);
            }
            progress?.Report(new EvaluationProgress("calibrating", done += block.Length, triples.Count));
        }
        return fit;
    }
}
