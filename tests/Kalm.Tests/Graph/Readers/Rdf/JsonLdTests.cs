namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>JSON-LD, as people write it: contexts in the file, compacted or not.</summary>
public sealed class JsonLdTests
{
    private const string Context = """
        "@context": {
          "e": "http://e/", "xsd": "http://www.w3.org/2001/XMLSchema#", "id": "@id", "type": "@type",
          "name": "e:name", "knows": { "@id": "e:knows", "@type": "@id" }, "born": { "@id": "e:born", "@type": "xsd:date" },
          "title": { "@id": "e:title", "@language": "en" }, "label": { "@id": "e:label", "@container": "@language" },
          "steps": { "@id": "e:steps", "@container": "@list" }, "tags": { "@id": "e:tags", "@container": "@set" },
          "kind": { "@id": "e:kind", "@type": "@vocab" }, "parentOf": { "@reverse": "e:childOf" }, "nothing": null
        }
        """;

    [Theory]
    [InlineData("\"name\": \"Ann\"", "<http://e/name> \"Ann\"")]
    [InlineData("\"knows\": \"http://x/b\"", "<http://e/knows> <http://x/b>")]
    [InlineData("\"knows\": [\"e:b\", {\"@id\": \"e:c\"}]", "<http://e/knows> <http://e/b>|<http://e/knows> <http://e/c>")]
    [InlineData("\"born\": \"1990-01-02\"", "<http://e/born> \"1990-01-02\"^^<http://www.w3.org/2001/XMLSchema#date>")]
    [InlineData("\"title\": \"Potter\"", "<http://e/title> \"Potter\"@en")]
    [InlineData("\"label\": {\"de\": [\"a\", \"b\"], \"@none\": \"c\"}",
        "<http://e/label> \"a\"@de|<http://e/label> \"b\"@de|<http://e/label> \"c\"")]
    [InlineData("\"tags\": \"x\"", "<http://e/tags> \"x\"")]
    [InlineData("\"kind\": \"name\"", "<http://e/kind> <http://e/name>")]
    [InlineData("\"e:n\": [1, 2.5, true, null]", "<http://e/n> \"1\"^^<http://www.w3.org/2001/XMLSchema#integer>|<http://e/n> \"2.5\"^^"
        + "<http://www.w3.org/2001/XMLSchema#double>|<http://e/n> \"true\"^^<http://www.w3.org/2001/XMLSchema#boolean>")]
    [InlineData("\"e:v\": {\"@value\": \"x\", \"@language\": \"fr\"}", "<http://e/v> \"x\"@fr")]
    [InlineData("\"e:v\": {\"@value\": \"7\", \"type\": \"xsd:byte\"}", "<http://e/v> \"7\"^^<http://www.w3.org/2001/XMLSchema#byte>")]
    [InlineData("\"e:v\": {\"@value\": null}", "")]
    [InlineData("\"type\": [\"e:T\", \"http://x/U\"]", "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e/T>|"
        + "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/U>")]
    [InlineData("\"nothing\": 1, \"unknown\": 2", "")]
    public void Values_are_what_the_context_makes_of_them(string property, string expected)
    {
        var lines = RdfReading.Lines("json-ld", $"{{{Context}, \"id\": \"e:a\", {property}}}");
        Assert.Equal(expected.Length == 0 ? [] : expected.Split('|').Select(line => $"<http://e/a> {line} ."), lines);
    }

    [Fact]
    public void Nodes_within_nodes_lists_and_reversed_properties_are_statements()
    {
        const string Text = "{" + Context + """
            , "id": "e:a", "e:has": { "name": "x", "e:has": {"id": "e:b"} }, "steps": ["one", {"id": "e:c"}], "parentOf": {"id": "e:d"},
            "@reverse": { "knows": [{"id": "e:f"}] }
            }
            """;
        const string Expected = """
            @prefix : <http://e/> .
            :a :has [ :name "x" ; :has :b ] ; :steps ( "one" :c ) . :d :childOf :a . :f :knows :a .
            """;
        Assert.Null(RdfIsomorphism.Difference(RdfReading.Read("turtle", Expected), RdfReading.Read("json-ld", Text)));
    }

    [Theory]
    [InlineData("""
        [{"@id": "http://e/a", "http://e/p": [{"@id": "http://e/b"}]}, {"@id": "http://e/b", "http://e/q": [{"@value": "x"}]}]
        """)]
    [InlineData("""
        {"@context": {"@vocab": "http://e/", "@base": "http://e/"}, "@graph": [{"@id": "a", "p": {"@id": "b"}}, {"@id": "b", "q": "x"}]}
        """)]
    [InlineData("""
        {"@graph": [{"@id": "e:a", "e:p": {"@id": "e:b", "e:q": "x"}}], "@context": [{"e": "http://e/"}, null, {"e": "http://e/"}]}
        """)]
    [InlineData("{\"@context\": {\"p\": {\"@id\": \"http://e/p\", \"@context\": {\"q\": \"http://e/q\"}}}, \"@id\": \"http://e/a\", \"p\": "
        + "{\"@id\": \"http://e/b\", \"q\": \"x\"}}")]
    [InlineData("""{"@id": "http://e/b", "http://e/q": "x"}{"@id": "http://e/a", "http://e/p": {"@id": "http://e/b"}}""")]
    [InlineData("""{"@context": {"g": "@graph", "id": "@id", "e": "http://e/"}, "g": [{"id": "e:a", "e:p": {"id": "e:b", "e:q": "x"}}]}""")]
    public void Documents_of_any_form_are_read(string text) => Assert.Equal(
        ["<http://e/a> <http://e/p> <http://e/b> .", "<http://e/b> <http://e/q> \"x\" ."], RdfReading.Lines("json-ld", text).Order());

    [Fact]
    public void A_graph_with_a_name_names_what_is_in_it_wherever_the_name_stands()
    {
        string[] expected = ["<http://e/a> <http://e/p> \"1\" <http://e/g> .", "<http://e/g> <http://e/date> \"now\" ."];
        Assert.Equal(expected, RdfReading.Lines("json-ld",
            """[{"@graph": [{"@id": "http://e/a", "http://e/p": "1"}], "@id": "http://e/g", "http://e/date": "now"}]""").Order());
        Assert.Equal(expected, RdfReading.Lines("json-ld",
            """{"@id": "http://e/g", "http://e/date": "now", "@graph": {"@id": "http://e/a", "http://e/p": "1"}}""").Order());
    }

    [Fact]
    public void Annotations_are_about_the_triple() => Assert.Equal(
        ["<http://e/a> <http://e/p> <http://e/b> .", "<< <http://e/a> <http://e/p> <http://e/b> >> <http://e/q> \"0.9\" ."],
        RdfReading.Lines("json-ld",
            """{"@id": "http://e/a", "http://e/p": {"@id": "http://e/b", "@annotation": {"http://e/q": "0.9"}}}"""));

    [Theory]
    [InlineData("{\"@context\": \"https://schema.org\", \"@id\": \"x:a\"}",
        "file(1): context 'https://schema.org' lies outside the file, and nothing is downloaded; expected its terms in @context")]
    [InlineData("[\n{\"@id\": \"x:a\"},\n{\"@context\": [{\"a\": \"x:a\"}, \"c.jsonld\"], \"a\": 1}]",
        "file(3): context 'c.jsonld' lies outside the file, and nothing is downloaded; expected its terms in @context")]
    [InlineData("{\"@context\": {\"@import\": \"c.jsonld\"}, \"@id\": \"x:a\"}",
        "file(1): context 'c.jsonld' lies outside the file, and nothing is downloaded; expected its terms in @context")]
    [InlineData("{\"@context\": {\"a\": \"b:c\", \"b\": \"a:d\"}, \"@id\": \"x:a\"}",
        "file(1): term 'a' of the context is defined by itself, or by too many others; expected an IRI at the end")]
    [InlineData("\n[{\"@id\": 1}]", "file(2): found the number 1 as @id; expected a text")]
    [InlineData("[1]", "file(1): found the number 1; expected a node, an object")]
    [InlineData("{\"@id\": \"\\ud800\"}", "file(1): found a text that is not of Unicode; expected UTF-8, and escapes of whole characters")]
    public void Faults_name_line_found_and_expected(string text, string message) =>
        Assert.Equal(message, RdfReading.Fault("json-ld", text));

    [Fact]
    public void Broken_JSON_is_told_by_its_line() =>
        Assert.StartsWith("file(3): found no JSON: ", RdfReading.Fault("json-ld", "[\n{\"@id\": \"x:a\"},\n{\"@id\": }]"));

    [Fact]
    public void Behind_a_fault_the_next_node_is_read()
    {
        var faults = new List<string>();
        var found = RdfReading.Read("json-ld",
            "{\"@graph\": [\n{\"@id\": \"x:a\", \"x:p\": 1},\n{\"@id\": 2},\n{\"@id\": \"x:b\", \"x:p\": 1}]}",
            bad: (place, _) => faults.Add($"{place}"));
        Assert.Equal(["x:a", "x:b"], found.Select(item => item.Subject.Value));
        Assert.Equal(["file(3)"], faults);
    }

    [Fact]
    public void Nodes_larger_than_what_is_read_at_once_are_read_whole()
    {
        var text = new string('x', 300_000);
        var found = RdfReading.Read("json-ld",
            $"{{\"@graph\": [\n{{\"@id\": \"x:a\", \"x:p\": [\"{text}\", \"{text}\"]}}\n,\n\n{{\"@id\": \"x:b\", \"x:p\": 1}}]}}");
        Assert.Equal([2, 2, 5], found.Select(item => item.Line));
        Assert.Equal(text, found[1].Object.Value);
    }
}
