using Kalm.Graph;

namespace Kalm.Tests.Graph;

public class KalmFolderTests
{
    [Fact]
    public void Reads_entities_relations_and_triples()
    {
        using var files = SmallGraph.Kalm();
        var graph = files.Load();
        Assert.Equal("KaLM folder (.txt and .dict)", graph.Format);
        Assert.Equal(files.Path, graph.Path);
        Assert.Equal(["car", "wheel", "spoke", "truck"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal("wheel, a round part", graph.Entities[1].Description);
        Assert.Equal([new Relation("_has_part", "has part", "part of"),
            new Relation("_similar_to", "similar to", "similar to")], graph.Relations);
        Assert.Equal([false, true], graph.Relations.Select(relation => relation.IsSymmetric));
        Assert.Equal([new Triple(0, 0, 1), new Triple(1, 0, 2), new Triple(0, 1, 3)], graph.Train);
        Assert.Equal([new Triple(3, 0, 1)], graph.Valid);
        Assert.Equal([new Triple(3, 1, 0)], graph.Test);
    }

    [Fact]
    public void Takes_names_from_the_short_texts()
    {
        using var files = SmallGraph.Kalm().With("entityText_short.txt", "motor car\nwheel\nspoke\nlorry\n");
        var graph = files.Load();
        Assert.Equal(["motor car", "wheel", "spoke", "lorry"], graph.Entities.Select(entity => entity.Name));
        Assert.Empty(graph.Warnings);
    }

    [Fact]
    public void Cuts_names_at_the_first_comma_with_a_warning_when_there_are_no_short_texts()
    {
        using var files = SmallGraph.Kalm()
            .With("entityId2text.dict", "0\tcar, road, vehicle\n1\twheel\n2\t, odd\n3\t1,000 trucks, many\n");
        var graph = files.Load();
        Assert.Equal(["car", "wheel", ", odd", "1,000 trucks"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal(["entityId2text.dict: entities without a name of their own: 4; " +
            "their text up to the first comma and space serves as their name"], graph.Warnings);
    }

    [Fact]
    public void Says_inverse_of_when_there_is_no_inverse_file()
    {
        using var files = SmallGraph.Kalm().Without("relationId2text_inverse.dict");
        Assert.Equal(["inverse of has part", "inverse of similar to"], files.Load().Relations.Select(relation => relation.InverseText));
    }

    [Fact]
    public void Valid_and_test_may_be_absent_or_empty()
    {
        using var files = SmallGraph.Kalm().Without("valid.txt").With("test.txt", "\n");
        var graph = files.Load();
        Assert.Empty(graph.Valid);
        Assert.Empty(graph.Test);
    }

    [Fact]
    public void Rows_may_stand_in_any_order_and_names_follow_the_lines_of_the_entities()
    {
        using var files = SmallGraph.Kalm()
            .With("entities.dict", "2\tspoke\n0\tcar\n3\ttruck\n1\twheel\n")
            .With("entityText_short.txt", "Spoke\nCar\nTruck\nWheel\n");
        var graph = files.Load();
        Assert.Equal(["car", "wheel", "spoke", "truck"], graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["Car", "Wheel", "Spoke", "Truck"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal(new Triple(0, 0, 1), graph.Train[0]);
    }

    [Theory]
    [InlineData("train.txt", "car\t_has_part\twheel\ncar\t_has_prt\twheel\n",
        "train.txt(2): unknown relation '_has_prt'; did you mean '_has_part'?")]
    [InlineData("train.txt", "car\tborders\twheel\n", "train.txt(1): unknown relation 'borders'; expected one of _has_part, _similar_to")]
    [InlineData("valid.txt", "trucks\t_has_part\twheel", "valid.txt(1): unknown entity 'trucks'; did you mean 'truck'?")]
    [InlineData("test.txt", "car\t_has_part\taeroplane\n",
        "test.txt(1): unknown entity 'aeroplane'; expected one of car, wheel, spoke, truck")]
    [InlineData("train.txt", "car _has_part wheel\n",
        "train.txt(1): 1 field; expected 3 fields separated by tabs: head id, relation, tail id")]
    [InlineData("train.txt", "car\t_has_part\twheel\t7\n",
        "train.txt(1): 4 fields; expected 3 fields separated by tabs: head id, relation, tail id")]
    [InlineData("train.txt", "car\t_has_part\t\n",
        "train.txt(1): empty tail id; expected 3 fields separated by tabs: head id, relation, tail id")]
    [InlineData("train.txt", "car\t_has_part\twheel\n\ncar\t_similar_to\ttruck\n",
        "train.txt(2): blank line; expected 3 fields separated by tabs: head id, relation, tail id")]
    [InlineData("train.txt", "", "train.txt: no triples; expected lines of head id, relation, tail id separated by tabs")]
    [InlineData("entities.dict", "0\tcar\n1\twheel\n1\tspoke\n3\ttruck\n",
        "entities.dict(3): row 1 again; expected each row once, it stands on line 2")]
    [InlineData("entities.dict", "0\tcar\nzero\twheel\n",
        "entities.dict(2): row 'zero'; expected a number from 0 to 1, as the file has 2 lines")]
    [InlineData("entities.dict", "1\tcar\n2\twheel\n", "entities.dict(2): row '2'; expected a number from 0 to 1, as the file has 2 lines")]
    [InlineData("entities.dict", "0\tcar\n-1\twheel\n",
        "entities.dict(2): row '-1'; expected a number from 0 to 1, as the file has 2 lines")]
    [InlineData("entities.dict", "0\tcar\n1\twheel\n2\tcar\n3\ttruck\n",
        "entities.dict(3): entity 'car' again; expected an id once, it stands on line 1")]
    [InlineData("entities.dict", "", "entities.dict: empty file; expected lines of row and entity id, separated by a tab")]
    [InlineData("relations.dict", "0\t_has_part\n1\t \n", "relations.dict(2): empty id; expected 2 fields separated by tabs: row, id")]
    [InlineData("entityId2text.dict", "0\tcar\n1\twheel\n2\tspoke\n3\t\n",
        "entityId2text.dict(4): empty text; expected 2 fields separated by tabs: row, text")]
    [InlineData("entityId2text.dict", "0\tcar\n1\twheel\n2\tspoke\n3\ttruck\n4\tplane\n",
        "entityId2text.dict(5): row '4'; expected a number from 0 to 3, the rows of entities.dict")]
    [InlineData("entityId2text.dict", "0\tcar\n2\tspoke\n3\ttruck\n",
        "train.txt(1): entity 'wheel' has no text; expected one in entityId2text.dict")]
    [InlineData("relationId2text.dict", "0\thas part\n",
        "train.txt(3): relation '_similar_to' has no text; expected one in relationId2text.dict")]
    [InlineData("relationId2text_inverse.dict", "0\tpart of\n",
        "relationId2text_inverse.dict: no row 1; expected a text for '_similar_to', as for every row of relations.dict")]
    [InlineData("entityText_short.txt", "car\nwheel\n", "entityText_short.txt: 2 names; expected 4, one for each line of entities.dict")]
    [InlineData("entityText_short.txt", "car\n\nspoke\ntruck\n", "entityText_short.txt(2): blank line; expected one name a line")]
    public void A_fault_names_file_line_found_and_expected(string name, string content, string message)
    {
        using var files = SmallGraph.Kalm().With(name, content);
        Assert.Equal(message, files.Fault());
    }

    [Fact]
    public void An_entity_without_text_is_a_fault_even_when_no_triple_uses_it()
    {
        using var files = SmallGraph.Kalm().With("entities.dict", "0\tcar\n1\twheel\n2\tspoke\n3\ttruck\n4\tplane\n");
        Assert.Equal("entityId2text.dict: no text for entity 'plane' (index 4); expected one for each of the 5 in entities.dict",
            files.Fault());
    }

    [Fact]
    public void Accepts_byte_order_marks_windows_line_ends_blank_last_lines_and_no_last_line_end()
    {
        using var plain = SmallGraph.Kalm();
        using var files = SmallGraph.Kalm()
            .With("train.txt", [0xEF, 0xBB, 0xBF,
                .. "car\t_has_part\twheel\r\nwheel\t_has_part\tspoke\r\ncar\t_similar_to\ttruck\r\n\r\n\r\n"u8])
            .With("entities.dict", "0\tcar\r\n1\twheel\r\n2\tspoke\r\n3\ttruck\r\n")
            .With("relationId2text.dict", "\uFEFF0\thas part\n1\tsimilar to")
            .With("valid.txt", "truck\t_has_part\twheel");
        var graph = files.Load();
        Assert.Equal(plain.Load().Fingerprint(), graph.Fingerprint());
        Assert.Equal(plain.Load().TextsFingerprint(), graph.TextsFingerprint());
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_a_fault_on_their_line()
    {
        using var files = SmallGraph.Kalm().With("entityId2text.dict", [.. "0\tcafé\n1\t"u8, 0xE9, .. "t\n2\tx\n3\ty\n"u8]);
        Assert.Equal("entityId2text.dict(2): bytes that are not UTF-8; expected a UTF-8 text file", files.Fault());
    }

    [Fact]
    public void A_sequence_that_is_cut_off_at_the_end_is_a_fault_on_the_last_line()
    {
        using var files = SmallGraph.Kalm().With("train.txt", [.. "car\t_has_part\twheel\ncar\t_has_part\t"u8, 0xC3]);
        Assert.Equal("train.txt(2): bytes that are not UTF-8; expected a UTF-8 text file", files.Fault());
    }

    [Fact]
    public void Repeated_triples_are_kept_once_with_a_warning()
    {
        using var files = SmallGraph.Kalm()
            .With("entityText_short.txt", "car\nwheel\nspoke\ntruck\n")
            .With("train.txt", "car\t_has_part\twheel\nwheel\t_has_part\tcar\ncar\t_has_part\twheel\ncar\t_has_part\twheel\n");
        var graph = files.Load();
        Assert.Equal([new Triple(0, 0, 1), new Triple(1, 0, 0)], graph.Train);
        Assert.Equal(new SplitCounts(2, 0, 0), graph.RepeatedTriples);
        Assert.Equal(["train.txt(3): repeated triples, each kept once: 2 lines left out"], graph.Warnings);
    }

    [Fact]
    public void Evaluation_triples_that_train_holds_too_stay_with_a_warning()
    {
        using var files = SmallGraph.Kalm()
            .With("entityText_short.txt", "car\nwheel\nspoke\ntruck\n")
            .With("test.txt", "truck\t_similar_to\tcar\nwheel\t_has_part\tspoke\n");
        var graph = files.Load();
        Assert.Equal(2, graph.Test.Count);
        Assert.Equal(new SplitCounts(0, 0, 1), graph.TriplesAlsoInTrain);
        Assert.Equal(["test.txt(2): triples that train holds too: 1"], graph.Warnings);
    }
}
