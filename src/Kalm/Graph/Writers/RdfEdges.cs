using System.Globalization;
using System.Text;
using Kalm.Graph.Readers;

namespace Kalm.Graph.Writers;

/// <summary>N-Triples and Turtle (W3C): each fact, and a statement about it (rdf:Statement) that bears its figures; names as rdfs:label. Ids
/// that are no IRIs become urn:kalm:entity:ID and urn:kalm:relation:ID.</summary>
internal static class RdfEdges
{
    private const string Rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    private const string Rdfs = "http://www.w3.org/2000/01/rdf-schema#";
    private const string Own = "urn:kalm:";
    private const string Xsd = "http://www.w3.org/2001/XMLSchema#";

    /// <summary>Writes N-Triples.</summary>
    public static void WriteNTriples(TextWriter writer, EdgeSource source, IEnumerable<ScoredEdge> edges) =>
        Write(writer, source, edges, prefix => (name, end) => $"<{prefix}{name}{end}>");

    /// <summary>Writes Turtle.</summary>
    public static void WriteTurtle(TextWriter writer, EdgeSource source, IEnumerable<ScoredEdge> edges)
    {
        writer.WriteLine($"@prefix rdf: <{Rdf}> .\n@prefix rdfs: <{Rdfs}> .\n@prefix kalm: <{Own}> .\n@prefix xsd: <{Xsd}> .\n");
        Write(writer, source, edges, prefix => (name, end) => prefix switch
        {
            Rdf => $"rdf:{name}{end}",
            Rdfs => $"rdfs:{name}{end}",
            Xsd => $"xsd:{name}{end}",
            _ => $"kalm:{name}{end}",
        });
    }

    private static void Write(
        TextWriter writer, EdgeSource source, IEnumerable<ScoredEdge> edges, Func<string, Func<string, string, string>> spell)
    {
        var (rdf, rdfs, own, xsd) = (spell(Rdf), spell(Rdfs), spell(Own), spell(Xsd));
        var graph = source.Graph;
        var (named, number) = (new HashSet<string>(), 0);
        foreach (var edge in edges)
        {
            var head = Named("entity", graph.Entities[edge.Fact.Head].Id, graph.Entities[edge.Fact.Head].Name);
            var relation = Named("relation", graph.Relations[edge.Fact.Relation].Id, graph.Relations[edge.Fact.Relation].Text);
            var tail = Named("entity", graph.Entities[edge.Fact.Tail].Id, graph.Entities[edge.Fact.Tail].Name);
            var statement = $"_:e{++number}";
            writer.WriteLine($"{head} {relation} {tail} .");
            writer.WriteLine($"{statement} {rdf("type", "")} {rdf("Statement", "")} .");
            writer.WriteLine($"{statement} {rdf("subject", "")} {head} .");
            writer.WriteLine($"{statement} {rdf("predicate", "")} {relation} .");
            writer.WriteLine($"{statement} {rdf("object", "")} {tail} .");
            Figure("score", EdgeFormats.Number(edge.Score), "double");
            Figure("probability", EdgeFormats.Number(edge.Probability), "double");
            Figure("rank", edge.Rank.ToString(CultureInfo.InvariantCulture), "integer");
            writer.WriteLine($"{statement} {own("evidence", "")} {Literal(edge.Evidence)} .");
            writer.WriteLine($"{statement} {own("model", "")} {Literal(source.Model)} .");

            void Figure(string name, string value, string type) =>
                writer.WriteLine($"{statement} {own(name, "")} \"{value}\"^^{xsd(type, "")} .");
        }

        string Named(string kind, string id, string name)
        {
            var iri = $"<{(ReadableId.IsIri(id) ? Escaped(id) : $"{Own}{kind}:{Uri.EscapeDataString(id)}")}>";
            if (named.Add(iri))
                writer.WriteLine($"{iri} {rdfs("label", "")} {Literal(name)} .");
            return iri;
        }
    }

    private static string Escaped(string iri)
    {
        var text = new StringBuilder(iri.Length);
        foreach (var character in iri)
            if (character <= ' ' || "<>\"{}|^`\\".Contains(character, StringComparison.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}");
            else
                text.Append(character);
        return text.ToString();
    }

    private static string Literal(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)}\"";
}
