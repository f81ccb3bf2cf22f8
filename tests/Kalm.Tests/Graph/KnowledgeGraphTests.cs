using Kalm.Graph;

namespace Kalm.Tests.Graph;

public class KnowledgeGraphTests
{
    [Fact]
    public void A_folder_of_neither_layout_says_what_was_looked_for_and_found()
    {
        using var folder = new TemporaryFolder();
        folder.Write("notes.md", "nothing");
        var message = Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.Path)).Message;
        Assert.StartsWith(
            $"{folder.Path}: not a graph of any known format; found notes.md; expected one of kalm, kg-bert, ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_folder_says_that_it_holds_no_files()
    {
        using var folder = new TemporaryFolder();
        var message = Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.Path)).Message;
        Assert.Contains("no files; expected a folder or archive that holds a graph", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_both_layouts_is_ambiguous()
    {
        using var files = SmallGraph.Kalm().With("train.tsv", "x").With("entity2text.txt", "x").With("relation2text.txt", "x");
        Assert.StartsWith($"{files.Path}: ambiguous, it holds two graphs; expected one format, chosen by --format", files.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_another_layout_are_left_alone_with_a_warning()
    {
        using var files = SmallGraph.KgBert().With("train.txt", "x");
        Assert.Equal(["train.txt: not read, the folder is taken for a KG-BERT folder (.tsv and .txt)"], files.Load().Warnings);
    }

    [Fact]
    public void A_missing_file_is_named_with_its_layout()
    {
        using var files = SmallGraph.Kalm().Without("relations.dict");
        Assert.Equal($"relations.dict: not found in {files.Path}; expected beside train.txt, entities.dict, entityId2text.dict, " +
            "relationId2text.dict (KaLM folder (.txt and .dict))", files.Fault());
    }

    [Fact]
    public void A_file_that_is_no_table_is_a_fault()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("train.txt", "x");
        Assert.StartsWith($"{file}: not a graph of any known format; found train.txt; expected one of ",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_does_not_exist_is_a_fault()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal($"{folder.File("none")}: no such folder or file; expected a folder that holds a graph, a file of it, or an archive of either "
            + "(.zip, .gz, .zst)",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.File("none"))).Message);
    }

    [Fact]
    public void Finds_indices_by_id_and_suggests_what_was_meant()
    {
        using var files = SmallGraph.Kalm();
        var graph = files.Load();
        Assert.Equal(3, graph.EntityIndex("truck"));
        Assert.Equal(1, graph.RelationIndex("_similar_to"));
        Assert.Equal("unknown entity 'weel'; did you mean 'wheel'?", Assert.Throws<KalmException>(() => graph.EntityIndex("weel")).Message);
        Assert.Equal("unknown relation 'similar to'; did you mean '_similar_to'?",
            Assert.Throws<KalmException>(() => graph.RelationIndex("similar to")).Message);
        Assert.Equal("unknown relation 'x'; expected one of _has_part, _similar_to",
            Assert.Throws<KalmException>(() => graph.RelationIndex("x")).Message);
    }

    [Fact]
    public void A_triple_is_two_rows_and_inverse_relations_follow_the_forward_ones()
    {
        using var files = SmallGraph.Kalm();
        var graph = files.Load();
        Assert.Equal(new DirectedRow(0, 0, 1), graph.Row(new Triple(0, 0, 1), Side.Tail));
        Assert.Equal(new DirectedRow(1, 2, 0), graph.Row(new Triple(0, 0, 1), Side.Head));
        Assert.Equal(["has part", "similar to", "part of", "similar to"], Enumerable.Range(0, 4).Select(graph.DirectedRelationText));
        Assert.Equal([2, 3, 0, 1], Enumerable.Range(0, 4).Select(graph.InverseOf));
    }

    [Fact]
    public void Fingerprints_do_not_depend_on_the_path()
    {
        using var one = SmallGraph.Kalm();
        using var other = SmallGraph.Kalm();
        Assert.Equal(one.Load().Fingerprint(), other.Load().Fingerprint());
        Assert.Equal(one.Load().TextsFingerprint(), other.Load().TextsFingerprint());
        Assert.Matches("^[0-9a-f]{64}$", one.Load().Fingerprint());
        Assert.NotEqual(one.Load().Fingerprint(), one.Load().TextsFingerprint());
    }

    [Fact]
    public void Fingerprints_tell_triples_from_texts()
    {
        using var graph = SmallGraph.Kalm();
        using var otherTriple = SmallGraph.Kalm().With("test.txt", "truck\t_has_part\tspoke\n");
        using var otherSplit = SmallGraph.Kalm().With("valid.txt", "")
            .With("test.txt", "truck\t_has_part\twheel\ntruck\t_similar_to\tcar\n");
        using var otherInverse = SmallGraph.Kalm().With("relationId2text_inverse.dict", "0\tbelongs to\n1\tsimilar to\n");
        using var otherName = SmallGraph.Kalm().With("entityText_short.txt", "auto\nwheel\nspoke\ntruck\n");
        var (triples, texts) = (graph.Load().Fingerprint(), graph.Load().TextsFingerprint());
        Assert.NotEqual(triples, otherTriple.Load().Fingerprint());
        Assert.NotEqual(triples, otherSplit.Load().Fingerprint());
        Assert.Equal(triples, otherInverse.Load().Fingerprint());
        Assert.Equal(texts, otherTriple.Load().TextsFingerprint());
        Assert.NotEqual(texts, otherInverse.Load().TextsFingerprint());
        Assert.NotEqual(texts, otherName.Load().TextsFingerprint());
    }
}
