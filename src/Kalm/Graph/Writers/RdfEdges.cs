namespace Kalm.Graph.Writers;

/// <summary>N-Triples and Turtle (W3C): each fact, and a statement about it (rdf:Statement) that bears its figures, if it has any; names
/// as rdfs:label. Ids that are no IRIs become urn:kalm:entity:ID and urn:kalm:relation:ID.</summary>
internal static class RdfEdges
{
    private const string Rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    private const string Rdfs = "http://www.w3.org/2000/01/rdf-schema#";
    private const string Own = KalmIris.Namespace;
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
            var head = Named("entity", source.Entity(edge.Fact.Head).Id, source.Entity(edge.Fact.Head).Name);
            var relation = Named("relation", graph.Relations[edge.Fact.Relation].Id, graph.Relations[edge.Fact.Relation].Text);
            var tail = Named("entity", source.Entity(edge.Fact.Tail).Id, source.Entity(edge.Fact.Tail).Name);
            var statement = $"_:e{++number}";
            writer.WriteLine($"{head} {relation} {tail} .");
            writer.WriteLine($"{statement} {rdf("type", "")} {rdf("Statement", "")} .");
            writer.WriteLine($"{statement} {rdf("subject", "")} {head} .");
            writer.WriteLine($"{statement} {rdf("predicate", "")} {relation} .");
            writer.WriteLine($"{statement} {rdf("object", "")} {tail} .");
            Figure("score", EdgeFormats.Number(edge.Score), "double");
            Figure("probability", EdgeFormats.Number(edge.Probability), "double");
            Figure("rank", EdgeFormats.Number(edge.Rank), "integer");
            writer.WriteLine($"{statement} {own("evidence", "")} {Literal(edge.Evidence)} .");
            writer.WriteLine($"{statement} {own("model", "")} {Literal(source.Model)} .");

            void Figure(string name, string value, string type)
            {
                if (value.Length > 0)
                    writer.WriteLine($"{statement} {own(name, "")} \"{value}\"^^{xsd(type, "")} .");
            }
        }

        string Named(string kind, string id, string name)
        {
            var iri = $"<{(KalmIris.IsPlainIri(id) ? id : kind == "entity" ? KalmIris.OfEntity(id) : KalmIris.OfRelation(id))}>";
            if (named.Add(iri))
                writer.WriteLine($"{iri} {rdfs("label", "")} {Literal(name)} .");
            return iri;
        }
    }

    private static string Literal(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)}\"";
}
