using System.Text;
using System.Xml;
using Kalm.Graph.Readers.Records;

namespace Kalm.Graph.Readers.Networks;

/// <summary>Reads one GraphML file, element by element. Graphs in nodes are read as part of the whole.</summary>
/// <param name="file">The file.</param>
/// <param name="graph">Takes what it holds.</param>
internal sealed class GraphMlReading(GraphFile file, GraphBuilder graph)
{
    private readonly Dictionary<string, Key> keys = new(StringComparer.Ordinal);
    private readonly Stack<Element> open = new();
    private readonly NodeProperties about = new(graph, file.Shown);
    private readonly DeclaredNodes nodes = new(graph, file.Shown);
    private Key? key;

    private enum Kind
    {
        Node,
        Edge,
    }

    /// <summary>Reads it to its end.</summary>
    /// <exception cref="KalmException">It is no XML.</exception>
    public void Read()
    {
        var edges = new NetworkEdges(graph, file.Shown, nodes);
        using var stream = file.Open();
        // A document type brings nothing that is needed, and could ask for files elsewhere.
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null, IgnoreComments = true };
        try
        {
            using var text = graph.Encoding is null ? null : new StreamReader(stream, graph.Encoding);
            using var xml = text is null ? XmlReader.Create(stream, settings) : XmlReader.Create(text, settings);
            while (xml.Read())
            {
                if (xml.NodeType == XmlNodeType.Element)
                    Begin(xml, edges);
                else if (xml.NodeType == XmlNodeType.EndElement && open.Count > 0 && xml.LocalName is "node" or "edge")
                    End(open.Pop(), edges);
            }
        }
        catch (XmlException problem)
        {
            throw new KalmException(
                $"{new Place(file.Shown, problem.LineNumber)}: not XML, {Shortened(problem.Message)}; expected GraphML", problem);
        }
        catch (DecoderFallbackException problem)
        {
            throw new KalmException($"{file.Shown}: bytes that are not of the encoding; expected a text in it", problem);
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ZstdSharp.ZstdException)
        {
            throw file.Damaged(problem);
        }
        about.Finish();
        edges.Finish();
        nodes.Finish();
    }

    private void Begin(XmlReader xml, NetworkEdges edges)
    {
        var place = new Place(file.Shown, ((IXmlLineInfo)xml).LineNumber);
        switch (xml.LocalName)
        {
            case "key":
                key = new Key(xml["attr.name"] ?? xml["id"] ?? "", xml["for"] ?? "all", xml["yfiles.type"] is not null);
                keys[xml["id"] ?? ""] = key;
                break;
            case "default":
                var text = TextOf(xml, isDrawing: false);
                if (key is not null)
                    key.Default = text;
                break;
            case "graph" when xml["edgedefault"] == "undirected":
                graph.Used(file.Shown, "'edgedefault'", "edges without a direction, read once, from source to target");
                break;
            case "node" or "edge":
                var element = new Element(xml.LocalName == "node" ? Kind.Node : Kind.Edge, xml["id"], xml["source"], xml["target"], place);
                // Neo4j's APOC writes labels and types as attributes.
                if (xml["labels"] is { } labels)
                    element.Properties.Add(new Property("labels", labels));
                if (xml["label"] is { } label)
                    element.Properties.Add(new Property("label", label));
                if (xml.IsEmptyElement)
                    End(element, edges);
                else
                    open.Push(element);
                break;
            case "data":
                AddData(xml);
                break;
            case "desc" when open.TryPeek(out var described):
                described.Properties.Add(new Property("description", TextOf(xml, isDrawing: false)));
                break;
            case "port":
                TextOf(xml, isDrawing: false);
                break;
            case "hyperedge":
                graph.Bad(place, "a hyperedge, which joins more than two nodes; expected edges with source and target");
                TextOf(xml, isDrawing: false);
                break;
        }
    }

    private void AddData(XmlReader xml)
    {
        var id = xml["key"] ?? "";
        if (!keys.TryGetValue(id, out var known))
            known = new Key(id, "all", false);
        var text = TextOf(xml, known.IsDrawing);
        if (!open.TryPeek(out var element))
            return;
        if (known.IsDrawing)
            graph.Used(file.Shown, $"'{id}'", "drawing, of which only the label is read");
        element.Seen.Add(known);
        // Neo4j's APOC says labels and types twice.
        var property = new Property(known.IsDrawing ? "label" : known.Name, text);
        if (!element.Properties.Contains(property))
            element.Properties.Add(property);
    }

    private void End(Element element, NetworkEdges edges)
    {
        foreach (var other in keys.Values)
            if (other.Default is { Length: > 0 } value && !element.Seen.Contains(other)
                && (other.For == "all" || other.For == (element.Kind == Kind.Node ? "node" : "edge")))
                element.Properties.Add(new Property(other.Name, value));
        if (element.Kind == Kind.Node)
            AddNode(element);
        else if (string.IsNullOrWhiteSpace(element.Source) || string.IsNullOrWhiteSpace(element.Target))
            graph.Bad(element.Place, $"an edge without {(string.IsNullOrWhiteSpace(element.Source) ? "source" : "target")}; expected both");
        else
            edges.Add(element.Source, element.Target, element.Id, element.Properties, element.Place);
    }

    private void AddNode(Element element)
    {
        if (string.IsNullOrWhiteSpace(element.Id))
        {
            graph.Bad(element.Place, "a node without id; expected one");
            return;
        }
        var entity = graph.Entities.FindOrAdd(element.Id, out _);
        nodes.Declare(entity, element.Place);
        about.Set(entity, element.Properties);
    }

    // The text in an element; of a drawing that of its first label. Ends at the element's end.
    private static string TextOf(XmlReader xml, bool isDrawing)
    {
        if (xml.IsEmptyElement)
            return "";
        var (text, depth, label) = (new StringBuilder(), xml.Depth, -1);
        while (xml.Read() && !(xml.NodeType == XmlNodeType.EndElement && xml.Depth == depth))
        {
            if (isDrawing && xml.NodeType == XmlNodeType.Element && xml.LocalName is "NodeLabel" or "EdgeLabel" && text.Length == 0)
                label = xml.Depth;
            else if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace
                && (!isDrawing || xml.Depth == label + 1))
                text.Append(xml.Value);
            else if (xml.NodeType == XmlNodeType.EndElement && xml.Depth == label && text.ToString().Trim().Length > 0)
                label = -1;
        }
        return text.ToString().Trim();
    }

    // XmlException ends with the line, which stands before it already.
    private static string Shortened(string message)
    {
        var end = message.LastIndexOf(" Line ", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.', ' ');
    }

    /// <summary>What data may be said.</summary>
    private sealed class Key(string name, string kind, bool isDrawing)
    {
        public string Name { get; } = name;

        public string For { get; } = kind;

        public bool IsDrawing { get; } = isDrawing;

        public string? Default { get; set; }
    }

    /// <summary>A node or an edge that is being read.</summary>
    private sealed record Element(Kind Kind, string? Id, string? Source, string? Target, Place Place)
    {
        public List<Property> Properties { get; } = [];

        public HashSet<Key> Seen { get; } = [];
    }
}
