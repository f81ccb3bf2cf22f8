using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Evaluation;

/// <summary>The entity from which a query starts: one of the graph, or one described by a text that the graph does not hold.</summary>
/// <param name="Entity">Its index in the graph; null for a free text.</param>
/// <param name="Description">The text that the model reads.</param>
public sealed record QueryEntity(int? Entity, string Description)
{
    /// <summary>An entity of the graph.</summary>
    public static QueryEntity Of(KnowledgeGraph graph, int entity) => new(entity, graph.Entities[entity].Description);
}

/// <summary>An entity that may complete a query.</summary>
/// <param name="Entity">Its index in the graph.</param>
/// <param name="Rank">Its place by <paramref name="Score"/>, from 1.</param>
/// <param name="Score">The cosine of the query and the entity.</param>
/// <param name="Probability">The softmax of the scores of all candidates at the model's temperature.</param>
/// <param name="Split">The split that holds the fact (train, valid or test); null when it is new.</param>
/// <param name="Likelihood">The language model's own judgement; null when it was not asked.</param>
public sealed record EntityCandidate(
    int Entity, int Rank, double Score, double Probability, string? Split, AnswerLikelihood? Likelihood = null);

/// <summary>A relation that may hold between two entities.</summary>
/// <param name="DirectedRelation">r, or r + R for its inverse.</param>
/// <param name="Rank">Its place, from 1.</param>
/// <param name="Score">The mean cosine of both queries and their answers: (head, r) with the tail, and (tail, r inverse) with the
/// head.</param>
/// <param name="Probability">The softmax of the scores of all directed relations at the model's temperature.</param>
/// <param name="Split">As above.</param>
public sealed record RelationCandidate(int DirectedRelation, int Rank, double Score, double Probability, string? Split);

/// <summary>Completes triples with one model over one graph. The vectors of all entities are computed once and kept; calls may come from
/// any thread, and those that run the model take turns. Owns the vectors, not the model.</summary>
public sealed class Completer : IDisposable
{
    private readonly LoadedModel model;
    private readonly KnowledgeGraph graph;
    private readonly TextIndex texts;
    private readonly EncodedTexts encoded;
    private readonly FactSplits splits;
    private readonly Lock modelGate = new();

    /// <summary>Encodes every distinct entity text.</summary>
    /// <param name="model">The model; must outlive the completer.</param>
    /// <param name="graph">The graph whose entities and relations are the candidates.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">An embedding is not finite.</exception>
    public Completer(LoadedModel model, KnowledgeGraph graph, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        (this.model, this.graph) = (model, graph);
        texts = new TextIndex(graph, model.Wording);
        splits = new FactSplits(graph);
        encoded = EncodedTexts.WithEntities(model.Decoder, texts, [], progress, cancellation);
    }

    /// <summary>The entities that best complete (entity, relation, ?).</summary>
    /// <param name="entity">The query's entity, itself no candidate.</param>
    /// <param name="directedRelation">r, or r + R to read the relation backwards.</param>
    /// <param name="top">How many are wanted.</param>
    /// <param name="leftOut">Further entities that are no candidates; null for none.</param>
    /// <returns>The best candidates, the first best; of equal scores the entity of lower index first.</returns>
    public IReadOnlyList<EntityCandidate> Entities(QueryEntity entity, int directedRelation, int top, IReadOnlySet<int>? leftOut = null)
    {
        var scores = ScoresOfTexts(entity, directedRelation);
        var candidates = Enumerable.Range(0, graph.Entities.Count)
            .Where(candidate => candidate != entity.Entity && leftOut?.Contains(candidate) != true).ToArray();
        var logSum = LogSum(candidates.Select(candidate => scores[texts.EntityText[candidate]] / model.Temperature));
        return [.. candidates.OrderByDescending(candidate => scores[texts.EntityText[candidate]]).Take(top).Select((candidate, index) =>
        {
            double score = scores[texts.EntityText[candidate]];
            return new EntityCandidate(
                candidate, index + 1, score, Math.Exp(score / model.Temperature - logSum),
                splits.Of(entity.Entity, directedRelation, candidate));
        })];
    }

    /// <summary>Orders candidates by how likely the model is to write their names; of equal likelihoods the better by score goes
    /// first.</summary>
    /// <param name="candidates">From <see cref="Entities"/>.</param>
    /// <param name="entity">The query's entity.</param>
    /// <param name="directedRelation">Its relation.</param>
    /// <returns>The same candidates with their likelihoods; ranks and scores stay those of the embeddings.</returns>
    public IReadOnlyList<EntityCandidate> Rerank(IReadOnlyList<EntityCandidate> candidates, QueryEntity entity, int directedRelation)
    {
        if (candidates.Count == 0)
            return candidates;
        IReadOnlyList<AnswerLikelihood> likelihoods;
        lock (modelGate)
            likelihoods = AnswerLikelihood.Of(
                model, entity.Description, graph.DirectedRelationText(directedRelation),
                [.. candidates.Select(candidate => graph.Entities[candidate.Entity])]);
        return [.. candidates.Zip(likelihoods, (candidate, likelihood) => candidate with { Likelihood = likelihood })
            .OrderByDescending(candidate => candidate.Likelihood!.Total)];
    }

    /// <summary>The directed relations that best hold from one entity to another; a symmetric relation stands once.</summary>
    /// <param name="head">The entity from which they are read.</param>
    /// <param name="tail">The other.</param>
    /// <param name="top">How many are wanted.</param>
    public IReadOnlyList<RelationCandidate> Relations(QueryEntity head, QueryEntity tail, int top)
    {
        using var scope = NewDisposeScope();
        int[] directed = [.. Enumerable.Range(0, 2 * graph.RelationCount)
            .Where(relation => relation < graph.RelationCount || !IsSymmetric(relation))];
        var fromHead = Encode(head, withEntityView: true, directed);
        var fromTail = Encode(tail, withEntityView: true, [.. directed.Select(graph.InverseOf)]);
        // The first vector of each is its entity view, the others are its queries.
        var scores = Scores(fromHead, fromTail[0])
            .Zip(Scores(fromTail, fromHead[0]), (forward, backward) => (forward + backward) / 2.0).Skip(1).ToArray();
        var logSum = LogSum(scores.Select(score => score / model.Temperature));
        return [.. Enumerable.Range(0, directed.Length).OrderByDescending(index => scores[index])
            .Take(top).Select((index, place) => new RelationCandidate(
            directed[index], place + 1, scores[index], Math.Exp(scores[index] / model.Temperature - logSum),
            tail.Entity is { } answer ? splits.Of(head.Entity, directed[index], answer) : null))];
    }

    private float[] ScoresOfTexts(QueryEntity entity, int directedRelation)
    {
        using var scope = NewDisposeScope();
        return Scores(encoded.Entities!.Read(0, encoded.Entities.Count), Encode(entity, withEntityView: false, [directedRelation])[0]);
    }

    /// <summary>[views, hidden]: the entity view, when wanted, and the queries.</summary>
    private Tensor Encode(QueryEntity entity, bool withEntityView, int[] directedRelations)
    {
        var relations = Array.ConvertAll(directedRelations, relation => texts.Relations[texts.RelationText[relation]]);
        var views = texts.Wording.Views(texts.Wording.Description(entity.Description), withEntityView, relations);
        lock (modelGate)
            return Encoder.Encode(model.Decoder, [.. views.SelectMany(view => view.ToRows(Forest.RowTokens))]);
    }

    private static float[] Scores(Tensor rows, Tensor vector)
    {
        using var scope = NewDisposeScope();
        var scores = rows.mv(vector);
        Encoder.RequireFinite(scores);
        return scores.cpu().data<float>().ToArray();
    }

    private bool IsSymmetric(int directedRelation) =>
        texts.RelationText[directedRelation] == texts.RelationText[graph.InverseOf(directedRelation)];

    private static double LogSum(IEnumerable<double> values)
    {
        var all = values.ToArray();
        var highest = all.Length == 0 ? 0 : all.Max();
        return highest + Math.Log(all.Sum(value => Math.Exp(value - highest)));
    }

    /// <inheritdoc/>
    public void Dispose() => encoded.Dispose();
}
