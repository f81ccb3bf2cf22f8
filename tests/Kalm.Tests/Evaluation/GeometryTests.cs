using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Evaluation;

public sealed class GeometryTests : TorchTest
{
    [Fact]
    public void Measures_are_those_of_vectors_encoded_one_by_one()
    {
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make(4);
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        var texts = new TextIndex(graph, model.Wording);
        var measured = Measure(model, graph, graph.Test, 200_000, 3);

        Assert.Equal((200_000, 2 * graph.Test.Count), (measured.Pairs, measured.PositivePairs));
        var distances = graph.Test.SelectMany(triple => new[] { graph.Row(triple, Side.Tail), graph.Row(triple, Side.Head) })
            .Select(row => SquaredDistance(View(model, row.Head, row.DirectedRelation, graph), View(model, row.Tail, null, graph)));
        Assert.Equal(distances.Average(), measured.Alignment!.Value, 1e-5);

        // So many draws among so few texts come near the mean over every pair.
        var views = Enumerable.Range(0, graph.Entities.Count).Select(entity => View(model, entity, null, graph)).ToList();
        var pairs = views
            .SelectMany((left, index) => views.Where((_, other) => other != index).Select(right => SquaredDistance(left, right))).ToList();
        Assert.Equal(graph.Entities.Count, texts.Descriptions.Count);
        Assert.Equal(1 - pairs.Average() / 2, measured.Anisotropy!.Value, 2e-3);
        Assert.Equal(Math.Log(pairs.Average(square => Math.Exp(-2 * square))), measured.Uniformity!.Value, 1e-2);

        var similarities = Geometry.Similarities(model.Decoder, texts, [5, 2, 5]);
        Assert.Equal(1 - SquaredDistance(views[5], views[2]) / 2, similarities[0, 1], 1e-5);
        Assert.Equal(1, similarities[0, 2], 1e-5);
    }

    [Fact]
    public void Two_texts_have_one_cosine_and_the_seed_decides_nothing_else_than_the_draw()
    {
        using var folder = new TemporaryFolder();
        using var files = SmallGraph.Kalm()
            .With("entityId2text.dict", "0\tcar, a vehicle\n1\tcar, a vehicle\n2\tcar, a vehicle\n3\twheel, a part\n");
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 1);

        var measured = Measure(model, graph, [], 7, 1);

        // Text twins count once, so the only pair is car and wheel.
        var square = SquaredDistance(View(model, 0, null, graph), View(model, 3, null, graph));
        Assert.Equal((7, 0, null), (measured.Pairs, measured.PositivePairs, measured.Alignment));
        Assert.Equal(1 - square / 2, measured.Anisotropy!.Value, 1e-5);
        Assert.Equal(-2 * square, measured.Uniformity!.Value, 1e-4);

        using var larger = FamilyGraph.Make(4);
        var family = larger.Load();
        Assert.Equal(Measure(model, family, family.Test, 20, 5), Measure(model, family, family.Test, 20, 5));
        Assert.NotEqual(Measure(model, family, family.Test, 20, 5).Anisotropy, Measure(model, family, family.Test, 20, 6).Anisotropy);
    }

    [Fact]
    public void One_text_has_no_pairs()
    {
        using var folder = new TemporaryFolder();
        using var files = SmallGraph.Kalm().With("entityId2text.dict", "0\tcar\n1\tcar\n2\tcar\n3\tcar\n");
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 1);
        Assert.Equal(new Geometry(0, null, null, 0, null), Measure(model, graph, [], 10, 1));
        Assert.Null(Measure(model, graph, graph.Test, 10, 1).Anisotropy);
    }

    private static Geometry Measure(
        LoadedModel model, KnowledgeGraph graph, IReadOnlyList<Triple> triples, int pairs, long seed) => Geometry.Measure(
        model.Decoder, graph, new TextIndex(graph, model.Wording), triples, pairs, seed, null, TestContext.Current.CancellationToken);

    private static float[] View(LoadedModel model, int entity, int? directedRelation, KnowledgeGraph graph)
    {
        var relations = directedRelation is { } relation ? new[] { model.Wording.Relation(graph.DirectedRelationText(relation)) } : [];
        var trees = model.Wording.Views(model.Wording.Description(graph.Entities[entity].Description), directedRelation is null, relations);
        using var vectors = Encoder.Encode(model.Decoder, [.. trees.SelectMany(tree => tree.ToRows(1000))]);
        return vectors.data<float>().ToArray();
    }

    private static double SquaredDistance(float[] left, float[] right) => left.Zip(right, (a, b) => Math.Pow((double)a - b, 2)).Sum();
}
