using System.Text;
using Kalm.Graph.Readers.Records;

namespace Kalm.Graph.Readers.Networks;

/// <summary>GML, the Graph Modelling Language, as networkx, igraph, yEd and Gephi write it.</summary>
internal sealed class GmlFile : IGraphReader
{
    private const int Deepest = 64;

    // What networkx puts before a list of one.
    private const string ListStart = "_networkx_list_start";

    /// <inheritdoc/>
    public string Key => "gml";

    /// <inheritdoc/>
    public string Name => "GML";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var encoding = new GraphBuilder(options).Encoding;
        GraphFile[] found = [.. files.Files.Where(file => (files.IsSingle || file.Ending == ".gml") && IsGml(file, encoding))];
        return found.Length == 0 ? null : new Recognition(Certainty.Certain, found, $"{found[0].Shown}: graph [ node [");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        if (found.Files.Count > 1)
            throw new KalmException($"{files.Path}: holds {found.Files.Count} GML files, "
                + $"{string.Join(", ", found.Files.Select(file => file.Shown))}, whose ids are their own; expected one, given by its path");
        var file = found.Files[0];
        var (about, nodes) = (new NodeProperties(graph, file.Shown), new DeclaredNodes(graph, file.Shown));
        var edges = new NetworkEdges(graph, file.Shown, nodes);
        using (var tokens = new GmlTokens(file, graph.Encoding))
            Read(tokens, file, graph, new Sink(AddNode, AddEdge));
        about.Finish();
        edges.Finish();
        nodes.Finish();
        graph.NameOfId ??= ReadableId.OfEntity;

        void AddNode(List<Property> properties, Place place)
        {
            if (Take(properties, "id") is not { } id || id.AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
            {
                graph.Bad(place, "a node without an id on one line; expected id");
                return;
            }
            var entity = graph.Entities.FindOrAdd(id, out _);
            nodes.Declare(entity, place);
            about.Set(entity, properties);
        }

        void AddEdge(List<Property> properties, Place place)
        {
            if (Take(properties, "source") is not { } source || Take(properties, "target") is not { } target)
                graph.Bad(place, "an edge without source or target; expected both");
            else
                edges.Add(source, target, Take(properties, "key") ?? Take(properties, "id"), properties, place);
        }
    }

    private static void Read(GmlTokens tokens, GraphFile file, GraphBuilder graph, Sink sink)
    {
        var (path, properties, place) = (new List<string>(), new List<Property>(), default(Place));
        var (graphs, isDirected) = (0, false);
        for (var token = tokens.Next(); token != GmlToken.End; token = tokens.Next())
        {
            if (token == GmlToken.Close)
            {
                if (path.Count == 0)
                    throw tokens.Fault("']' without a '[' before it; expected a key");
                if (path is ["graph", "node"])
                    sink.Node(properties, place);
                else if (path is ["graph", "edge"])
                    sink.Edge(properties, place);
                path.RemoveAt(path.Count - 1);
                continue;
            }
            if (token != GmlToken.Word)
                throw tokens.Fault($"{(token == GmlToken.Open ? "'['" : $"'{tokens.Value}'")} in the place of a key; expected a key and "
                    + "its value");
            var key = tokens.Value;
            token = tokens.Next();
            if (token is GmlToken.Close or GmlToken.End)
                throw tokens.Fault($"key '{key}' without a value; expected a number, a text in quotes or a list");
            if (token != GmlToken.Open)
                Value(key);
            else
                Begin(key);
        }
        if (path.Count > 0)
            throw file.Fault($"ends within the list '{path[^1]}'; expected a ']' for every '['");
        if (!isDirected)
            graph.Used(file.Shown, "'directed'", "edges without a direction, read once, from source to target");

        void Begin(string key)
        {
            if (path.Count >= Deepest)
                throw tokens.Fault($"lists in lists, more than {Deepest} deep; expected fewer");
            path.Add(key);
            if (path is ["graph"] && ++graphs > 1)
                throw tokens.Fault("a second graph, whose ids are its own; expected one graph");
            if (path is ["graph", "node" or "edge"])
            {
                properties.Clear();
                place = new Place(file.Shown, tokens.Line);
            }
        }

        void Value(string key)
        {
            if (path is ["graph"] && key == "directed")
                isDirected = tokens.Value == "1";
            if (path.Count < 2 || path[0] != "graph" || path[1] is not ("node" or "edge") || tokens.Value == ListStart)
                return;
            if (path.Count > 2 && path[2].EndsWith("raphics", StringComparison.Ordinal))
                graph.Used(file.Shown, $"'{path[2]}'", "drawing, left out");
            else
                properties.Add(new Property(path.Count == 2 ? key : $"{string.Join('.', path.Skip(2))}.{key}", tokens.Value));
        }
    }

    private static string? Take(List<Property> properties, string key)
    {
        var index = properties.FindIndex(property => property.Key == key && !string.IsNullOrWhiteSpace(property.Value));
        if (index < 0)
            return null;
        var value = properties[index].Value;
        properties.RemoveAt(index);
        return value;
    }

    // Comments and what the program says of itself may stand before the graph.
    private static bool IsGml(GraphFile file, Encoding? encoding)
    {
        var head = file.Head.ToArray();
        try
        {
            using var tokens = new GmlTokens(new GraphFile(file.Name, file.Shown, () => new MemoryStream(head)), encoding);
            while (tokens.Next() == GmlToken.Word)
            {
                var key = tokens.Value;
                var value = tokens.Next();
                if (key == "graph" && value == GmlToken.Open)
                    return tokens.Next() is GmlToken.Word or GmlToken.Close;
                if (value is not (GmlToken.Number or GmlToken.Text))
                    return false;
            }
        }
        catch (KalmException)
        {
            // No text.
        }
        return false;
    }

    /// <summary>Takes nodes and edges.</summary>
    private sealed record Sink(Action<List<Property>, Place> Node, Action<List<Property>, Place> Edge);
}
