using System.Text.Json.Nodes;

namespace Kalm.Graph.Writers;

/// <summary>An object a line.</summary>
internal static class JsonEdges
{
    /// <summary>Writes the lines.</summary>
    public static void Write(TextWriter writer, EdgeSource source, IEnumerable<ScoredEdge> edges)
    {
        var graph = source.Graph;
        foreach (var edge in edges)
            writer.WriteLine(new JsonObject
            {
                ["head"] = source.Entity(edge.Fact.Head).Id,
                ["relation"] = graph.Relations[edge.Fact.Relation].Id,
                ["tail"] = source.Entity(edge.Fact.Tail).Id,
                ["score"] = edge.Score,
                ["probability"] = edge.Probability,
                ["rank"] = edge.Rank,
                ["evidence"] = edge.Evidence,
                ["model"] = source.Model,
            }.ToJsonString());
    }
}
