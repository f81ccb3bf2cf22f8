using Kalm.Graph;

namespace Kalm.Tests.Graph;

public class KgBertFolderTests
{
    [Fact]
    public void Reads_the_three_required_files_and_the_splits()
    {
        using var files = SmallGraph.KgBert();
        var graph = files.Load();
        Assert.Equal("KG-BERT folder (.tsv and .txt)", graph.Format);
        Assert.Equal(new Entity("wheel", "wheel", "wheel"), graph.Entities[1]);
        Assert.Equal(new Relation("_has_part", "has part", "inverse of has part"), graph.Relations[0]);
        Assert.Equal([new Triple(0, 0, 1), new Triple(1, 0, 2), new Triple(0, 1, 3)], graph.Train);
        Assert.Equal([new Triple(3, 0, 1)], graph.Valid);
        Assert.Equal([new Triple(3, 1, 0)], graph.Test);
        Assert.Empty(graph.Warnings);
    }

    [Fact]
    public void Valid_and_test_may_be_absent()
    {
        using var files = SmallGraph.KgBert().Without("dev.tsv").Without("test.tsv");
        var graph = files.Load();
        Assert.Empty(graph.Valid);
        Assert.Empty(graph.Test);
    }

    [Fact]
    public void Describes_by_the_long_text_where_there_is_one_and_names_by_the_short_one()
    {
        using var files = SmallGraph.KgBert()
            .With("entity2textlong.txt", "wheel\tA wheel, as is well known, turns.\nunused\tAn unused text.\n");
        var graph = files.Load();
        Assert.Equal(new Entity("wheel", "wheel", "A wheel, as is well known, turns."), graph.Entities[1]);
        Assert.Equal(new Entity("car", "car", "car"), graph.Entities[0]);
        Assert.Equal(["entity2textlong.txt: entities without a text: 3; theirs in entity2text.txt serves"], graph.Warnings);
    }

    [Fact]
    public void The_lists_of_ids_decide_the_order_and_the_candidates()
    {
        using var files = SmallGraph.KgBert()
            .With("entity2text.txt", "plane\tplane\ncar\tcar\nwheel\twheel\nspoke\tspoke\ntruck\ttruck\n")
            .With("entities.txt", "truck\nspoke\nwheel\ncar\n")
            .With("relations.txt", "_similar_to\n_has_part\n");
        var graph = files.Load();
        Assert.Equal(["truck", "spoke", "wheel", "car"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["_similar_to", "_has_part"], graph.Relations.Select(relation => relation.Id));
        Assert.Equal(["entity2text.txt: ids that entities.txt lacks, left out: 1"], graph.Warnings);
    }

    [Fact]
    public void An_entity_with_a_long_text_only_is_named_by_its_beginning_with_a_warning()
    {
        using var files = SmallGraph.KgBert()
            .With("entities.txt", "car\nwheel\nspoke\ntruck\nplane\n")
            .With("entity2textlong.txt", "car\tc\nwheel\tw\nspoke\ts\ntruck\tt\nplane\tplane, which flies\n");
        var graph = files.Load();
        Assert.Equal(new Entity("plane", "plane", "plane, which flies"), graph.Entities[4]);
        Assert.StartsWith("entity2text.txt: entities without a name of their own: 1",
            Assert.Single(graph.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train.tsv", "car\t_has_part\twheels\n", "train.tsv(1): unknown entity 'wheels'; did you mean 'wheel'?")]
    [InlineData("relation2text.txt", "_has_part\thas part\n", "train.tsv(3): unknown relation '_similar_to'; expected one of _has_part")]
    [InlineData("relations.txt", "_has_part\n_similar_to\n_borders\n",
        "relation2text.txt: no text for relation '_borders' (index 2); expected one for each of the 3 in relations.txt")]
    [InlineData("entities.txt", "car\nwheel\nspoke\ntruck\ncar\n",
        "entities.txt(5): entity 'car' again; expected an id once, it stands on line 1")]
    [InlineData("entities.txt", "car\tcar\n", "entities.txt(1): 2 fields; expected one id a line")]
    [InlineData("entities.txt", "", "entities.txt: empty file; expected one entity id a line")]
    [InlineData("entity2text.txt", "car\tcar\nwheel\twheel\ncar\tautomobile\n",
        "entity2text.txt(3): entity 'car' again; expected an id once, it stands on line 1")]
    [InlineData("entity2text.txt", "car\tcar\nwheel\n", "entity2text.txt(2): 1 field; expected 2 fields separated by tabs: id, text")]
    [InlineData("entity2text.txt", "\n", "entity2text.txt: empty file; expected lines of entity id and text, separated by a tab")]
    [InlineData("train.tsv", "", "train.tsv: no triples; expected lines of head id, relation, tail id separated by tabs")]
    public void A_fault_names_file_line_found_and_expected(string name, string content, string message)
    {
        using var files = SmallGraph.KgBert().With(name, content);
        Assert.Equal(message, files.Fault());
    }

    [Fact]
    public void A_listed_entity_without_text_is_a_fault_at_the_triple_that_uses_it()
    {
        using var files = SmallGraph.KgBert()
            .With("entities.txt", "car\nwheel\nspoke\ntruck\n")
            .With("entity2text.txt", "car\tcar\nwheel\twheel\ntruck\ttruck\n");
        Assert.Equal("train.tsv(2): entity 'spoke' has no text; expected one in entity2text.txt", files.Fault());
    }
}
