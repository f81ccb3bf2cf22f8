using Kalm.Graph.Readers.Rdf;

namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>What the suites have no cases of: quoted triples, graphs, lines, faults and what is behind them.</summary>
public sealed class TurtleTests
{
    private const string Prefixes = "@prefix : <http://e/> .\n";
    private const string Fact = "<http://e/s> <http://e/p> <http://e/o>";

    [Theory]
    [InlineData("ntriples", Fact + " .\n<< " + Fact + " >> <http://e/q> \"0.9\" .")]
    [InlineData("ntriples", "<http://e/s><http://e/p><http://e/o>.\n<<<http://e/s><http://e/p><http://e/o>>><http://e/q>\"0.9\".")]
    [InlineData("turtle", Prefixes + ":s :p :o . << :s :p :o >> :q \"0.9\" .")]
    [InlineData("turtle", Prefixes + ":s :p :o {| :q \"0.9\" |} .")]
    [InlineData("turtle", Prefixes + "<<:s :p :o>>:q'0.9'.:s :p :o.")]
    public void What_is_said_of_a_triple_has_it_as_its_subject(string format, string text)
    {
        string[] expected = [$"{Fact} .", $"<< {Fact} >> <http://e/q> \"0.9\" ."];
        Assert.Equal(expected.Order(), RdfReading.Lines(format, text).Order());
    }

    [Fact]
    public void Triples_may_be_quoted_within_each_other_and_as_objects()
    {
        Assert.Equal(["<< << <http://e/a> <http://e/b> _:c >> <http://e/d> \"e\"@en >> <http://e/f> << <http://e/g> <http://e/h> \"1\"^^"
            + "<http://www.w3.org/2001/XMLSchema#integer> >> ."],
            RdfReading.Lines("turtle", Prefixes + "<< << :a :b _:c >> :d \"e\"@en >> :f << :g :h 1 >> ."));
        Assert.Contains("no deeper than 64", RdfReading.Fault("ntriples", string.Concat(Enumerable.Repeat("<<", 65))));
        Assert.Contains("no deeper than 256", RdfReading.Fault("turtle", string.Concat(Enumerable.Repeat("<<", 300))));
    }

    [Fact]
    public void Reifiers_of_RDF_1_2_are_nodes_that_stand_for_the_triple()
    {
        const string Reifies = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> << <http://e/s> <http://e/p> <http://e/o> >> .";
        Assert.Equal(["<http://e/s> <http://e/p> <http://e/o> .", "<http://e/r> " + Reifies, "<http://e/r> <http://e/q> \"1\" ."],
            RdfReading.Lines("turtle", Prefixes + "VERSION \"1.2\"\n:s :p :o ~ :r {| :q '1' |} ."));
        Assert.Equal(["<http://e/r> " + Reifies, "<http://e/r> <http://e/q> \"1\" ."],
            RdfReading.Lines("turtle", Prefixes + "<< :s :p :o ~ :r >> :q '1' ."));
        Assert.Equal(["_:r " + Reifies], RdfReading.Lines("ntriples",
            "_:r <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> <<( <http://e/s> <http://e/p> <http://e/o> )>> ."));
        Assert.Equal(["<http://e/s> <http://e/p> \"right\"@he ."], RdfReading.Lines("turtle", Prefixes + ":s :p \"right\"@he--rtl ."));
    }

    [Fact]
    public void Graphs_of_TriG_name_what_is_in_them()
    {
        Assert.Equal(
            [
                "<http://e/a> <http://e/p> <http://e/b> .", "<http://e/c> <http://e/p> <http://e/d> <http://e/g> .",
                "<http://e/e> <http://e/p> \"x\" <http://e/g> .", "<http://e/f> <http://e/p> <http://e/g> .",
                "<http://e/h> <http://e/p> <http://e/i> _:j .", "<http://e/k> <http://e/p> <http://e/l> <http://e/m> .",
                "<http://e/n> <http://e/p> <http://e/o> .",
            ],
            RdfReading.Lines("trig", Prefixes + """
                :a :p :b .
                :g { :c :p :d . :e :p "x" }
                { :f :p :g . }
                _:j{:h :p :i}
                GRAPH :m { :k :p :l }
                :n :p :o .
                :empty { }
                """));
        Assert.Equal("file(2): found '{ :c :p :d }'; expected a predicate: an IRI or 'a'",
            RdfReading.Fault("turtle", Prefixes + ":g { :c :p :d }"));
        Assert.Equal("file(2): found the end of the file; expected '.'", RdfReading.Fault("trig", Prefixes + ":g { :c :p :d"));
    }

    [Fact]
    public void Literals_keep_every_character()
    {
        Assert.Equal(["a \"b\" \\ c\tñ 日本 \U0001F600", "line\r\nline ''' \"\" end", "\U0001F600", ""],
            RdfReading.Read("turtle", Prefixes + ":s :p \"a \\\"b\\\" \\\\ c\\tñ \\u65E5\\U0000672C \U0001F600\", "
                + "\"\"\"line\r\nline ''' \"\" end\"\"\", '\\uD83D\\uDE00', ''''''.").Select(statement => statement.Object.Value));
    }

    [Fact]
    public void Lines_are_those_of_the_statement_and_tokens_may_be_longer_than_what_is_read_at_once()
    {
        var name = new string('n', 100_000);
        var found = RdfReading.Read("turtle",
            $"{Prefixes}# comment\n:{name} :p\n  \"\"\"{name}\n{name}\"\"\" ,\n <http://e/{name}>.\n_:{name} :p 'x'@en .");
        Assert.Equal([5, 6, 7], found.Select(statement => statement.Line));
        Assert.Equal([$"http://e/{name}", $"http://e/{name}", name], found.Select(statement => statement.Subject.Value));
        Assert.Equal([$"{name}\n{name}", $"http://e/{name}", "x"], found.Select(statement => statement.Object.Value));
        var lines = RdfReading.Read("ntriples", $"\n<http://e/{name}> <http://e/p> \"{name}\\n\" .\r\n# x\r\n_:{name} <http://e/p> _:b .");
        Assert.Equal([2, 4], lines.Select(statement => statement.Line));
        Assert.Equal(name + "\n", lines[0].Object.Value);
    }

    [Theory]
    [InlineData("turtle", "@prefix : <http://e/> .\n:s :p :o", "file(2): found the end of the file; expected '.'")]
    [InlineData("turtle", ":s :p :o .", "file(1): found ':s :p :o .'; expected a prefix that is declared, ':' is not")]
    [InlineData("turtle", "<http://e/ s> <p> <o> .", "file(1): found ' s> <p> <o> .'; expected '>' or a character that an IRI may hold")]
    [InlineData("turtle", "<s> <p> \"a\nb\" .", "file(1): found the end of the line; expected \" at the end of the literal, on its line")]
    [InlineData("turtle", "<s> <p> \"\\z\" .",
        "file(1): found '\"\\z\" .'; expected an escape: \\t \\b \\n \\r \\f \\\" \\' \\\\ \\uXXXX \\UXXXXXXXX")]
    [InlineData("turtle", "<s> <p> 'x'@1 .", "file(1): found '@1 .'; expected a language, such as @en")]
    [InlineData("ntriples", "<http://e/s> <http://e/p> <o> .", "file(1): found '<o> .'; expected an absolute IRI")]
    [InlineData("ntriples", "\n<http://e/s> <http://e/p> \"o .",
        "file(2): found the end of the line; expected '\"' at the end of the literal")]
    [InlineData("ntriples", "<http://e/s> <http://e/p> <http://e/o> <http://e/g> .", "file(1): found '<http://e/g> .'; expected '.'")]
    [InlineData("nquads", "<http://e/s> <http://e/p> _:o _:g _:h .", "file(1): found '_:h .'; expected '.'")]
    [InlineData("ntriples", "<http://e/s> <http://e/p> _:o . _:s", "file(1): found '_:s'; expected the end of the line")]
    public void Faults_name_line_found_and_expected(string format, string text, string message) =>
        Assert.Equal(message, RdfReading.Fault(format, text));

    [Theory]
    [InlineData("turtle", "@prefix : <http://e/> .\n:a :p :b .\n:b :p ] ;\n :q :r .\n:d :p ( 1 ) .\n:e \"x\" :f .\n:g :p [ :p :q ] .\n",
        "a d g", "file(3) file(6)")]
    [InlineData("trig", "@prefix : <http://e/> .\n:g {\n:a :p :b .\n:b :p ] .\n:c :p :d }\n:h { :x :y }\n:e :p :f .",
        "a c e", "file(4) file(6)")]
    [InlineData("ntriples", "<http://e/a> <http://e/p> _:x .\nnonsense\n<http://e/b> <http://e/p> _:x .\n<http://e/c>",
        "a b", "file(2) file(4)")]
    public void Behind_a_fault_the_next_statement_is_read(string format, string text, string subjects, string places)
    {
        var faults = new List<string>();
        var found = RdfReading.Read(format, text, bad: (place, _) => faults.Add($"{place}"));
        Assert.Equal(subjects, string.Join(' ', found.Select(item => item.Subject.Value).Where(id => id[0] == 'h').Select(id => id[9..])));
        Assert.Equal(places, string.Join(' ', faults));
    }

    [Theory]
    [InlineData("http://a/b/c/d?q#f", "g", "http://a/b/c/g")]
    [InlineData("http://a/b/c/d?q#f", "./g/.", "http://a/b/c/g/")]
    [InlineData("http://a/b/c/d?q#f", "../../../g", "http://a/g")]
    [InlineData("http://a/b/c/d?q#f", "?y", "http://a/b/c/d?y")]
    [InlineData("http://a/b/c/d?q#f", "#s", "http://a/b/c/d?q#s")]
    [InlineData("http://a/b/c/d?q#f", "", "http://a/b/c/d?q")]
    [InlineData("http://a/b/c/d?q#f", "//g/x/../y", "http://g/y")]
    [InlineData("http://a/b/c/d?q#f", "/./g", "http://a/g")]
    [InlineData("http://a/b/c/d?q#f", "g;x=1/../y", "http://a/b/c/y")]
    [InlineData("http://a/b/c/d?q#f", "urn:x:y", "urn:x:y")]
    [InlineData("http://a", "b", "http://a/b")]
    [InlineData("", "b#c", "b#c")]
    public void References_are_resolved_as_RFC_3986_does(string baseIri, string reference, string expected) =>
        Assert.Equal(expected, IriReference.Resolve(baseIri, reference));
}
