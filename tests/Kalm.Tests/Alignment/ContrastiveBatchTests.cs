using System.Text.Json;
using Kalm.Alignment;
using Kalm.Graph;
using Kalm.Language.Tokenization;
using Kalm.Representation;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Alignment;

public class ContrastiveBatchTests
{
    public static IEnumerable<TheoryDataRow<string>> Batches() =>
        Fixture.Load("mask.json").GetProperty("batches").EnumerateArray()
            .Select(item => new TheoryDataRow<string>(item.GetProperty("name").GetString()!));

    [Theory]
    [MemberData(nameof(Batches))]
    public void Columns_targets_mask_and_own_heads_equal_the_hand_worked_table(string name)
    {
        var toy = Fixture.Load("mask.json");
        var expected = toy.GetProperty("batches").EnumerateArray().Single(item => item.GetProperty("name").GetString() == name);
        using var folder = Folder(toy);
        var graph = folder.Load();
        var entityTexts = toy.GetProperty("entities").EnumerateArray().Select(item => item.GetString()!).ToArray();
        var texts = new TextIndex(graph, new Wording(Tokenizer.Train(entityTexts, 300), new WordingOptions()));
        var triples = expected.GetProperty("triples").EnumerateArray().Select(item => item.Integers())
            .Select(item => new Triple(item[0], item[1], item[2]))
            .SelectMany(triple => new[] { graph.Row(triple, Side.Tail), graph.Row(triple, Side.Head) }).ToList();

        var batch = new ContrastiveBatch(texts, new KnownTexts(graph, texts), triples);

        var columns = expected.GetProperty("columns").EnumerateArray().Select(item => item.GetString()!).ToArray();
        Assert.Equal(columns, batch.Columns.Select(text => entityTexts[Array.IndexOf(texts.EntityText, text)]));
        Assert.Equal(expected.GetProperty("target").Integers(), batch.Targets);
        Assert.Equal(expected.GetProperty("own_head").Integers(), batch.OwnHeads);
        var known = expected.GetProperty("known").EnumerateArray()
            .Select(row => row.EnumerateArray().Select(item => item.GetBoolean()).ToArray()).ToArray();
        for (var row = 0; row < known.Length; row++)
            Assert.Equal(known[row], Enumerable.Range(0, columns.Length).Select(column => batch.Known[row].Contains(column)));
    }

    [Fact]
    public void Texts_that_agree_up_to_the_cut_are_one_column()
    {
        using var folder = SmallGraph.Kalm().With(
            "entityId2text.dict", "0\tcar, a road vehicle\n1\twheel, a round part x\n2\twheel, a round part y\n3\ttruck, a big vehicle\n");
        var graph = folder.Load();
        var tokenizer = Tokenizer.Train(["abc"], 257);

        var whole = new TextIndex(graph, new Wording(tokenizer, new WordingOptions()));
        var cut = new TextIndex(graph, new Wording(tokenizer, new WordingOptions(MaximumTextTokens: 18)));

        Assert.NotEqual(whole.EntityText[1], whole.EntityText[2]);
        Assert.Equal(cut.EntityText[1], cut.EntityText[2]);
    }

    [Fact]
    public void Further_columns_stand_behind_the_tails_with_answers_and_own_heads_told()
    {
        using var folder = SmallGraph.Kalm().With("train.txt", "car\thas\twheel\ntruck\thas\twheel\ncar\thas\tengine\n")
            .With("entities.dict", "0\tcar\n1\twheel\n2\tengine\n3\ttruck\n")
            .With("entityId2text.dict", "0\ta car\n1\ta wheel\n2\tan engine\n3\ta truck\n")
            .With("relations.dict", "0\thas\n").With("relationId2text.dict", "0\thas\n").With("relationId2text_inverse.dict", "0\tis of\n")
            .Without("valid.txt").Without("test.txt");
        var graph = folder.Load();
        var texts = new TextIndex(graph, new Wording(Tokenizer.Train(["abc"], 257), new WordingOptions()));
        var known = new KnownTexts(graph, texts);
        var (car, wheel, engine, truck) = (texts.EntityText[0], texts.EntityText[1], texts.EntityText[2], texts.EntityText[3]);

        var batch = new ContrastiveBatch(texts, known, [graph.Row(new Triple(0, 0, 1), Side.Tail)], [truck, wheel, engine, car]);

        Assert.Equal([wheel, truck, engine, car], batch.Columns);
        Assert.Equal([0], batch.Targets);
        Assert.Equal([2], batch.Known[0]);
        Assert.Equal([3], batch.OwnHeads);
        Assert.All(batch.ExpectedCounts, presence => Assert.Equal(1, presence));
        var two = known.Presence([wheel, truck]);
        Assert.True(two[0] > two[1]);
        // Both directions: wheel and car are tails of two rows each, engine and truck of one.
        Assert.Equal(2, 2 * two[0] + 2 * two[1], 1e-6);
    }

    private static SmallGraph Folder(JsonElement toy)
    {
        var entities = toy.GetProperty("entities").EnumerateArray().Select(item => item.GetString()!).ToArray();
        var relations = toy.GetProperty("relations").EnumerateArray().ToArray();
        return SmallGraph.Kalm().Without("valid.txt").Without("test.txt")
            .With("entities.dict", string.Concat(entities.Select((_, index) => $"{index}\te{index}\n")))
            .With("entityId2text.dict", string.Concat(entities.Select((text, index) => $"{index}\t{text}\n")))
            .With("relations.dict", string.Concat(relations.Select((_, index) => $"{index}\tr{index}\n")))
            .With("relationId2text.dict",
                string.Concat(relations.Select((item, index) => $"{index}\t{item.GetProperty("text").GetString()}\n")))
            .With("relationId2text_inverse.dict",
                string.Concat(relations.Select((item, index) => $"{index}\t{item.GetProperty("inverse_text").GetString()}\n")))
            .With("train.txt", string.Concat(toy.GetProperty("train").EnumerateArray()
                .Select(item => item.Integers()).Select(item => $"e{item[0]}\tr{item[1]}\te{item[2]}\n")));
    }
}
