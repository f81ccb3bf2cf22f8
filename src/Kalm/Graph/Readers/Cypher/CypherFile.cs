using System.Globalization;
using System.Text;
using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Cypher;

/// <summary>Scripts of Cypher that make a graph: those that APOC exports, those people write, and those of
/// <see cref="Writers.EdgeFormats"/>.</summary>
internal sealed class CypherFile : IGraphReader
{
    private const string Marks = "UNIQUE IMPORT ";
    private static readonly string[] Endings = [".cypher", ".cql", ".cyp"];
    private static readonly string[] Beginnings = ["CREATE", "MERGE", "MATCH", "UNWIND", "BEGIN", "DROP", "CALL"];

    /// <inheritdoc/>
    public string Key => "cypher";

    /// <inheritdoc/>
    public string Name => "Cypher script";

    /// <summary>Whether a label or a property is one by which APOC finds nodes again, and takes away at the end.</summary>
    public static bool IsMark(string name) => name.StartsWith(Marks, StringComparison.Ordinal);

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var encoding = new GraphBuilder(options).Encoding;
        GraphFile[] found = [.. files.Files.Where(file => Endings.Contains(file.Ending)
            || (files.IsSingle && (options.Format == Key || file.Ending is ".txt" or "")) && IsCypher(file, encoding))];
        return found.Length == 0 ? null : new Recognition(Certainty.Certain, found, $"{found[0].Shown}: statements of Cypher");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var store = new CypherStore();
        // APOC may put nodes, relationships and what it cleans up into files of their own.
        var places = new Dictionary<object, string>(ReferenceEqualityComparer.Instance);
        foreach (var file in found.Files.OrderBy(file => file.Name.Contains("relationship", StringComparison.OrdinalIgnoreCase)))
        {
            var (nodes, edges) = (store.Nodes.Count, store.Edges.Count);
            Run(file, store, graph);
            foreach (var made in store.Nodes.Skip(nodes).Concat<object>(store.Edges.Skip(edges)))
                places.Add(made, file.Shown);
        }
        var shown = found.Files[0].Shown;
        var about = new NodeProperties(graph, shown) { HasTypesOfItsOwn = true };
        var entities = AddNodes(store, graph, about);
        foreach (var edge in store.Edges)
            AddEdge(edge, new Place(places[edge], edge.Line), entities, graph);
        about.Finish();
        graph.Used(shown, "(a)-[:TYPE]->(b)", "head, relation, tail");
        graph.Used(shown, "labels of nodes", "types");
    }

    private static void Run(GraphFile file, CypherStore store, GraphBuilder graph)
    {
        using var script = new CypherScript(file, graph.Encoding);
        var interpreter = new CypherInterpreter(store, (line, problem) => graph.Bad(new Place(file.Shown, line), problem));
        while (script.Next() is { } statement)
            if (interpreter.Run(statement) is { } name)
                graph.Used(file.Shown, $"'{name}'", "nothing of the graph, passed over");
    }

    private static Dictionary<CypherNode, int> AddNodes(CypherStore store, GraphBuilder graph, NodeProperties about)
    {
        var entities = new Dictionary<CypherNode, int>(ReferenceEqualityComparer.Instance);
        var properties = new List<Property>();
        foreach (var node in store.Nodes)
        {
            var (id, key) = IdOf(node, graph);
            var entity = graph.Entities.Add(id);
            entities.Add(node, entity);
            properties.Clear();
            foreach (var (name, value) in node.Properties)
                if (!IsMark(name) && (name != key || EntityKeys.RankOfName(Heading.Key(name)) >= 0))
                    CypherValues.Flatten(name, value, properties);
            about.Set(entity, properties);
            foreach (var label in node.Labels.Where(label => !IsMark(label)))
                graph.AddType(entity, label);
        }
        return entities;
    }

    // The property that serves as the id: the best of those that no node before it has.
    private static (string Id, string? Key) IdOf(CypherNode node, GraphBuilder graph)
    {
        var best = node.Properties.Where(property => property.Value is string text && IsFree(text, graph))
            .Select(property => (property.Key, Id: (string)property.Value,
                Rank: IsMark(property.Key) ? int.MaxValue : EntityKeys.RankOfId(Heading.Key(property.Key))))
            .Where(item => item.Rank >= 0).OrderBy(item => item.Rank).FirstOrDefault();
        if (best.Key is not null)
            return (best.Id, best.Key);
        if (node.Variable is { } variable && IsFree(variable, graph))
            return (variable, null);
        var number = graph.Entities.Count;
        while (!IsFree(string.Create(CultureInfo.InvariantCulture, $"node {number}"), graph))
            number++;
        return (string.Create(CultureInfo.InvariantCulture, $"node {number}"), null);
    }

    private static bool IsFree(string id, GraphBuilder graph) => !string.IsNullOrWhiteSpace(id)
        && id.AsSpan().IndexOfAny('\t', '\r', '\n') < 0 && !graph.Entities.TryFind(id, out _);

    private static void AddEdge(CypherEdge edge, Place place, Dictionary<CypherNode, int> entities, GraphBuilder graph)
    {
        if (string.IsNullOrWhiteSpace(edge.Type) || edge.Type.AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
        {
            graph.Bad(place, "a type that is blank or has a tab or a line end; expected a name on one line");
            return;
        }
        var fact = new Triple(entities[edge.Start], graph.Relations.FindOrAdd(edge.Type, out _), entities[edge.End]);
        graph.Add(Split.Train, fact, place);
        var properties = new List<Property>();
        foreach (var (name, value) in edge.Properties)
            if (!IsMark(name))
                CypherValues.Flatten(name, value, properties);
        foreach (var (key, value) in properties)
            graph.AddAttribute(fact, key, value);
    }

    private static bool IsCypher(GraphFile file, Encoding? encoding)
    {
        var head = file.Head.ToArray();
        try
        {
            using var script = new CypherScript(new GraphFile(file.Name, file.Shown, () => new MemoryStream(head)), encoding);
            for (var statement = script.Next(2); statement is not null; statement = script.Next(2))
                if (!statement[0].Value.StartsWith(':'))
                    return Beginnings.Any(statement[0].Is) && statement[1] is { Kind: CypherKind.Name } or { Value: "(" or "[" };
        }
        catch (KalmException)
        {
            // No text.
        }
        return false;
    }
}
