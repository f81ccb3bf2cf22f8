using Kalm.Graph.Readers;

namespace Kalm.Graph;

/// <summary>Entities and relations with their texts, and the triples of three splits. Everything is an index into a list:
/// entities 0..N-1, relations 0..R-1; a directed relation is r (forward) or r + R (inverse).</summary>
public sealed class KnowledgeGraph
{
    private readonly IdTable entityIds;
    private readonly IdTable relationIds;
    private readonly string[] directedRelationTexts;
    private readonly Lazy<KnownFacts> trainFacts;
    private readonly Lazy<KnownFacts> askedFacts;
    private readonly Lazy<string> fingerprint;
    private readonly Lazy<string> textsFingerprint;

    internal KnowledgeGraph(IdTable entityIds, Entity[] entities, IdTable relationIds, Relation[] relations, GraphSplits splits)
    {
        (this.entityIds, this.relationIds) = (entityIds, relationIds);
        directedRelationTexts = [.. relations.Select(relation => relation.Text), .. relations.Select(relation => relation.InverseText)];
        Entities = entities;
        Relations = relations;
        Asked = Train = splits.Train;
        Valid = splits.Valid;
        Test = splits.Test;
        RepeatedTriples = splits.Repeated;
        TriplesAlsoInTrain = splits.AlsoInTrain;
        RepeatedLines = splits.RepeatedLines;
        trainFacts = new(() => new KnownFacts(this, Train));
        askedFacts = new(() => ReferenceEquals(Asked, Train) ? TrainFacts : new KnownFacts(this, Asked));
        fingerprint = new(() => GraphFingerprint.OfTriples(this));
        textsFingerprint = new(() => GraphFingerprint.OfTexts(this));
    }

    /// <summary>Where the graph was read from.</summary>
    public required string Path { get; init; }

    /// <summary>The format that was detected, in words.</summary>
    public required string Format { get; init; }

    /// <summary>What is legal but suspicious in the files, one line each.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>How the files were understood.</summary>
    public GraphReading Reading { get; init; } = new();

    /// <summary>What is known of facts beside their three parts.</summary>
    public FactAttributes FactAttributes { get; init; } = new();

    /// <summary>The entities, which are the candidates of every query.</summary>
    public IReadOnlyList<Entity> Entities { get; }

    /// <summary>The relations r, by the number that triples name them with.</summary>
    public IReadOnlyList<Relation> Relations { get; }

    /// <summary>The number of relations R, without their inverses.</summary>
    public int RelationCount => Relations.Count;

    /// <summary>The triples to learn from, in file order, each once.</summary>
    public IReadOnlyList<Triple> Train { get; }

    /// <summary>The triples of train that training asks about: all but those that stand in entities' texts
    /// (<see cref="GraphOptions.NeighboursInText"/>).</summary>
    public IReadOnlyList<Triple> Asked { get; internal init; }

    /// <summary>At most so many train facts describe an entity without a description; 0 for none.</summary>
    public int NeighboursInText { get; internal init; }

    /// <summary>The options it was read with, and what was decided where they left it open: read so again, it is the same.</summary>
    public GraphOptions ReadAs { get; internal init; } = new();

    /// <summary>The triples that select the checkpoint; empty when there are none.</summary>
    public IReadOnlyList<Triple> Valid { get; }

    /// <summary>The triples to report on; empty when there are none.</summary>
    public IReadOnlyList<Triple> Test { get; }

    /// <summary>The facts of train, collected when they are first asked for.</summary>
    public KnownFacts TrainFacts => trainFacts.Value;

    /// <summary>Those of them that are asked about.</summary>
    public KnownFacts AskedFacts => askedFacts.Value;

    /// <summary>Lines left out of a split because it holds their triple on an earlier line.</summary>
    public SplitCounts RepeatedTriples { get; }

    /// <summary>Triples of valid and of test that train holds too; they stay where they are.</summary>
    public SplitCounts TriplesAlsoInTrain { get; }

    /// <summary>The first few of <see cref="RepeatedTriples"/>, with file and line.</summary>
    internal IReadOnlyList<string> RepeatedLines { get; }

    /// <summary>Reads a graph; the format is detected.</summary>
    /// <param name="path">A folder, a file of triples or of another known format, or an archive of either.</param>
    /// <param name="options">How to read it; null takes the graph as it stands.</param>
    /// <exception cref="KalmException">A fault in the files, with file, line, what was found and what was expected.</exception>
    public static KnowledgeGraph Load(string path, GraphOptions? options = null) => GraphFormats.Read(path, options ?? new GraphOptions());

    /// <summary>The index of an entity id.</summary>
    /// <exception cref="KalmException">The graph has no such id.</exception>
    public int EntityIndex(string id) => entityIds.Find(id);

    /// <summary>Whether there is an entity id, and its index.</summary>
    public bool TryEntityIndex(string id, out int index) => entityIds.TryFind(id, out index);

    /// <summary>The index of a relation id.</summary>
    /// <exception cref="KalmException">The graph has no such id.</exception>
    public int RelationIndex(string id) => relationIds.Find(id);

    /// <summary>The words of a relation in the direction it is read.</summary>
    /// <param name="directedRelation">r, or r + R for the inverse.</param>
    public string DirectedRelationText(int directedRelation) => directedRelationTexts[directedRelation];

    /// <summary>The same relation read the other way.</summary>
    /// <param name="directedRelation">r, or r + R for the inverse.</param>
    public int InverseOf(int directedRelation) =>
        directedRelation < RelationCount ? directedRelation + RelationCount : directedRelation - RelationCount;

    /// <summary>A triple as a query and its answer.</summary>
    /// <param name="triple">The triple.</param>
    /// <param name="predicted">The side that is the answer: (h, r, t) for the tail, (t, r + R, h) for the head.</param>
    public DirectedRow Row(Triple triple, Side predicted) => predicted == Side.Tail
        ? new DirectedRow(triple.Head, triple.Relation, triple.Tail)
        : new DirectedRow(triple.Tail, triple.Relation + RelationCount, triple.Head);

    /// <summary>Triples as queries with their answers: of each the tail side, then the head side.</summary>
    public IEnumerable<DirectedRow> Rows(IEnumerable<Triple> triples)
    {
        foreach (var triple in triples)
        {
            yield return Row(triple, Side.Tail);
            yield return Row(triple, Side.Head);
        }
    }

    /// <summary>SHA-256 (lower-case hex) of the triples of all splits, by their ids and in their order;
    /// independent of path and format.</summary>
    public string Fingerprint() => fingerprint.Value;

    /// <summary>SHA-256 (lower-case hex) of the names and descriptions in entity order and of both relation texts in relation
    /// order; independent of path and format.</summary>
    public string TextsFingerprint() => textsFingerprint.Value;
}
