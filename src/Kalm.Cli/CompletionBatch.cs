using Kalm.Cli.Progress;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Graph.Writers;

namespace Kalm.Cli;

/// <summary>Which answers of a batch are wanted.</summary>
/// <param name="Top">How many of each question at most.</param>
/// <param name="Least">The least probability of an answer.</param>
/// <param name="Stated">Whether only those are that are sure enough to be stated.</param>
/// <param name="StrictTypes">Whether only entities are that are such as the relation has there.</param>
internal sealed record BatchWanted(int Top, double Least, bool Stated, bool StrictTypes);

/// <summary>Many completions at once: of the questions of a file, or of every entity that lacks a relation.</summary>
/// <param name="Catalog">The graph's entities, and what changed of them.</param>
internal sealed record CompletionBatch(Catalog Catalog)
{
    private const int ProgressEvery = 100;

    private KnowledgeGraph Graph => Catalog.Graph;

    /// <summary>What is asked: an entity, and the directed relation that is read from it.</summary>
    internal readonly record struct Query(int Entity, int DirectedRelation);

    /// <summary>The questions of a file: head, relation and tail with tabs between, ? or nothing for what is sought.</summary>
    /// <exception cref="KalmException">A line is none, or names what the graph lacks.</exception>
    public IReadOnlyList<Query> Read(string path)
    {
        if (!File.Exists(path))
            throw new KalmException($"--batch {path}: no such file; expected lines of head, relation and tail with tabs between them, ? "
                + "for "
                + "what is sought");
        var queries = new List<Query>();
        foreach (var (index, line) in File.ReadLines(path).Index())
        {
            var fields = line.Split('\t');
            if (string.IsNullOrWhiteSpace(line) || (index == 0 && fields is ["head", "relation", "tail", ..]))
                continue;
            var place = $"{Path.GetFileName(path)}({index + 1})";
            if (fields.Length != 3 || IsSought(fields[1]) || IsSought(fields[0]) == IsSought(fields[2]))
                throw new KalmException($"{place}: found '{line}'; expected head, relation and tail with tabs between them, either head "
                    + "or tail "
                    + "a ?");
            var directed = VerbInputs.Named(place, () => Catalog.FindRelation(fields[1]));
            queries.Add(IsSought(fields[2]) ? new Query(Entity(fields[0]), directed) : new Query(Entity(fields[2]), Graph.InverseOf(
                directed)));

            int Entity(string words) =>
                VerbInputs.Named(place, () => Catalog.Find(words)) is { Entity: { } found } && !Catalog.IsAdded(found)
                ? found : throw new KalmException($"{place}: unknown entity '{words}'; "
                    + (Catalog.Lookup.NearestEntity(words) is { } nearest && nearest != words
                        ? $"did you mean '{nearest}'?" : "expected an id or a name of the graph"));
        }
        return queries.Count > 0 ? queries : throw new KalmException($"{path}: no questions; expected lines of head, relation and tail");
    }

    /// <summary>Every entity that could have a relation and has none: of the kinds that have it where the graph knows kinds, else of those
    /// that stand in a triple like one that has it.</summary>
    public IReadOnlyList<Query> Missing(int directedRelation)
    {
        var known = new KnownFacts(Graph, Graph.Train, Graph.Valid, Graph.Test);
        var having = Enumerable.Range(0, Graph.Entities.Count).Where(Has).ToList();
        var kinds = having.SelectMany(entity => Graph.Entities[entity].Types).ToHashSet();
        var relations = having.SelectMany(RelationsOf).Where(relation => relation != directedRelation).ToHashSet();
        return [.. Enumerable.Range(0, Graph.Entities.Count).Where(entity => !Has(entity) && (kinds.Count > 0
                ? Graph.Entities[entity].Types.Any(kinds.Contains) : RelationsOf(entity).Any(relations.Contains)))
            .Select(entity => new Query(entity, directedRelation))];

        bool Has(int entity) => known.Answers(entity, directedRelation).Length > 0
            || Catalog.Reviewed.Answers(entity, directedRelation, areAccepted: true).Length > 0;

        IEnumerable<int> RelationsOf(int entity) =>
            Enumerable.Range(0, 2 * Graph.RelationCount).Where(relation => known.Answers(entity, relation).Length > 0);
    }

    /// <summary>Answers questions; facts that the graph holds are no answers.</summary>
    /// <param name="queries">The questions.</param>
    /// <param name="completer">Knows the model.</param>
    /// <param name="wanted">Which answers are wanted.</param>
    /// <param name="progress">Told how many are answered.</param>
    /// <param name="cancellation">Stops between questions.</param>
    public IReadOnlyList<ScoredEdge> Answer(
        IReadOnlyList<Query> queries, Completer completer, BatchWanted wanted, ProgressView progress, CancellationToken cancellation)
    {
        var edges = new List<ScoredEdge>();
        var catalog = completer.Catalog;
        if (catalog.Added.Any())
            progress.Note($"{catalog.Log.Path}: {catalog.Added.Count():N0} entities were added to the graph; expected "
                + "answers are entities of the graph alone, as the edges are written with its names");
        if (queries.Count(query => catalog.IsHidden(query.Entity)) is var gone and > 0)
            progress.Note($"{catalog.Log.Path}: {gone:N0} questions are about entities that were deleted; they are passed over");
        foreach (var (index, query) in queries.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            if (!catalog.IsHidden(query.Entity))
                edges.AddRange(Found(query));
            if ((index + 1) % ProgressEvery == 0 || index + 1 == queries.Count)
                progress.Report(new EvaluationProgress("completing", index + 1, queries.Count));
        }
        return edges;

        IEnumerable<ScoredEdge> Found(Query query)
        {
            var entity = catalog.Of(query.Entity);
            var found = completer.Entities(entity, query.DirectedRelation, completer.Search(
                entity, query.DirectedRelation, wanted.Top, withKnown: false, wanted.StrictTypes));
            var answers = found.Where(answer => answer.Probability >= wanted.Least && !catalog.IsAdded(answer.Entity)).ToList();
            return completer.Judged(answers, entity, query.DirectedRelation)
                .Where(answer => !wanted.Stated || answer.Fact!.Verdict == Verdict.True).Select(answer => Edge(query, answer));
        }
    }

    private ScoredEdge Edge(Query query, EntityCandidate answer)
    {
        var isForward = query.DirectedRelation < Graph.RelationCount;
        var fact = isForward ? new Triple(query.Entity, query.DirectedRelation, answer.Entity)
            : new Triple(answer.Entity, Graph.InverseOf(query.DirectedRelation), query.Entity);
        return new ScoredEdge(fact, answer.Score, answer.Probability, answer.Rank,
            $"{Graph.Entities[query.Entity].Name}, {Graph.DirectedRelationText(query.DirectedRelation)}: "
                + $"{Graph.Entities[answer.Entity].Name}, "
                + $"place {answer.Rank} of {Graph.Entities.Count:N0}");
    }

    private static bool IsSought(string field) => string.IsNullOrWhiteSpace(field) || field.Trim() == "?";
}
