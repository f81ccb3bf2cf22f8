using System.Text;
using Kalm.Graph.Readers.Rdf;

namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>What the suite has no cases of: entities, encodings, faults and what is behind them.</summary>
public sealed class RdfXmlTests
{
    private const string Start = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:e=\"http://e/\">";
    private const string End = "</rdf:RDF>";

    [Fact]
    public void Entities_of_the_document_stand_for_their_text()
    {
        const string Text = "<?xml version=\"1.0\"?>\n<!DOCTYPE rdf:RDF [\n<!ENTITY rdf \"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
            + "<!ENTITY e \"http://e/\"> <!ENTITY name \"Ann &amp; Bob\">\n]>\n<rdf:RDF xmlns:rdf=\"&rdf;\" xmlns:e=\"&e;\">\n"
            + "<rdf:Description rdf:about=\"&e;a\"><e:p rdf:resource=\"&e;b\"/><e:q>&name;</e:q></rdf:Description>\n</rdf:RDF>";
        Assert.Equal(["<http://e/a> <http://e/p> <http://e/b> .", "<http://e/a> <http://e/q> \"Ann & Bob\" ."],
            RdfReading.Lines("rdf-xml", Text));
    }

    [Theory]
    [InlineData("<!ENTITY x SYSTEM \"file:///etc/passwd\">", "file(1): entity 'x' lies outside the file, where nothing is read; "
        + "expected entities with their text")]
    [InlineData("<!ENTITY % x PUBLIC \"a\" \"http://e/x.dtd\">", "file(1): entity 'x' lies outside the file, where nothing is read; "
        + "expected entities with their text")]
    public void Entities_elsewhere_are_refused(string entity, string message) => Assert.Equal(message,
        RdfReading.Fault("rdf-xml", $"<!DOCTYPE rdf:RDF [{entity}]>{Start}<e:a e:b=\"c\"/>{End}"));

    [Fact]
    public void A_document_type_elsewhere_is_not_looked_for() => Assert.Single(
        RdfReading.Read("rdf-xml", $"<!DOCTYPE rdf:RDF SYSTEM \"http://nowhere.invalid/rdf.dtd\">{Start}<e:a/>{End}"));

    [Fact]
    public void Entities_within_entities_make_no_more_than_a_bound()
    {
        var entities = string.Concat(Enumerable.Range(1, 12).Select(
            level => $"<!ENTITY x{level} \"{string.Concat(Enumerable.Repeat($"&x{level - 1};", 10))}\">"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("expected RDF/XML", RdfReading.Fault("rdf-xml",
            $"<!DOCTYPE rdf:RDF [<!ENTITY x0 \"laughs laughs\">{entities}]>{Start}<e:a><e:b>&x12;</e:b></e:a>{End}"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200L << 20);
    }

    [Fact]
    public void The_encoding_is_the_one_that_the_document_names()
    {
        var text = $"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>{Start}<e:a e:name=\"Dürer\"/>{End}";
        Assert.Contains("Dürer", RdfReading.Read("rdf-xml", "file", Encoding.Latin1.GetBytes(text)).Select(item => item.Object.Value));
        var wide = Encoding.Unicode.GetBytes(text.Replace("iso-8859-1", "utf-16", StringComparison.Ordinal));
        Assert.Contains("Dürer", RdfReading.Read("rdf-xml", "file", [0xFF, 0xFE, .. wide]).Select(item => item.Object.Value));
        Assert.Contains("expected RDF/XML", RdfReading.Fault("rdf-xml", text.Replace("iso-8859-1", "x-none", StringComparison.Ordinal)));
    }

    [Fact]
    public void Markup_is_a_literal_in_its_canonical_form()
    {
        const string Node = "<rdf:Description rdf:about=\"http://e/s\"><e:p rdf:parseType=\"Literal\">a &lt; b &#13;"
            + "<x:i xmlns:x=\"http://x/\" b='1' x:a=\"&quot;\"><e:j/><!--c--></x:i></e:p></rdf:Description>";
        Assert.Equal("a &lt; b &#xD;<x:i xmlns:x=\"http://x/\" b=\"1\" x:a=\"&quot;\"><e:j xmlns:e=\"http://e/\"></e:j><!--c--></x:i>",
            RdfReading.Read("rdf-xml", Start + Node + End).Single().Object.Value);
    }

    [Fact]
    public void Members_of_a_collection_and_nodes_within_each_other_are_statements() => Assert.Null(RdfIsomorphism.Difference(
        RdfReading.Read("turtle", "@prefix : <http://e/> . :a :p ( :b [ a :T ] () ) ; :q [ a :U ; :r \"s\"@fr ] ."),
        RdfReading.Read("rdf-xml", Start + "<rdf:Description rdf:about=\"http://e/a\"><e:p rdf:parseType=\"Collection\">"
            + "<rdf:Description rdf:about=\"http://e/b\"/><e:T/><rdf:Description rdf:about=\"" + RdfNames.Nil + "\"/></e:p>"
            + "<e:q><e:U xml:lang=\"fr\"><e:r>s</e:r></e:U></e:q></rdf:Description>" + End)));

    [Theory]
    [InlineData("<e:a>\n<e:b>text<e:c/></e:b></e:a>",
        "file(2): found the element 'e:c'; expected one node or one text, or rdf:parseType=\"Literal\"")]
    [InlineData("\n\n<e:a>text</e:a>", "file(3): found the text 'text'; expected an element")]
    [InlineData("<a/>", "file(1): found the element 'a' without a namespace; expected one with a prefix")]
    [InlineData("<e:a b=\"c\"/>", "file(1): found the attribute 'b' without a namespace; expected one with a prefix")]
    [InlineData("<e:a rdf:ID=\"x\"/>\n<e:a rdf:ID=\"x\"/>", "file(2): found rdf:ID=\"x\" again; expected an ID once")]
    [InlineData("<e:a>\n<e:b></e:a>", "file(2): found no well-formed XML: The 'e:b' start tag on line 2 position 2 does not match the "
        + "end tag of 'e:a'; expected RDF/XML")]
    public void Faults_name_line_found_and_expected(string content, string message) =>
        Assert.Equal(message, RdfReading.Fault("rdf-xml", Start + content + End));

    [Fact]
    public void Elements_deep_within_each_other_are_refused() => Assert.Equal(
        "file(1): found elements within each other deeper than 256; expected fewer",
        RdfReading.Fault("rdf-xml", Start + string.Concat(Enumerable.Repeat("<e:a><e:b>", 100_000))));

    [Fact]
    public void Behind_a_fault_the_next_node_is_read()
    {
        var faults = new List<string>();
        var found = RdfReading.Read("rdf-xml", Start + Node(1) + "\n<e:a><e:b>x<e:c><e:d>y</e:d></e:c></e:b><e:b/></e:a>\n" + Node(2)
            + "\nstray\n<e:x rdf:li=\"1\"><e:y/></e:x>\n" + Node(3) + End, bad: (place, _) => faults.Add($"{place}"));
        Assert.Equal(["1", "2", "3"], found.Where(item => item.Predicate == "http://e/p").Select(item => item.Object.Value));
        Assert.Equal(["file(2)", "file(3)", "file(5)"], faults);

        static string Node(int number) => $"<rdf:Description rdf:about=\"http://e/{number}\" e:p=\"{number}\"/>";
    }
}
