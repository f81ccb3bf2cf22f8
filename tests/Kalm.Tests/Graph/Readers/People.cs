using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>A graph of 46 entities, 3 relations and 68 facts, to be written in every format and read back.</summary>
internal static class People
{
    public static IReadOnlyList<(string Head, string Relation, string Tail)> Facts { get; } =
    [
        .. Enumerable.Range(0, 30).Select(person => ($"Person {person}", "lives in", $"City {person % 8}")),
        .. Enumerable.Range(0, 30).Select(person => ($"Person {person}", "works for", $"Firm {person * 3 % 8}")),
        .. Enumerable.Range(0, 8).Select(firm => ($"Firm {firm}", "is based in", $"City {firm * 5 % 8}")),
    ];

    /// <summary>Lines of the facts, each written by a function.</summary>
    public static string Lines(Func<(string Head, string Relation, string Tail), string> write, string end = "\n") =>
        string.Concat(Facts.Select(fact => write(fact) + end));

    /// <summary>Fails unless the graph holds these facts, by names, and nothing else.</summary>
    public static void AssertRead(KnowledgeGraph graph)
    {
        Assert.Equal((46, 3), (graph.Entities.Count, graph.RelationCount));
        var read = graph.Train.Concat(graph.Valid).Concat(graph.Test).Select(triple => (
            graph.Entities[triple.Head].Name, graph.Relations[triple.Relation].Text, graph.Entities[triple.Tail].Name));
        Assert.Equal(Facts.Order(), read.Order());
    }
}
