using Kalm.Alignment;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Tests.Alignment;

public sealed class EntityBankTests : TorchTest
{
    private readonly KnowledgeGraph graph;
    private readonly TextIndex texts;
    private readonly KnownTexts known;

    public EntityBankTests()
    {
        using var folder = FamilyGraph.Make();
        graph = folder.Load();
        texts = new TextIndex(graph, new Wording(Kalm.Language.Tokenization.Tokenizer.Train(graph.Entities.Select(Wording.Answer), 300), new WordingOptions()));
        known = new KnownTexts(graph, texts);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(1000)]
    public void Draws_only_stored_texts_outside_the_batch_and_leaves_known_answers_out(int drawn)
    {
        using var bank = new EntityBank(texts.Descriptions.Count, 4, known, drawn, 3, CPU);
        var batch = new ContrastiveBatch(texts, known, new RowSampler(graph, 4, true, 1).Batch(0));
        Assert.Null(bank.Draw(0, batch));
        var stored = Enumerable.Range(0, texts.Descriptions.Count).Where(text => text % 3 != 0).ToArray();
        bank.Store(stored, tensor(stored.SelectMany(text => new float[] { text, 1, 1, 1 }).ToArray(), [stored.Length, 4]));

        using var draw = bank.Draw(1, batch)!;
        var found = draw.Vectors.select(1, 0).data<float>().Select(value => (int)value).ToArray();

        Assert.Equal(Math.Min(drawn, stored.Except(batch.Columns).Count()), found.Length);
        Assert.Equal(found.Length, found.Distinct().Count());
        Assert.Subset(stored.Except(batch.Columns).ToHashSet(), found.ToHashSet());
        var expected = Enumerable.Range(0, batch.Queries.Length)
            .SelectMany(row => Enumerable.Range(0, found.Length).Where(place => known.Answers(batch.Queries[row]).Contains(found[place])).Select(place => (long)row * found.Length + place));
        Assert.Equal(expected, draw.LeftOut.Order());
        using var again = bank.Draw(1, batch)!;
        Assert.Equal(found, again.Vectors.select(1, 0).data<float>().Select(value => (int)value));
    }
}
