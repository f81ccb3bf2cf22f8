using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>A graph drawn from a seed, with names that file formats trip over, and what it is in each format, written here without any of
/// the library's code.</summary>
internal sealed class AwkwardGraph
{
    private static readonly string[] Parts =
    [
        "plain", "two words", "a, b", "\"quoted\"", "semi;colon", "it's", "<b>&amp;</b>", "back\\slash", "{brace}", "[x]", "#hash", "0", "-1",
        "null", "true", "1e400", "123456789012345678901234567890", "北京", "مدينة", "Ωμέγα", "🜁 fire", "ÅÄÖ", "a|b", "a:b", "per%20cent", "''",
    ];

    private static readonly string[] RelationNames = ["lives in", "WORKS_FOR", "is, \"part\" of", "相邻"];

    private AwkwardGraph(List<string> names, List<string> texts, List<(int Head, string Relation, int Tail, int Since)> facts) =>
        (Names, Texts, Facts) = (names, texts, facts);

    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<string> Texts { get; }

    public IReadOnlyList<(int Head, string Relation, int Tail, int Since)> Facts { get; }

    public static AwkwardGraph Of(int seed)
    {
        var random = new Random(seed);
        var names = Enumerable.Range(0, 12 + random.Next(20)).Select(index => $"{Parts[random.Next(Parts.Length)]} {index}").ToList();
        var texts = names.Select(name => $"{Parts[random.Next(Parts.Length)]}, \"{name}\"\nsecond line; end").ToList();
        var facts = new HashSet<(int Head, string Relation, int Tail)>();
        for (var index = 0; index < names.Count; index++)
            for (var time = random.Next(1, 4); time > 0; time--)
                facts.Add((index, RelationNames[random.Next(RelationNames.Length)], random.Next(names.Count)));
        return new AwkwardGraph(names, texts,
            [.. facts.Select((fact, index) => (fact.Head, fact.Relation, fact.Tail, 1900 + index))]);
    }

    /// <summary>Fails unless a graph holds the same facts, by names, each with the year since when.</summary>
    public void AssertRead(KnowledgeGraph graph, bool hasYears = true)
    {
        Assert.Equal(Names.Count, graph.Entities.Count);
        Assert.Equal(
            Facts.Select(fact => (Names[fact.Head], fact.Relation, Names[fact.Tail], hasYears ? $"{fact.Since}" : "")).Order(),
            graph.Train.Select(fact => (graph.Entities[fact.Head].Name, graph.Relations[fact.Relation].Id, graph.Entities[fact.Tail].Name,
                hasYears ? graph.FactAttributes.Of(fact).Single(attribute => attribute.Name == "since").Value : "")).Order());
    }

    /// <summary>Fails unless a graph holds the descriptions, each on one line.</summary>
    public void AssertTexts(KnowledgeGraph graph) => Assert.Equal(
        Texts.Select(text => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).Order(StringComparer.Ordinal),
        graph.Entities.Select(entity => string.Join(' ', entity.Description.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
            .Order(StringComparer.Ordinal));

    public string JsonList() => new JsonArray([.. Facts.Select(fact => (JsonNode)new JsonObject
    {
        ["predicate"] = fact.Relation, ["object"] = Names[fact.Tail], ["since"] = fact.Since, ["subject"] = Names[fact.Head],
    })]).ToJsonString();

    public string JsonLines() => string.Concat(Facts.Select(fact => new JsonObject
    {
        ["head"] = new JsonObject { ["id"] = $"Q{fact.Head}", ["name"] = Names[fact.Head], ["description"] = Texts[fact.Head] },
        ["relation"] = fact.Relation,
        ["tail"] = new JsonObject { ["id"] = $"Q{fact.Tail}", ["name"] = Names[fact.Tail], ["description"] = Texts[fact.Tail] },
        ["since"] = fact.Since,
    }.ToJsonString() + "\n"));

    public string JsonRows() => string.Concat(new[] { "[\"head\",\"relation\",\"tail\",\"since\"]\n" }.Concat(Facts.Select(
        fact => JsonSerializer.Serialize(new object[] { Names[fact.Head], fact.Relation, Names[fact.Tail], fact.Since }) + "\n")));

    public string NodeLink() => new JsonObject
    {
        ["directed"] = true,
        ["links"] = new JsonArray([.. Facts.Select(fact => (JsonNode)new JsonObject
        {
            ["source"] = fact.Head, ["target"] = fact.Tail, ["key"] = 0, ["relation"] = fact.Relation, ["since"] = fact.Since,
        })]),
        ["nodes"] = new JsonArray([.. Names.Select((name, index) => (JsonNode)new JsonObject
        {
            ["id"] = index, ["name"] = name, ["summary"] = Texts[index],
        })]),
    }.ToJsonString();

    public (string Nodes, string Edges) Neo4jTables() => (
        "id:ID,name:string,description,:LABEL\n" + string.Concat(Names.Select((name, index) => Row($"{index}", name, Texts[index], "Thing;Any"))),
        ":START_ID,:END_ID,:TYPE,since:int\n" + string.Concat(Facts.Select(fact => Row($"{fact.Head}", $"{fact.Tail}", fact.Relation, $"{fact.Since}"))));

    public string ApocTable() => "_id,_labels,name,description,_start,_end,_type,since\n"
        + string.Concat(Facts.Take(3).Select(fact => Row("", "", "", "", $"{fact.Head}", $"{fact.Tail}", fact.Relation, $"{fact.Since}")))
        + string.Concat(Names.Select((name, index) => Row($"{index}", ":Thing:Any", name, Texts[index], "", "", "", "")))
        + string.Concat(Facts.Skip(3).Select(fact => Row("", "", "", "", $"{fact.Head}", $"{fact.Tail}", fact.Relation, $"{fact.Since}")));

    public string ApocJson()
    {
        IEnumerable<JsonObject> nodes = Names.Select((name, index) => new JsonObject
        {
            ["type"] = "node", ["id"] = $"{index}", ["labels"] = new JsonArray("Thing", "Any"),
            ["properties"] = new JsonObject { ["name"] = name, ["description"] = Texts[index] },
        });
        var edges = Facts.Select((fact, index) => new JsonObject
        {
            ["id"] = $"{index}", ["type"] = "relationship", ["label"] = fact.Relation, ["properties"] = new JsonObject { ["since"] = fact.Since },
            ["start"] = new JsonObject { ["id"] = $"{fact.Head}" }, ["end"] = new JsonObject { ["id"] = $"{fact.Tail}" },
        }).ToList();
        return string.Concat(edges.Take(2).Concat(nodes).Concat(edges.Skip(2)).Select(line => line.ToJsonString() + "\n"));
    }

    public string GraphMl() => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">"
        + "<key id=\"k0\" for=\"node\" attr.name=\"name\"/><key id=\"k1\" for=\"node\" attr.name=\"description\"/>"
        + "<key id=\"k2\" for=\"edge\" attr.name=\"relation\"/><key id=\"k3\" for=\"edge\" attr.name=\"since\" attr.type=\"int\"/>"
        + "<graph edgedefault=\"directed\">\n"
        + string.Concat(Names.Select((name, index) => $"<node id=\"n{index}\"><data key=\"k0\">{Xml(name)}</data><data key=\"k1\">{Xml(Texts[index])}</data></node>\n"))
        + string.Concat(Facts.Select((fact, index) => $"<edge id=\"e{index}\" source=\"n{fact.Head}\" target=\"n{fact.Tail}\">"
            + $"<data key=\"k2\">{Xml(fact.Relation)}</data><data key=\"k3\">{fact.Since}</data></edge>\n"))
        + "</graph></graphml>\n";

    public string Gml() => "Creator \"a program\"\ngraph [\n  directed 1\n"
        + string.Concat(Names.Select((name, index) => $"  node [\n    id {index}\n    name \"{Gml(name)}\"\n    description \"{Gml(Texts[index])}\"\n  ]\n"))
        + string.Concat(Facts.Select(fact => $"  edge [ source {fact.Head} target {fact.Tail} label \"{Gml(fact.Relation)}\" since {fact.Since} ]\n"))
        + "]\n";

    public string Cypher() => ":begin\nCREATE CONSTRAINT FOR (node:`UNIQUE IMPORT LABEL`) REQUIRE (node.`UNIQUE IMPORT ID`) IS UNIQUE;\n:commit\n"
        + $"UNWIND [{string.Join(", ", Names.Select((name, index) => $"{{_id:{index}, properties:{{name:{Cypher(name)}, description:{Cypher(Texts[index])}}}}}"))}] AS row\n"
        + "CREATE (n:`UNIQUE IMPORT LABEL`{`UNIQUE IMPORT ID`: row._id}) SET n += row.properties SET n:Thing:Any;\n"
        + string.Concat(Facts.Select(fact => $"MATCH (a:`UNIQUE IMPORT LABEL`{{`UNIQUE IMPORT ID`: {fact.Head}}}), (b {{`UNIQUE IMPORT ID`: {fact.Tail}}})\n"
            + $"CREATE (a)-[r:`{fact.Relation.Replace("`", "``", StringComparison.Ordinal)}` {{since: {fact.Since}}}]->(b);\n"))
        + "MATCH (n:`UNIQUE IMPORT LABEL`) WITH n LIMIT 20000 REMOVE n:`UNIQUE IMPORT LABEL` REMOVE n.`UNIQUE IMPORT ID`;\n";

    private static string Cypher(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    private static string Row(params IEnumerable<string> fields) => string.Join(',', fields.Select(field =>
        field.AsSpan().IndexOfAny(",\"\n") >= 0 ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field)) + "\n";

    private static string Xml(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Gml(string text)
    {
        var written = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
            written.Append(rune.IsAscii && rune.Value is not ('&' or '"') ? rune.ToString()
                : string.Create(CultureInfo.InvariantCulture, $"&#{rune.Value};"));
        return written.ToString();
    }
}
