using System.Text;
using Kalm.Graph.Readers;
using Kalm.Graph.Readers.Rdf;

namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>A statement that lasts.</summary>
internal sealed record StoredStatement(StoredTerm Subject, string Predicate, StoredTerm Object, StoredTerm? Graph, int Line)
{
    /// <summary>The statement as N-Quads, for people.</summary>
    public override string ToString() =>
        $"{Show(Subject)} <{Predicate}> {Show(Object)}{(Graph is null ? "" : " " + Show(Graph))} .";

    private static string Show(StoredTerm term) => term.Kind switch
    {
        TermKind.Iri => $"<{term.Value}>",
        TermKind.Blank => $"_:{term.Value}",
        TermKind.Triple => $"<< {Show(term.Triple!.Subject)} {Show(term.Triple.Predicate)} {Show(term.Triple.Object)} >>",
        _ when term.Language.Length > 0 => $"\"{term.Value}\"@{term.Language}",
        _ => $"\"{term.Value}\"" + (term.Datatype.Length > 0 ? $"^^<{term.Datatype}>" : ""),
    };
}

/// <summary>Reads texts by the parsers alone.</summary>
internal static class RdfReading
{
    /// <summary>The statements of a text.</summary>
    /// <param name="format">The key of its format.</param>
    /// <param name="text">The text.</param>
    /// <param name="baseIri">What relative IRIs are resolved against.</param>
    /// <param name="bad">Takes faults; null lets the first end the reading.</param>
    public static IReadOnlyList<StoredStatement> Read(
        string format, string text, string baseIri = "", Action<Place, string>? bad = null) =>
        Read(format, "file", Encoding.UTF8.GetBytes(text), baseIri, bad);

    /// <summary>The statements of a file.</summary>
    public static IReadOnlyList<StoredStatement> Read(
        string format, string name, byte[] bytes, string baseIri = "", Action<Place, string>? bad = null)
    {
        var sink = new Collector();
        var file = new GraphFile(name, name, () => new MemoryStream(bytes, writable: false));
        RdfFormat.All.Single(item => item.Key == format).Open(new RdfInput(file, sink) { Base = baseIri, Bad = bad }).Read();
        return sink.Statements;
    }

    /// <summary>The statements as lines of N-Quads, in order.</summary>
    public static string[] Lines(string format, string text, string baseIri = "") =>
        [.. Read(format, text, baseIri).Select(statement => statement.ToString())];

    /// <summary>What is wrong with a text.</summary>
    public static string Fault(string format, string text) =>
        Assert.Throws<KalmException>(() => Read(format, text)).Message;

    private sealed class Collector : IRdfSink
    {
        public List<StoredStatement> Statements { get; } = [];

        public void Take(in RdfStatement statement) => Statements.Add(new StoredStatement(
            statement.Subject.Store(), statement.Predicate.ToString(), statement.Object.Store(),
            statement.Graph.Kind == TermKind.None ? null : statement.Graph.Store(), statement.Line));
    }
}
