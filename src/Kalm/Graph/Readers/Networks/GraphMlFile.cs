using System.Text;

namespace Kalm.Graph.Readers.Networks;

/// <summary>GraphML, as networkx, yEd, Gephi, igraph and Neo4j's APOC write it.</summary>
internal sealed class GraphMlFile : IGraphReader
{
    private static readonly string[] Endings = [".graphml", ".xml", ".graphmlz"];

    /// <inheritdoc/>
    public string Key => "graphml";

    /// <inheritdoc/>
    public string Name => "GraphML";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        GraphFile[] found = [.. files.Files.Where(file => (files.IsSingle || Endings.Contains(file.Ending)) && IsGraphMl(file.Head))];
        return found.Length == 0 ? null : new Recognition(Certainty.Certain, found, $"{found[0].Shown}: an element graphml");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        if (found.Files.Count > 1)
            throw new KalmException($"{files.Path}: holds {found.Files.Count} GraphML files, "
                + $"{string.Join(", ", found.Files.Select(file => file.Shown))}, whose ids are their own; expected one, given by its path");
        new GraphMlReading(found.Files[0], graph).Read();
        graph.NameOfId ??= ReadableId.OfEntity;
    }

    private static bool IsGraphMl(ReadOnlySpan<byte> head)
    {
        var encoding = head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) ? Encoding.Unicode
            : head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? Encoding.BigEndianUnicode : Encoding.UTF8;
        var text = encoding.GetString(head).AsSpan().TrimStart('\uFEFF').TrimStart();
        return text.StartsWith("<") && (text.Contains("<graphml", StringComparison.Ordinal) || text.Contains(":graphml",
            StringComparison.Ordinal));
    }
}
