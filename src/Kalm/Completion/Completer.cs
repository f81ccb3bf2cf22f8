using Kalm.Completion.Facts;
using Kalm.Completion.Grounding;
using Kalm.Completion.Reranking;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>Completes triples with one model over one graph: the one engine behind the command line, the service and the library, so that
/// a question has one answer wherever it is asked. A service that batches takes its parts: <see cref="Views"/> are encoded with those of
/// others, <see cref="Find"/> searches, <see cref="Candidates"/> judges. What asks at once may be called from any thread; those calls
/// take turns. Owns the index, not the model.</summary>
public sealed class Completer : IDisposable
{
    private readonly TextVectors kept;
    private readonly Lazy<Explanations> explanations;
    private readonly Lazy<RelationScores> relationScores;
    private readonly Lazy<FactJudge> judge;
    private readonly Lazy<Grounder> grounder;
    private Grounder? changed;
    private readonly Lock modelGate = new();
    private Reranker? reranker;

    private Completer(LoadedModel model, Catalog catalog, EntityIndex index, FactSplits facts)
    {
        (Model, Catalog, Index, Facts) = (model, catalog, index, facts);
        kept = new TextVectors(Path.Combine(index.Folder, TextVectors.FileName), index.Vectors.Width);
        explanations = new(() => new Explanations(Graph, index.Vectors));
        relationScores = new(() => new RelationScores(Graph, model.Wording));
        judge = new(() => new FactJudge(this));
        grounder = new(() => new Grounder(Graph, facts, new(() => Judge.Sides.Domains)));
    }

    /// <summary>What encodes queries and texts; not owned.</summary>
    public LoadedModel Model { get; }

    /// <summary>The entities that may be asked about and are candidates, and what was said of facts.</summary>
    public Catalog Catalog { get; private set; }

    /// <summary>The entities' vectors, and how scores become probabilities.</summary>
    public EntityIndex Index { get; }

    /// <summary>What is known.</summary>
    public FactSplits Facts { get; private set; }

    /// <summary>The share of true facts wanted among those that are stated; where it is not reached on the validation split nothing
    /// is.</summary>
    public double Precision { get; set; } = FactCalibration.DefaultPrecision;

    /// <summary>What it takes for a fact to be stated; null where nothing is.</summary>
    public PrecisionPoint? Statement => Index.Calibration.Facts?.Statement(Precision);

    /// <summary>The graph, as its files tell it.</summary>
    public KnowledgeGraph Graph => Catalog.Graph;

    /// <summary>Finds training facts that speak for an answer.</summary>
    public Explanations Explanations => explanations.Value;

    /// <summary>Tells whether facts are true; its calls are for the model's thread.</summary>
    public FactJudge Judge => judge.Value;

    /// <summary>Tells which relations two entities are likely to stand in.</summary>
    public RelationScores RelationScores => relationScores.Value;

    /// <summary>Answers questions in words from the graph.</summary>
    public Grounder Grounder => changed is { } found && found.IsOf(Catalog) ? found : changed = grounder.Value.With(Catalog, Facts);

    /// <summary>Completes over a graph, with the index where it is kept by default and what changes made of the graph there.</summary>
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

    /// <summary>Opens the index, which is made when it is not there, and takes in what changes made of the graph.</summary>
    /// <param name="model">The model; must outlive the completer.</param>
    /// <param name="catalog">The graph's entities after all changes.</param>
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
            var completer = new Completer(model, catalog, index, facts);
            completer.Take(catalog, catalog.Changed);
            completer.kept.TrySave(catalog.Log.LockPath);
            return completer;
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    /// <summary>Takes in changes, on the model's thread: names and vectors at once, so that no search meets one without the other. Texts
    /// without a vector at hand are encoded.</summary>
    /// <param name="catalog">The catalog from now on.</param>
    /// <param name="touched">The numbers of entities whose text or presence is another than in the catalog before.</param>
    /// <exception cref="KalmException">An embedding is not finite; nothing has changed then.</exception>
    public void Take(Catalog catalog, IReadOnlySet<int> touched)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(touched);
        kept.Follow();
        Index.Vectors.Take([.. touched.Select(number => new VectorRow(number, Changed(number), catalog.IsHidden(number)))]);
        (Catalog, Facts) = (catalog, Facts.With(catalog.Reviewed));
        kept.Forget();

        float[]? Changed(int number)
        {
            var text = catalog[number].Description;
            if (catalog.IsHidden(number) || catalog.IsAsInGraph(number))
                return null;
            if (kept.Of(text) is { } vector)
                return vector;
            kept.Add(text, vector = VectorOf(text));
            return vector;
        }
    }

    /// <summary>The vector of an entity's text, encoded by itself so that it is the same wherever that happens; on the model's
    /// thread.</summary>
    /// <exception cref="KalmException">It is not finite.</exception>
    public float[] VectorOf(string text)
    {
        using var scope = NewDisposeScope();
        var (vectors, reads) = Encode([new ViewRequest(Model.Wording.Description(text), true, [])]);
        return vectors[reads[0]].cpu().data<float>().ToArray();
    }

    /// <summary>Keeps vectors of texts for all who share the index, before the changes that bring the texts. For the one who has the
    /// log's lock.</summary>
    public void Keep(IEnumerable<(string Text, float[] Vector)> vectors)
    {
        foreach (var (text, vector) in vectors)
            kept.Add(text, vector);
        kept.Save();
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
    /// <param name="strictTypes">Whether only entities are wanted that are such as the relation has there
    /// (<see cref="RelationSides.Admits"/>).</param>
    public SearchRequest Search(
        QueryEntity entity, int directedRelation, int top, bool withKnown = true, bool strictTypes = false) => new(
        entity.Entity, entity.Entity is { } known ? Facts.Answers(known, directedRelation) : [], Math.Min(top, Catalog.Count), withKnown)
    {
        Admits = strictTypes ? answer => Judge.Sides.Admits(Graph.InverseOf(directedRelation), answer) : null,
        Rejected = entity.Entity is { } reviewed ? Facts.Rejected(reviewed, directedRelation) : [],
    };

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
            Facts.Of(entity.Entity, directedRelation, hit.Entity)))];

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

    /// <summary>Tells of each candidate whether the fact is true that it makes.</summary>
    /// <returns>The same candidates with <see cref="EntityCandidate.Fact"/>.</returns>
    public IReadOnlyList<EntityCandidate> Judged(
        IReadOnlyList<EntityCandidate> candidates, QueryEntity entity, int directedRelation)
    {
        lock (modelGate)
            return Judge.Of(candidates, entity, directedRelation);
    }

    /// <summary>Whether facts are true, the first asked first.</summary>
    public IReadOnlyList<FactJudgement> Verify(IReadOnlyList<FactClaim> claims, CancellationToken cancellation = default)
    {
        lock (modelGate)
            return Judge.Of(claims, cancellation);
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

    /// <summary>Puts candidates into the order of the run's re-ranker, on the model's thread.</summary>
    /// <inheritdoc cref="Reranking.Reranker.Order" path="/returns"/>
    /// <exception cref="KalmException">There is no re-ranker, or it is not sound.</exception>
    public IReadOnlyList<EntityCandidate> Rerank(IReadOnlyList<EntityCandidate> candidates, QueryEntity entity, int directedRelation)
    {
        lock (modelGate)
            return Reranker.Order(candidates, entity, directedRelation, Catalog);
    }

    /// <summary>Judges the relations between two entities; one that reads the same both ways stands once, one that was rejected not at
    /// all.</summary>
    /// <param name="head">The entity from which they are read.</param>
    /// <param name="tail">The other.</param>
    /// <param name="vectors">Of <see cref="RelationScores.Views"/>.</param>
    /// <param name="top">How many are wanted.</param>
    public IReadOnlyList<RelationCandidate> RelationCandidates(
        QueryEntity head, QueryEntity tail, IReadOnlyList<float[]> vectors, int top)
    {
        var (scores, directed, temperature) = (RelationScores.Of(vectors), RelationScores.Directed, Index.Calibration.RelationTemperature);
        var splits = directed.Select(relation => tail.Entity is { } answer ? Facts.Of(head.Entity, relation, answer) : null).ToArray();
        var possible = Enumerable.Range(0, directed.Length)
            .Where(index => tail.Entity is not { } answer || !Facts.IsRejected(head.Entity, directed[index], answer)).ToList();
        var logSum = EntitySearch.LogSum(possible.Where(index => splits[index] is null).Select(index => scores[index] / temperature));
        return [.. possible.OrderByDescending(index => scores[index]).Take(top).Select((index, place) =>
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
}
