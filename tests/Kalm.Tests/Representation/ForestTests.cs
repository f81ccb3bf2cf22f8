using Kalm.Language.Tokenization;
using Kalm.Representation;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Representation;

public class ForestTests
{
    [Fact]
    public void Each_distinct_view_is_encoded_once_under_its_description()
    {
        using var folder = SmallGraph.Kalm();
        var graph = folder.Load();
        var texts = new TextIndex(graph, new Wording(Tokenizer.Train(["car, a vehicle"], 270), new WordingOptions()));
        long[] queries = [texts.QueryText(0, 0), texts.QueryText(0, 1), texts.QueryText(0, 3), texts.QueryText(2, 0)];

        var forest = new Forest(texts, [0, 1, 1, 0], [.. queries, queries[0]]);

        // Relation 1 is symmetric, so its two directions are one text: car has three branches, wheel and spoke one each.
        Assert.Equal(5, forest.Rows.Sum(row => row.Reads.Length));
        Assert.Equal(forest.QueryRead(queries[1]), forest.QueryRead(queries[2]));
        int[] read = [forest.EntityRead(0), forest.EntityRead(1), .. new[] { 0, 1, 3 }.Select(index => forest.QueryRead(queries[index]))];
        Assert.Equal([0, 1, 2, 3, 4], read.Order());
        var expected = texts.Descriptions[0].Length + texts.Descriptions[1].Length + texts.Descriptions[2].Length
            + 2 * 2 + texts.Relations[0].Length * 2 + texts.Relations[1].Length + 3 * 2;
        Assert.Equal(expected, forest.TokenCount);
    }

    [Fact]
    public void An_altered_description_is_asked_for_once_and_shared_by_its_views()
    {
        using var folder = SmallGraph.Kalm();
        var texts = new TextIndex(folder.Load(), new Wording(Tokenizer.Train(["car, a vehicle"], 270), new WordingOptions()));
        var asked = new List<int[]>();

        var forest = new Forest(texts, [0], [texts.QueryText(0, 0), texts.QueryText(0, 1)], description =>
        {
            asked.Add(description);
            return description[..1];
        });

        Assert.Equal([texts.Descriptions[0]], asked);
        Assert.Equal(new Forest(texts, [0], [texts.QueryText(0, 0), texts.QueryText(0, 1)]).TokenCount - texts.Descriptions[0].Length + 1,
            forest.TokenCount);
    }
}
