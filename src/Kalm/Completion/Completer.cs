using Kalm.Completion.Reranking;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>The entity from which a query starts: one of the graph, or one described by a text that the graph does not hold.</summary>
/// <param name="Entity">Its index in the graph; null for a free text.</param>
/// <param name="Description">The text that the model reads.</param>
public sealed record QueryEntity(int? Entity, string Description)
{
    /// <summary>An entity of the graph.</summary>
    public static QueryEntity Of(KnowledgeGraph graph, int entity) => new(entity, graph.Entities[entity].Description);
}

/// <summary>An entity that may complete a query.</summary>
/// <param name="Entity">Its number in the catalog.</param>
/// <param name="Rank">Its place by <paramref name="Score"/>, from 1.</param>
/// <param name="Score">The cosine of the query and the entity.</param>
/// <param name="Probability">That it is the answer, all other known answers left out; calibrated (<see cref="Calibration"/>).</param>
/// <param name="Split">The split that holds the fact (train, valid or test); null when it is new.</param>
/// <param name="Reranked">What the re-ranker makes of it; null when it was not asked.</param>
public sealed record EntityCandidate(
    int Entity, int Rank, double Score, double Probability, string? Split, RerankedScore? Reranked = null);

/// <summary>What a re-ranker makes of a candidate.</summary>
/// <param name="Score">By which it is ordered; differences are logarithms of odds.</param>
/// <param name="Verdict">The trained verdict's part before it is weighed; 0 where it has no weight.</param>
public sealed record RerankedScore(double Score, double Verdict);

/// <summary>A relation that may hold between two entities.</summary>
/// <param name="DirectedRelation">r, or r + R for its inverse.</param>
/// <param name="Rank">Its place, from 1.</param>
/// <param name="Score">The mean cosine of both queries and their answers: (head, r) with the tail, and (tail, r inverse) with the
/// head.</param>
/// <param name="Probability">That it is the relation, all other known ones left out; calibrated.</param>
/// <param name="Split">As above.</param>
public sealed record RelationCandidate(int DirectedRelation, int Rank, double Score, double Probability, string? Split);

/// <summary>Completes triples with one model over one graph: the one engine behind the command line, the service and the library, so that
/// a question has one answer wherever it is asked. A service that batches takes its parts: <see cref="Views"/> are encoded with those of
/// others, <see cref="Find"/> searches, <see cref="Candidates"/> judges. What asks at once may be called from any thread; those calls
/// take turns. Owns the index, not the model.</summary>
public sealed class Completer : IDisposable
{
    private const int AddedAtOnce = 256;
    private readonly Lazy<Explanations> explanations;
    private readonly Lazy<RelationScores> relationScores;
    private readonly Lock modelGate = new();
    private Reranker? reranker;

    private Completer(LoadedModel model, Catalog catalog, EntityIndex index, FactSplits facts)
    {
        (Model, Catalog, Index, Facts) = (model, catalog, index, facts);
        explanations = new(() => new Explanations(Graph, index.Vectors));
        relationScores = new(() => new RelationScores(Graph, model.Wording));
    }

    /// <summary>The model.</summary>
    public LoadedModel Model { get; }

    /// <summary>The entities that may be asked about and are candidates.</summary>
    public Catalog Catalog { get; }

    /// <summary>The entities' vectors, and how scores become probabilities.</summary>
    public EntityIndex Index { get; }

    /// <summary>What is known.</summary>
    public FactSplits Facts { get; }

    /// <summary>The graph.</summary>
    public KnowledgeGraph Graph => Catalog.Graph;

    /// <summary>Finds training facts that speak for an answer.</summary>
    public Explanations Explanations => explanations.Value;

    /// <summary>Scores relations.</summary>
    public RelationScores RelationScores => relationScores.Value;

    /// <summary>Completes over a graph, with the index where it is kept by default and whatever was added to the graph there.</summary>
    /// <param name="model">The model; must outlive the completer.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">The folder cannot be written, or an embedding is not finite.</exception>
    public static Completer Open(
        LoadedModel model, KnowledgeGraph graph, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var root = EntityIndex.RootOf(model.Opened);
        return Open(model, Catalog.Open(graph, root), root, progress, cancellation);
    }

    /// <summary>Opens the index, which is made when it is not there, and encodes what was added to the graph.</summary>
    /// <param name="model">The model; must outlive the completer.</param>
    /// <param name="catalog">The graph's entities and those added.</param>
    /// <param name="root">Where indices are kept; see <see cref="EntityIndex.RootOf"/>.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">The folder cannot be written, or an embedding is not finite.</exception>
    public static Completer Open(
        LoadedModel model, Catalog catalog, string root, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(catalog);
        var facts = new FactSplits(catalog.Graph);
        var index = EntityIndex.Open(root, model, catalog.Graph, facts, progress, cancellation);
        try
        {
            foreach (var block in catalog.Added.Chunk(AddedAtOnce))
                index.Vectors.Add(VectorsOf(model, block));
            return new Completer(model, catalog, index, facts);
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    /// <summary>The views that a question for an entity takes: the entity's own, which explanations need, then the query's.</summary>
    public IReadOnlyList<ViewRequest> Views(QueryEntity entity, int directedRelation) =>
        [new ViewRequest(Description(entity), true, [RelationOf(directedRelation)])];

    /// <summary>The ids of a description, cut as the model was trained to read it.</summary>
    public int[] Description(QueryEntity entity) => Model.Wording.Description(entity.Description);

    /// <summary>The ids of a relation in the direction it is read.</summary>
    public int[] RelationOf(int directedRelation) => Model.Wording.Relation(Graph.DirectedRelationText(directedRelation));

    /// <summary>What is sought for a query.</summary>
    /// <param name="entity">The query's entity, itself no candidate.</param>
    /// <param name="directedRelation">r, or r + R to read the relation backwards.</param>
    /// <param name="top">How many are wanted.</param>
    /// <param name="withKnown">Whether known answers are wanted among them.</param>
    public SearchRequest Search(QueryEntity entity, int directedRelation, int top, bool withKnown = true) => new(
        entity.Entity, entity.Entity is { } known && !Catalog.IsAdded(known) ? Facts.Answers(known, directedRelation) : [],
        Math.Min(top, Catalog.Count), withKnown);

    /// <summary>Searches, on the model's thread.</summary>
    /// <param name="queries">[queries, width], unit length.</param>
    /// <param name="requests">What each query wants.</param>
    /// <exception cref="KalmException">A score is not finite.</exception>
    public IReadOnlyList<SearchResult> Find(Tensor queries, IReadOnlyList<SearchRequest> requests) =>
        EntitySearch.Run(Index.Vectors, queries, requests, Index.Calibration.Temperature);

    /// <summary>Judges what was found.</summary>
    public IReadOnlyList<EntityCandidate> Candidates(
        QueryEntity entity, int directedRelation, SearchRequest request, SearchResult found) =>
        [.. found.Hits.Select((hit, place) => new EntityCandidate(
            hit.Entity, place + 1, hit.Score,
            EntitySearch.Probability(
                hit.Score, Array.BinarySearch(request.Known, hit.Entity) >= 0, found.LogSum, Index.Calibration.Temperature),
            SplitOf(entity.Entity, directedRelation, hit.Entity)))];

    /// <summary>The entities that best complete (entity, relation, ?).</summary>
    /// <inheritdoc cref="Search"/>
    /// <returns>The best candidates, the first best; of equal scores the entity of lower number first.</returns>
    public IReadOnlyList<EntityCandidate> Entities(QueryEntity entity, int directedRelation, int top, bool withKnown = true) =>
        Entities(entity, directedRelation, Search(entity, directedRelation, top, withKnown));

    /// <summary>The same for a request of one's own.</summary>
    public IReadOnlyList<EntityCandidate> Entities(QueryEntity entity, int directedRelation, SearchRequest request)
    {
        using var scope = NewDisposeScope();
        lock (modelGate)
        {
            var (vectors, reads) = Encode(Views(entity, directedRelation));
            return Candidates(entity, directedRelation, request, Find(vectors.narrow(0, reads[^1], 1), [request])[0]);
        }
    }

    /// <summary>The run's re-ranker, opened when it is first asked for, on the model's thread.</summary>
    /// <exception cref="KalmException">There is none, it is damaged, or it was trained on another run.</exception>
    public Reranker Reranker
    {
        get
        {
            lock (modelGate)
                return reranker ??= Reranker.Open(Model, Graph);
        }
    }

    /// <summary>Puts candidates into the order of the run's re-ranker, on the model's thread; of equal ones the better by score goes
    /// first.</summary>
    /// <returns>The same candidates; ranks, scores and probabilities stay those of the embeddings. Where the re-ranker gained nothing on
    /// the validation split, they are as they were.</returns>
    /// <exception cref="KalmException">There is no re-ranker, or it is not sound.</exception>
    public IReadOnlyList<EntityCandidate> Rerank(IReadOnlyList<EntityCandidate> candidates, QueryEntity entity, int directedRelation)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        lock (modelGate)
        {
            if (!Reranker.IsUsed || candidates.Count == 0)
                return candidates;
            var signals = Reranker.Signals([new RerankRequest(
                Known(entity), directedRelation,
                [.. candidates.Select(candidate => Known(new QueryEntity(candidate.Entity, Catalog[candidate.Entity].Description)))],
                [.. candidates.Select(candidate => (float)candidate.Score)])])[0];
            return [.. candidates.Zip(signals.Fused(Reranker.Description.Weights), signals.Verdicts)
                .Select(item => item.First with { Reranked = new RerankedScore(item.Second, item.Third) })
                .OrderByDescending(candidate => candidate.Reranked!.Score)];
        }

        // What was added has no facts.
        QueryEntity Known(QueryEntity found) => found.Entity is { } index && Catalog.IsAdded(index) ? found with { Entity = null } : found;
    }

    /// <summary>Judges the relations between two entities; one that reads the same both ways stands once.</summary>
    /// <param name="head">The entity from which they are read.</param>
    /// <param name="tail">The other.</param>
    /// <param name="vectors">Of <see cref="RelationScores.Views"/>.</param>
    /// <param name="top">How many are wanted.</param>
    public IReadOnlyList<RelationCandidate> RelationCandidates(
        QueryEntity head, QueryEntity tail, IReadOnlyList<float[]> vectors, int top)
    {
        var (scores, directed, temperature) = (RelationScores.Of(vectors), RelationScores.Directed, Index.Calibration.RelationTemperature);
        var splits = directed.Select(relation => tail.Entity is { } answer ? SplitOf(head.Entity, relation, answer) : null).ToArray();
        var logSum = EntitySearch.LogSum(scores.Where((_, index) => splits[index] is null).Select(score => score / temperature));
        return [.. Enumerable.Range(0, directed.Length).OrderByDescending(index => scores[index]).Take(top).Select((index, place) =>
            new RelationCandidate(directed[index], place + 1, scores[index],
                EntitySearch.Probability(scores[index], splits[index] is not null, logSum, temperature), splits[index]))];
    }

    /// <summary>The directed relations that best hold from one entity to another.</summary>
    /// <inheritdoc cref="RelationCandidates" path="/param[@name='head' or @name='tail' or @name='top']"/>
    public IReadOnlyList<RelationCandidate> Relations(QueryEntity head, QueryEntity tail, int top)
    {
        using var scope = NewDisposeScope();
        lock (modelGate)
        {
            var (vectors, reads) = Encode(RelationScores.Views(Description(head), Description(tail)));
            var (values, width) = (vectors.cpu().data<float>().ToArray(), (int)vectors.shape[1]);
            return RelationCandidates(head, tail, [.. reads.Select(read => values[(read * width)..((read + 1) * width)])], top);
        }
    }

    /// <summary>The split that holds a fact; null for none, and where a part of it was added.</summary>
    public string? SplitOf(int? entity, int directedRelation, int answer) =>
        entity is { } known && !Catalog.IsAdded(known) && !Catalog.IsAdded(answer) ? Facts.Of(known, directedRelation, answer) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        reranker?.Dispose();
        Index.Dispose();
    }

    // As a service encodes them, so that both get the same numbers.
    private (Tensor Vectors, int[] Reads) Encode(IReadOnlyList<ViewRequest> views)
    {
        using var noGradient = no_grad();
        var forest = new ViewForest(Model.Wording, views);
        var vectors = Encoder.Encode(Model.Decoder, forest.Rows);
        Encoder.RequireFinite(vectors);
        return (vectors, [.. views.SelectMany((_, index) => forest.Reads(index))]);
    }

    private static float[][] VectorsOf(LoadedModel model, IReadOnlyList<Entity> entities)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var forest = new ViewForest(
            model.Wording, [.. entities.Select(entity => new ViewRequest(model.Wording.Description(entity.Description), true, []))]);
        var encoded = Encoder.Encode(model.Decoder, forest.Rows);
        Encoder.RequireFinite(encoded);
        var (values, width) = (encoded.cpu().data<float>().ToArray(), (int)encoded.shape[1]);
        return [.. entities.Select((_, index) => values.AsSpan(forest.Reads(index)[0] * width, width).ToArray())];
    }
}
