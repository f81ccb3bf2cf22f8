using System.Diagnostics;
using System.Globalization;
using Cloud.Unum.USearch;
using Kalm.Evaluation;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>How well a graph of neighbours finds what an exact search finds.</summary>
/// <param name="Entities">The entities in it.</param>
/// <param name="Width">Numbers of a vector.</param>
/// <param name="Recall">Of the ten best entities of a query the share that it finds, over <paramref name="Queries"/>.</param>
/// <param name="Queries">Queries from the validation split, or from train where there is none.</param>
/// <param name="Seconds">What it took to make.</param>
/// <param name="Bytes">The length of its file.</param>
public sealed record NeighbourRecall(int Entities, int Width, double Recall, int Queries, double Seconds, long Bytes)
{
    /// <summary>The same in words.</summary>
    public override string ToString() => Queries == 0 ? "searches approximately; recall is not known, for no triple is there to ask about"
        : string.Create(CultureInfo.InvariantCulture,
            $"searches approximately: finds {Recall:P1} of the ten best ({Queries:N0} queries; made in {Seconds:F1} s)");
}

/// <summary>The graph's own entities in a hierarchical navigable small world (HNSW, arXiv 1603.09320), which finds the nearest of a query
/// by looking at a few hundred instead of all. Kept beside the vectors and read through a memory map. For the model's thread.</summary>
public sealed class NearestNeighbours : IDisposable
{
    private const string GraphName = "neighbours.usearch";
    private const string RecallName = "neighbours.json";
    private const int Links = 16;
    private const int LooksWhenMade = 128;
    private const int LooksWhenAsked = 128;
    private const int Portion = 4096;
    private const int MostQueries = 200;
    private const int Wanted = 10;
    private const int MostSampled = 4096;
    private readonly USearchIndex index;

    private NearestNeighbours(string path, NeighbourRecall recall)
    {
        Recall = recall;
        index = new USearchIndex(path, view: true);
        // Drawn without a seed of the user's: the same for everyone who searches this index.
        var random = new Random(1);
        Sample = recall.Entities <= MostSampled ? [.. Enumerable.Range(0, recall.Entities)]
            : [.. Enumerable.Range(0, MostSampled).Select(_ => random.Next(recall.Entities)).Distinct().Order()];
    }

    /// <summary>What it finds.</summary>
    public NeighbourRecall Recall { get; private set; }

    /// <summary>Entities drawn at random, ascending, by whose scores those of all that are far away are estimated.</summary>
    internal int[] Sample { get; }

    /// <summary>The entities nearest to a query, as far as they are found.</summary>
    internal int[] Of(float[] query, int count)
    {
        // It looks at as many as are asked of it.
        var found = index.Search(query, Math.Max(count, LooksWhenAsked), out ulong[] entities, out float[] _);
        return [.. entities.Take(found).Select(entity => (int)entity)];
    }

    /// <summary>Opens what is kept beside an index, or makes it; on the model's thread.</summary>
    /// <param name="entities">The index.</param>
    /// <param name="model">Its model, which reads the queries that recall is measured with.</param>
    /// <param name="graph">Its graph.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions; nothing is left then.</param>
    /// <exception cref="KalmException">The folder cannot be written, or the library cannot be loaded.</exception>
    internal static NearestNeighbours Open(
        EntityIndex entities, LoadedModel model, KnowledgeGraph graph, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        var (path, card) = (Path.Combine(entities.Folder, GraphName), Path.Combine(entities.Folder, RecallName));
        try
        {
            if (Kept(path, card, entities.Vectors) is { } kept)
                return new NearestNeighbours(path, kept);
            var made = Make(path, entities.Vectors, progress, cancellation);
            try
            {
                made.Recall = made.Measured(entities.Vectors, model, graph);
                Json.Write(card, made.Recall);
                return made;
            }
            catch
            {
                made.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is USearchException or DllNotFoundException or BadImageFormatException)
        {
            throw new KalmException($"{path}: the library for approximate search refused: {error.Message}; expected --search exact", error);
        }
    }

    private static NeighbourRecall? Kept(string path, string card, EntityVectors vectors)
    {
        if (!File.Exists(path) || !File.Exists(card))
            return null;
        try
        {
            var kept = Json.Read<NeighbourRecall>(card);
            return (kept.Entities, kept.Width, kept.Bytes) == (vectors.GraphCount, vectors.Width, new FileInfo(path).Length) ? kept : null;
        }
        catch (KalmException)
        {
            return null;   // it is made of what is at hand, so it is made again
        }
    }

    /// <summary>Makes them, without a measure of what they find.</summary>
    internal static NearestNeighbours Make(
        string path, EntityVectors vectors, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        using var index = new USearchIndex(
            MetricKind.Ip, ScalarKind.Float16, (ulong)vectors.Width, Links, LooksWhenMade, LooksWhenAsked);
        for (var start = 0; start < vectors.GraphCount; start += Portion)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new EvaluationProgress("linking neighbours", start, vectors.GraphCount));
            var numbers = Enumerable.Range(start, Math.Min(Portion, vectors.GraphCount - start)).ToArray();
            index.Add([.. numbers.Select(number => (ulong)number)], [.. numbers.Select(number => vectors.Row(number).ToArray())]);
        }
        progress?.Report(new EvaluationProgress("linking neighbours", vectors.GraphCount, vectors.GraphCount));
        var staged = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            index.Save(staged);
            File.Move(staged, path, overwrite: true);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "write", error);
        }
        finally
        {
            File.Delete(staged);
        }
        return new NearestNeighbours(path, new NeighbourRecall(
            vectors.GraphCount, vectors.Width, 0, 0, clock.Elapsed.TotalSeconds, new FileInfo(path).Length));
    }

    private NeighbourRecall Measured(EntityVectors vectors, LoadedModel model, KnowledgeGraph graph)
    {
        var asked = graph.Valid.Count > 0 ? graph.Valid : graph.Train;
        var random = new Random(1);
        var queries = Enumerable.Range(0, Math.Min(MostQueries, asked.Count)).Select(_ => asked[random.Next(asked.Count)])
            .Select(triple => (QueryEntity.Of(graph, triple.Head), triple.Relation)).ToList();
        if (queries.Count == 0)
            return Recall;
        using var scope = NewDisposeScope();
        var encoded = QueryVectors.Of(model, graph, queries);
        var requests = queries.Select(query => new SearchRequest(query.Item1.Entity, [], Wanted)).ToList();
        var exact = EntitySearch.Exactly(vectors, encoded, requests, temperature: 1);
        var found = ApproximateSearch.Run(vectors, this, encoded, requests, temperature: 1);
        var hits = exact.Zip(found).Sum(pair =>
            pair.First.Hits.Select(hit => hit.Entity).Intersect(pair.Second.Hits.Select(hit => hit.Entity)).Count());
        return Recall with { Recall = hits / (double)exact.Sum(result => result.Hits.Count), Queries = queries.Count };
    }

    /// <inheritdoc/>
    public void Dispose() => index.Dispose();
}
