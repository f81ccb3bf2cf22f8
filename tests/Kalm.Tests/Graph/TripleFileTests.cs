using Kalm.Graph;

namespace Kalm.Tests.Graph;

public sealed class TripleFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Ids_are_names_and_a_relation_reads_as_its_words()
    {
        var graph = Load("own.tsv", "Ann\tis_parent_of\tBob\r\nBob\t_knows\tCay Dee\n\n");
        Assert.Equal("table of facts", graph.Format);
        Assert.Equal(folder.File("own.tsv"), graph.Path);
        Assert.Equal([new Entity("Ann", "Ann", "Ann"), new Entity("Bob", "Bob", "Bob"), new Entity("Cay Dee", "Cay Dee", "Cay Dee")],
            graph.Entities);
        Assert.Equal([
            new Relation("is_parent_of", "is parent of", "inverse of is parent of"), new Relation("_knows", "knows", "inverse of knows"),
        ], graph.Relations);
        Assert.Equal([new Triple(0, 0, 1), new Triple(1, 1, 2)], graph.Train);
        Assert.Empty(graph.Valid);
        Assert.Empty(graph.Test);
        Assert.Empty(graph.Warnings);
    }

    [Theory]
    [InlineData("own.tsv", "Head\tRELATION\ttail\na\tr\tb\n")]
    [InlineData("own.tsv", "a\tr\tb")]
    [InlineData("own.csv", "head,relation,tail\r\na,r,b\r\n")]
    [InlineData("own.CSV", "\"head\",\"relation\",\"tail\"\n\"a\",\"r\",b\n")]
    public void A_heading_is_recognised_and_may_be_absent(string name, string content)
    {
        var graph = Load(name, content);
        Assert.Equal(["a", "b"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal([new Triple(0, 0, 1)], graph.Train);
    }

    [Fact]
    public void Fields_of_a_csv_may_hold_commas_and_quotes_within_quotes()
    {
        var graph = Load("own.csv", "\"Paris, Texas\",\"is \"\"in\"\"\",USA\r\n\"\"\"x\"\"\",r,\"a\"\r\n");
        Assert.Equal(["Paris, Texas", "USA", "\"x\"", "a"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal("is \"in\"", graph.Relations[0].Text);
        Assert.Equal([new Triple(0, 0, 1), new Triple(2, 1, 3)], graph.Train);
    }

    [Fact]
    public void A_tsv_takes_quotes_and_commas_as_they_are()
    {
        var graph = Load("own.tsv", "\"a\", b\tr\t\"c\n");
        Assert.Equal(["\"a\", b", "\"c"], graph.Entities.Select(entity => entity.Id));
    }

    [Fact]
    public void Descriptions_come_from_the_texts_file_and_may_span_lines_there()
    {
        var texts = folder.Write("texts.csv", "id,description\nAnn,\"a potter,\r\n  in Rome\"\nZed,nobody\n");
        var graph = Load("own.tsv", "Ann\tknows\tBob\n", new GraphOptions { Texts = texts });
        Assert.Equal([new Entity("Ann", "Ann", "a potter, in Rome"), new Entity("Bob", "Bob", "Bob")], graph.Entities);
        Assert.Equal(["texts.csv: ids that the graph lacks, left out: 1", "texts.csv: entities without a description: 1; their name serves"],
            graph.Warnings);
    }

    [Fact]
    public void Repeated_lines_and_padded_names_are_warned_of()
    {
        var graph = Load("own.csv", "a,r,b\na, r,b\na,r,b\na,r,b\n");
        Assert.Equal(new SplitCounts(2, 0, 0), graph.RepeatedTriples);
        Assert.Equal(2, graph.Train.Count);
        Assert.Equal(
            ["own.csv(2): lines with a name that begins or ends with a space, which makes it another name: 1",
                "own.csv(3): repeated triples, each kept once: 2 lines left out"], graph.Warnings);
    }

    [Theory]
    [InlineData("own.tsv", "", "own.tsv: no triples; expected lines of 3 fields separated by tabs: head, relation, tail")]
    [InlineData(
        "own.csv", "head,relation,tail\n", "own.csv: no triples; expected lines of 3 fields separated by commas: head, relation, tail")]
    [InlineData("own.tsv", "a\tr\tb\na,r,b\n", "own.tsv(2): 1 field; expected 3 fields separated by tabs: head, relation, tail")]
    [InlineData("own.csv", "a,r,b,c\n", "own.csv(1): 4 fields; expected 3 fields separated by commas: head, relation, tail, "
        + "or what the columns hold by --columns, such as head,relation,tail,weight")]
    [InlineData("own.csv", "a,r,\n", "own.csv(1): empty tail; expected 3 fields separated by commas: head, relation, tail")]
    [InlineData("own.csv", "a,r,", "own.csv(1): empty tail; expected 3 fields separated by commas: head, relation, tail")]
    [InlineData("own.csv", "a,r,b\n\"b,r,c\nd,r,e\n",
        "own.csv(2): a quote that is never closed; expected a second one before a separator or the end of the line")]
    [InlineData("own.csv", "a,\"r\"x,b\n", "own.csv(1): 'x' after a closing quote; expected a comma or the end of the line")]
    [InlineData("own.csv", "a,r,b\n\"a\nb\",r,c\n", "own.csv(2): a tab or a line end in the head; expected a name on one line")]
    public void A_fault_names_file_line_found_and_expected(string name, string content, string message) =>
        Assert.Equal(message, Assert.Throws<KalmException>(() => Load(name, content)).Message);

    [Fact]
    public void A_line_after_a_field_of_several_lines_is_still_counted_right()
    {
        var texts = folder.Write("texts.csv", "a,\"one\ntwo\"\nb\n");
        Assert.Equal("texts.csv(3): 1 field; expected 2 fields separated by commas: id, description", Fault(texts));
    }

    [Theory]
    [InlineData("a\tone\na\ttwo\n", "texts.tsv(2): entity 'a' again; expected an id once, it stands on line 1")]
    [InlineData("id\tdescription\n", "texts.tsv: no descriptions; expected lines of 2 fields separated by tabs: id, description")]
    public void A_fault_in_the_texts_names_file_and_line(string content, string message) =>
        Assert.Equal(message, Fault(folder.Write("texts.tsv", content)));

    [Fact]
    public void A_missing_texts_file_is_named() =>
        Assert.Equal(
            $"texts {folder.File("none.tsv")}: no such file; expected a table of id and description", Fault(folder.File("none.tsv")));

    [Fact]
    public void Descriptions_that_are_given_go_before_those_of_a_folder()
    {
        using var files = SmallGraph.Kalm();
        var texts = folder.Write("texts.tsv", "car\tgoes by itself\n");
        var graph = KnowledgeGraph.Load(files.Path, new GraphOptions { Texts = texts });
        Assert.Equal(["goes by itself", "wheel, a round part"], graph.Entities.Take(2).Select(entity => entity.Description));
    }

    [Fact]
    public void A_quote_inside_a_field_stands_for_itself_and_blank_lines_carry_nothing()
    {
        var graph = Load("own.csv", "a,5\" disk,b\n\nb,r,c\n");
        Assert.Equal(["5\" disk", "r"], graph.Relations.Select(relation => relation.Id));
    }

    private string Fault(string texts) =>
        Assert.Throws<KalmException>(() => Load("own.tsv", "a\tr\tb\n", new GraphOptions { Texts = texts })).Message;

    private KnowledgeGraph Load(string name, string content, GraphOptions? options = null) =>
        KnowledgeGraph.Load(folder.Write(name, content), options);

    public void Dispose() => folder.Dispose();
}
