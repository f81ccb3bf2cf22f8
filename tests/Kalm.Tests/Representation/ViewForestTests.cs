using Kalm.Engine;
using Kalm.Representation;

namespace Kalm.Tests.Representation;

public class ViewForestTests : TorchTest
{
    [Theory]
    [InlineData(WordingStyle.DescriptionFirst)]
    [InlineData(WordingStyle.Compat)]
    public void Views_asked_for_together_are_those_asked_for_alone(WordingStyle style)
    {
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make();
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        var wording = new Wording(model.Model.Tokenizer, new WordingOptions(style));
        int[] Description(int entity) => wording.Description(graph.Entities[entity].Description);
        int[] Relation(int directed) => wording.Relation(graph.DirectedRelationText(directed));
        ViewRequest[] requests =
        [
            new(Description(9), false, [Relation(1), Relation(0)]),
            new(Description(9), true, []), new(Description(12), true, [Relation(2)]),
            new(Description(9), true, [Relation(0)]), new(Description(12), false, [Relation(2), Relation(2)]),
        ];
        var together = new ViewForest(wording, requests);
        using var vectors = Encoder.Encode(model.Decoder, together.Rows, null, TestContext.Current.CancellationToken);

        // Entity 9: its view and two queries; entity 12: its view and one.
        Assert.Equal(5, together.ReadCount);
        foreach (var (index, request) in requests.Index())
        {
            Assert.Equal(request.Count, together.Reads(index).Count);
            var alone = new ViewForest(wording, [request]);
            using var own = Encoder.Encode(model.Decoder, alone.Rows, null, TestContext.Current.CancellationToken);
            foreach (var (read, expected) in together.Reads(index).Zip(alone.Reads(0)))
                Assert.InRange((vectors[read] - own[expected]).abs().max().ReadNumber(), 0, 1e-5);
        }
    }
}
