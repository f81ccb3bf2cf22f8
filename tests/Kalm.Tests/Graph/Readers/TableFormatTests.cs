using System.IO.Compression;
using System.Text;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

public sealed class TableFormatTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("g.tsv", "\t")]
    [InlineData("g.txt", "\t")]
    [InlineData("g.csv", ",")]
    [InlineData("g.txt", ",")]
    [InlineData("g.csv", ";")]
    [InlineData("g.txt", "|")]
    [InlineData("g", "\t")]
    public void Separators_are_told_by_the_content(string name, string separator) =>
        People.AssertRead(Load(name, People.Lines(fact => string.Join(separator, fact.Head, fact.Relation, fact.Tail))));

    [Fact]
    public void Spaces_separate_names_without_any() => People.AssertRead(Spaced(Load("g.txt", People.Lines(
        fact => $"{fact.Head.Replace(' ', '_')} {fact.Relation.Replace(' ', '_')}  {fact.Tail.Replace(' ', '_')}"))));

    [Theory]
    [InlineData("head,relation,tail")]
    [InlineData("Subject,Predicate,Object")]
    [InlineData("s,p,o")]
    [InlineData("h,r,t")]
    [InlineData("source,relation,target")]
    [InlineData("source,predicate,target")]
    [InlineData("from,type,to")]
    [InlineData("entity1,relationship,entity2")]
    [InlineData("head_entity,relation_type,tail_entity")]
    [InlineData("node_1,edge,node_2")]
    [InlineData("\"Head Entity\",\"Relation\",\"Tail Entity\"")]
    public void A_heading_of_any_usual_naming_is_no_fact(string heading) =>
        People.AssertRead(Load("g.csv", heading + "\n" + People.Lines(fact => $"{fact.Head},{fact.Relation},{fact.Tail}")));

    [Theory]
    [InlineData("head,tail,relation", "{0},{2},{1}")]
    [InlineData("relation,subject,object", "{1},{0},{2}")]
    [InlineData("target,label,source", "{2},{1},{0}")]
    [InlineData(",head,relation,tail", "7,{0},{1},{2}")]
    public void Columns_go_by_their_headings_in_any_order(string heading, string row) => People.AssertRead(
        Load("g.csv", heading + "\n" + People.Lines(fact => string.Format(null, row, fact.Head, fact.Relation, fact.Tail))));

    [Theory]
    [InlineData("nodes.csv", "id,name,description,kind,height", "edges.csv", "source,target,relation")]
    [InlineData("entities.csv", "id,label,definition,type,height", "relationships.csv", "from,to,type")]
    public void Tables_of_nodes_beside_the_edges_give_names_texts_kinds_and_entities_without_facts(
        string nodes, string heading, string edges, string ends)
    {
        folder.Write($"g/{nodes}", heading + "\nn1,Ada,\"who counts, and writes\",person,170\nn2,London,,city,\nn3,Turing,,,\n");
        folder.Write($"g/{edges}", ends + "\nn1,n2,lives in\n");
        var graph = KnowledgeGraph.Load(folder.File("g"));
        Assert.Equal(["Ada", "London", "Turing"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal(["who counts, and writes", "London", "Turing"], graph.Entities.Select(entity => entity.Description));
        Assert.Equal([["person"], ["city"], []], graph.Entities.Select(entity => entity.Types));
        Assert.Equal([new GraphAttribute("height", "170")], graph.Entities[0].Attributes);
        Assert.Equal("lives in", graph.Relations[graph.Train[0].Relation].Text);
        Assert.Empty(graph.Warnings);
        Assert.Contains(new ColumnUse(nodes, "'height'", "attribute 'height' of the entity"), graph.Reading.Columns);
    }

    [Fact]
    public void Of_several_tables_the_one_whose_heading_names_facts_is_read_and_the_others_are_named()
    {
        folder.Write("g/g.csv", "head,tail,relation\nPeru,Chile,borders\n");
        folder.Write("g/notes.txt", "what, by whom, when\nfound, by me, today\n");
        var graph = KnowledgeGraph.Load(folder.File("g"));
        Assert.Equal("borders", graph.Relations[Assert.Single(graph.Train).Relation].Id);
        Assert.Contains("notes.txt: not read", Assert.Single(graph.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nodes.csv")]
    [InlineData("edges.csv")]
    public async Task Damaged_tables_of_nodes_and_edges_end_in_a_message(string name)
    {
        const int Copies = 250;
        folder.Write("g/nodes.csv", "id,name,description,kind\n" + string.Concat(
            Enumerable.Range(0, 12).Select(node => $"n{node},\"Node, {node}\",\"the \"\"{node}\"\" of us\",thing\n")));
        folder.Write("g/edges.csv", "source,target,relation,weight\n" + string.Concat(
            Enumerable.Range(0, 11).Select(node => $"n{node},n{node + 1},\"goes, on to\",0.{node}\n")));
        var (read, refused) = await MangledFile.ReadAll(
            folder.File("g"), folder.File($"g/{name}"), new GraphOptions { Format = "table" }, Copies, 2);
        Assert.Equal(Copies, read + refused);
        Assert.True(refused > 0);
    }

    [Fact]
    public void Two_tables_of_facts_in_a_folder_are_a_question()
    {
        folder.Write("g/a.csv", "head,relation,tail\na,b,c\n");
        folder.Write("g/b.csv", "head,relation,tail\na,b,d\n");
        Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.File("g")));
    }

    [Fact]
    public void Further_columns_are_attributes_of_the_fact()
    {
        var graph = Load("g.csv", "head,relation,tail,confidence,source\n" + People.Lines(
            fact => $"{fact.Head},{fact.Relation},{fact.Tail},0.9,\"a book, 1990\""));
        People.AssertRead(graph);
        Assert.Equal([new GraphAttribute("confidence", "0.9"), new GraphAttribute("source", "a book, 1990")],
            graph.FactAttributes.Of(graph.Train[0]));
        Assert.Contains(new ColumnUse("g.csv", "'confidence'", "attribute 'confidence' of the fact"), graph.Reading.Columns);
    }

    [Fact]
    public void Names_and_types_of_both_ends_are_taken_as_such()
    {
        var graph = Load("g.csv", "head_id,head_name,head_type,relation,tail_id,tail_name,tail_type\n"
            + "Q1,Ann,person,knows,Q2,Bob,person\nQ1,Ann,person,lives in,Q3,Rome,city\n");
        Assert.Equal([("Q1", "Ann"), ("Q2", "Bob"), ("Q3", "Rome")], graph.Entities.Select(entity => (entity.Id, entity.Name)));
        Assert.Equal(["city"], graph.Entities[2].Types);
        Assert.Equal(0, graph.FactAttributes.Count);
    }

    [Fact]
    public void A_list_of_edges_has_one_relation()
    {
        var graph = Load("g.csv", "source,target,weight\na,b,1\nb,c,2\n");
        Assert.Equal((3, 1, 2), (graph.Entities.Count, graph.RelationCount, graph.Train.Count));
        Assert.Equal("related to", graph.Relations[0].Text);
    }

    [Fact]
    public void False_facts_are_left_out_with_a_note()
    {
        var graph = Load("g.tsv", "a\tr\tb\t1\na\tr\tc\t-1\n");
        Assert.Equal([new Triple(0, 0, 1)], graph.Train);
        Assert.Equal(["g.tsv: false facts, labelled -1 or 0, left out: 1"], graph.Warnings);
    }

    [Fact]
    public void Remarks_are_no_facts_and_names_may_begin_with_the_same_sign()
    {
        var graph = Load("g.tsv", "# made by hand\n#a\tr\tb\nb\tr\tc\n\n# the end\n");
        Assert.Equal(["#a", "b", "c"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["g.tsv(1): remarks, lines that begin with #, left out: 2"], graph.Warnings);
    }

    [Fact]
    public void A_column_may_name_the_split()
    {
        var graph = Load("g.csv", "head,relation,tail,split\na,r,b,train\nb,r,c,dev\nc,r,a,test\n");
        Assert.Equal((1, 1, 1), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
    }

    [Fact]
    public void What_is_ambiguous_is_asked_for()
    {
        var swapped = People.Lines(fact => $"{fact.Head}\t{fact.Tail}\t{fact.Relation}");
        var fault = Fault("g.tsv", swapped);
        Assert.Contains("the third column looks like the relation", fault, StringComparison.Ordinal);
        Assert.EndsWith("by --columns head,tail,relation", fault, StringComparison.Ordinal);
        People.AssertRead(Load("g.tsv", swapped, new GraphOptions { Columns = ["head", "tail", "relation"] }));
        Assert.Contains("chosen by --delimiter", Fault("g.txt", "a;b,c,d;e\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_that_are_given_may_leave_some_out()
    {
        var graph = Load("g.tsv", "1\ta\tr\tb\t2001\n", new GraphOptions { Columns = ["-", "head", "relation", "tail", "year"] });
        Assert.Equal(["a", "b"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal([new GraphAttribute("year", "2001")], graph.FactAttributes.Of(graph.Train[0]));
    }

    [Fact]
    public void Bytes_of_another_encoding_are_refused_or_read_as_what_is_given()
    {
        var path = folder.File("latin1.csv");
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes("Ann,lives in,Città 1\n"));
        Assert.StartsWith("latin1.csv(1): bytes that are not UTF-8; expected a UTF-8 text file, or its encoding by --encoding",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path)).Message, StringComparison.Ordinal);
        Assert.Equal("Città 1", KnowledgeGraph.Load(path, new GraphOptions { Encoding = "latin1" }).Entities[1].Name);
        Assert.StartsWith("encoding 'klingon': not known",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path, new GraphOptions { Encoding = "klingon" })).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8", true, "\r\n")]
    [InlineData("utf-16", true, "\n")]
    [InlineData("utf-16BE", true, "\r\n")]
    [InlineData("shift_jis", false, "\n")]
    public void Byte_order_marks_and_line_ends_of_other_systems_are_understood(string encoding, bool marked, string end)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var path = folder.File("g.csv");
        File.WriteAllText(path, People.Lines(fact => $"{fact.Head},{fact.Relation},{fact.Tail}", end), Encoding.GetEncoding(encoding) is var found
            && encoding == "utf-8" ? new UTF8Encoding(true) : found);
        People.AssertRead(KnowledgeGraph.Load(path, marked ? null : new GraphOptions { Encoding = encoding }));
    }

    [Fact]
    public void Malformed_lines_are_passed_over_as_far_as_allowed()
    {
        const string Rows = "a,r,b\nbad\nb,r,c\nworse,\n";
        Assert.Equal("g.csv(2): 1 field; expected 3 fields separated by commas: head, relation, tail", Fault("g.csv", Rows));
        var graph = Load("g.csv", Rows, new GraphOptions { SkipBad = 2 });
        Assert.Equal(2, graph.Train.Count);
        Assert.Equal(2, graph.Reading.Skipped.Count);
        Assert.StartsWith("g.csv(2): 1 field", graph.Reading.Skipped[0], StringComparison.Ordinal);
        Assert.Contains("expected no more (--skip-bad)",
            Assert.Throws<KalmException>(() => Load("g.csv", Rows, new GraphOptions { SkipBad = 1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compressed_files_and_archives_are_opened()
    {
        var content = People.Lines(fact => $"{fact.Head},{fact.Relation},{fact.Tail}");
        var gzip = folder.File("g.csv.gz");
        using (var stream = new GZipStream(File.Create(gzip), CompressionLevel.Fastest))
            stream.Write(Encoding.UTF8.GetBytes(content));
        People.AssertRead(KnowledgeGraph.Load(gzip));
        var zstandard = folder.File("g.csv.zst");
        using (var stream = new ZstdSharp.CompressionStream(File.Create(zstandard), leaveOpen: false))
            stream.Write(Encoding.UTF8.GetBytes(content));
        People.AssertRead(KnowledgeGraph.Load(zstandard));
        var archive = folder.File("g.zip");
        using (var zip = ZipFile.Open(archive, ZipArchiveMode.Create))
            using (var stream = zip.CreateEntry("folder/g.csv").Open())
                stream.Write(Encoding.UTF8.GetBytes(content));
        People.AssertRead(KnowledgeGraph.Load(archive));
        File.WriteAllBytes(folder.File("cut.csv.gz"), File.ReadAllBytes(gzip)[..40]);
        Assert.StartsWith("cut.csv.gz: cannot be read to its end",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.File("cut.csv.gz"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Awkward_names_come_back_as_they_are()
    {
        string[] names = ["Paris, Texas", "say \"hi\"", "東京", "a;b|c", "Ünïcödé", "'quoted'", "1", "x y z"];
        static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        var graph = Load("g.csv", string.Concat(names.Select(name => $"{Quoted(name)},\"is, in a way,\",{Quoted("not " + name)}\r\n")));
        Assert.Equal(names.SelectMany(name => new[] { name, "not " + name }), graph.Entities.Select(entity => entity.Name));
    }

    private static KnowledgeGraph Spaced(KnowledgeGraph graph) => KnowledgeGraph.Load(WriteSpaced(graph));

    private static string WriteSpaced(KnowledgeGraph graph)
    {
        var path = Path.Combine(Path.GetDirectoryName(graph.Path)!, "spaced.tsv");
        File.WriteAllLines(path, graph.Train.Select(triple => string.Join('\t', graph.Entities[triple.Head].Id.Replace('_', ' '),
            graph.Relations[triple.Relation].Text, graph.Entities[triple.Tail].Id.Replace('_', ' '))));
        return path;
    }

    private string Fault(string name, string content) => Assert.Throws<KalmException>(() => Load(name, content)).Message;

    private KnowledgeGraph Load(string name, string content, GraphOptions? options = null) =>
        KnowledgeGraph.Load(folder.Write(name, content), options);

    public void Dispose() => folder.Dispose();
}
