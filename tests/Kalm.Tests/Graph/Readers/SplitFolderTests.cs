using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

public sealed class SplitFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("train.txt", "valid.txt", "test.txt", "\t")]
    [InlineData("train.tsv", "dev.tsv", "test.tsv", "\t")]
    [InlineData("train.csv", "val.csv", "test.csv", ",")]
    [InlineData("training.txt", "validation.txt", "testing.txt", "\t")]
    [InlineData("train.del", "valid.del", "test.del", "\t")]
    [InlineData("wn18-train.txt", "wn18-valid.txt", "wn18-test.txt", "\t")]
    public void The_official_split_is_kept(string train, string valid, string test, string separator)
    {
        var lines = People.Facts.Select(fact => string.Join(separator, fact.Head, fact.Relation, fact.Tail)).ToList();
        Write(train, lines[..50]);
        Write(valid, lines[50..58]);
        Write(test, lines[58..]);
        var graph = KnowledgeGraph.Load(folder.Path);
        People.AssertRead(graph);
        Assert.Equal((50, 8, 10), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
    }

    [Fact]
    public void Lists_of_ids_and_texts_beside_the_splits_are_read()
    {
        folder.Write("train.txt", "a\tr\tb\n");
        folder.Write("entities.dict", "0\tb\n1\ta\n");
        folder.Write("relations.dict", "0\tr\n");
        folder.Write("entity2text.txt", "a\tAlpha\nz\tZeta\n");
        folder.Write("entity2textlong.txt", "a\tAlpha, the first\n");
        var graph = KnowledgeGraph.Load(folder.Path);
        Assert.Equal([new Entity("b", "b", "b"), new Entity("a", "Alpha", "Alpha, the first")], graph.Entities);
        Assert.Contains("entity2text.txt: texts of ids that no triple has, left out: 1", graph.Warnings);
    }

    [Fact]
    public void Numbers_stand_for_the_ids_that_are_numbered_beside_them()
    {
        folder.Write("train.del", "0\t1\t2\n");
        folder.Write("entity_ids.del", "0\tann\n1\tbob\n2\tcay\n");
        folder.Write("relation_ids.del", "0\tis\n1\tknows\n");
        folder.Write("entity_strings.del", "0\tAnn\n2\tCay\n");
        var graph = KnowledgeGraph.Load(folder.Path);
        Assert.Equal([("ann", "Ann"), ("bob", "bob"), ("cay", "Cay")], graph.Entities.Select(entity => (entity.Id, entity.Name)));
        Assert.Equal([new Triple(0, 1, 2)], graph.Train);
        folder.Write("train.del", "0\t1\t3\n0\t1\t2\n");
        Assert.Equal("train.del(1): entity '3'; expected a number of entity_ids.del, from 0 to 2",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.Path)).Message);
    }

    [Fact]
    public void Wikidata5m_keeps_its_names_and_texts_in_files_of_the_graphs_name()
    {
        folder.Write("wikidata5m_transductive_train.txt", "Q1\tP31\tQ2\n");
        folder.Write("wikidata5m_transductive_valid.txt", "Q2\tP31\tQ1\n");
        folder.Write("wikidata5m_entity.txt", "Q1\tAnn\tAnnie\nQ2\tBob\n");
        folder.Write("wikidata5m_relation.txt", "P31\tinstance of\tis a\n");
        folder.Write("wikidata5m_text.txt", "Q1\tAnn is a potter.\n");
        var graph = KnowledgeGraph.Load(folder.Path);
        Assert.Equal([new Entity("Q1", "Ann", "Ann is a potter."), new Entity("Q2", "Bob", "Bob")], graph.Entities);
        Assert.Equal("instance of", graph.Relations[0].Text);
        Assert.Empty(graph.Reading.Unread);
    }

    [Fact]
    public void A_file_that_is_not_read_is_named()
    {
        folder.Write("train.txt", "a\tr\tb\n");
        folder.Write("notes.csv", "x\n");
        folder.Write("README.md", "about");
        var graph = KnowledgeGraph.Load(folder.Path);
        Assert.Equal(["README.md", "notes.csv"], graph.Reading.Unread.Select(file => file.File));
        Assert.Equal(["notes.csv: not read, the folder is taken for a folder of split files"], graph.Warnings);
    }

    [Fact]
    public void Two_graphs_in_one_folder_are_refused()
    {
        folder.Write("a-train.txt", "a\tr\tb\n");
        folder.Write("b-train.txt", "a\tr\tb\n");
        Assert.Equal($"{folder.Path}: holds 2 graphs: a-train.txt; b-train.txt; expected the folder or files of one",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData("\t")]
    [InlineData(" ")]
    public void OpenKE_counts_first_and_puts_the_relation_last(string separator)
    {
        folder.Write("entity2id.txt", $"3\nann{separator}0\nbob b{separator}1\ncay{separator}2\n".Replace("bob b", separator == " " ? "bob" : "bob b",
            StringComparison.Ordinal));
        folder.Write("relation2id.txt", $"1\n/x/knows{separator}0\n");
        folder.Write("train2id.txt", "1\n0 1 0\n");
        folder.Write("test2id.txt", "2\n1 2 0\n");
        var graph = KnowledgeGraph.Load(folder.Path);
        Assert.Equal(("OpenKE folder", 3, 1), (graph.Format, graph.Entities.Count, graph.RelationCount));
        Assert.Equal("knows", graph.Relations[0].Text);
        Assert.Equal([new Triple(0, 0, 1)], graph.Train);
        Assert.Equal([new Triple(1, 0, 2)], graph.Test);
        Assert.Equal(["test2id.txt(1): counts 2 triples; found 1"], graph.Warnings);
    }

    [Fact]
    public void PyKEENs_own_folders_hold_numbers_in_a_folder_for_each_split()
    {
        foreach (var split in new[] { "training", "validation", "testing" })
        {
            folder.Write($"{split}/numeric_triples.tsv", "head\trelation\ttail\n0\t0\t1\n");
            folder.Write($"{split}/entity_to_id.tsv", "id\tlabel\n0\tann\n1\tbob\n");
            folder.Write($"{split}/relation_to_id.tsv", "id\tlabel\n0\tknows\n");
        }
        var graph = KnowledgeGraph.Load(folder.Path);
        Assert.Equal(["ann", "bob"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal((1, 1, 1), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
    }

    [Theory]
    [InlineData("dev.tsv", "car\t_has_part\tspoke\t1\ncar\t_has_part\ttruck\t-1\n", 1)]
    [InlineData("valid.tsv", "car\t_has_part\tspoke\t\n", 2)]
    public void KG_BERT_folders_may_be_labelled_have_stray_tabs_and_call_valid_otherwise(string name, string content, int expected)
    {
        using var files = SmallGraph.KgBert().With(name, content);
        Assert.Equal(expected, files.Load().Valid.Count);
    }

    private void Write(string name, IEnumerable<string> lines) => File.WriteAllLines(folder.File(name), lines);

    public void Dispose() => folder.Dispose();
}
