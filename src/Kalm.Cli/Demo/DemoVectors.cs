using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Cli.Demo;

/// <summary>The unit vectors of all entities and of a few queries, as plain numbers.</summary>
internal sealed class DemoVectors
{
    private readonly TextIndex texts;
    private readonly Forest forest;
    private readonly float[] numbers;
    private readonly int width;

    /// <summary>Encodes.</summary>
    public DemoVectors(LoadedModel model, KnowledgeGraph graph, IReadOnlyList<CompletionQuery> queries, CancellationToken cancellation)
    {
        texts = new TextIndex(graph, model.Wording);
        forest = new Forest(
            texts, Enumerable.Range(0, texts.Descriptions.Count), queries.Select(query => texts.QueryText(query.Entity, query.DirectedRelation)));
        using var scope = NewDisposeScope();
        var vectors = Encoder.EncodeAll(model.Decoder, forest.Rows, null, cancellation);
        numbers = vectors.cpu().contiguous().data<float>().ToArray();
        width = (int)vectors.shape[1];
    }

    /// <summary>The entities that answer a query best, the other known answers and its own entity left out.</summary>
    public IReadOnlyList<int> Best(CompletionQuery query, KnownFacts known, int count)
    {
        var others = known.Answers(query.Entity, query.DirectedRelation).ToArray().Append(query.Entity).Where(answer => answer != query.Answer).ToHashSet();
        var vector = Vector(forest.QueryRead(texts.QueryText(query.Entity, query.DirectedRelation))).ToArray();
        return [.. Enumerable.Range(0, texts.EntityText.Length).Where(entity => !others.Contains(entity))
            .OrderByDescending(entity => Dot(vector, Vector(forest.EntityRead(texts.EntityText[entity])))).Take(count)];
    }

    /// <summary>The cosines among entities.</summary>
    public double[,] Cosines(IReadOnlyList<int> entities)
    {
        var cosines = new double[entities.Count, entities.Count];
        for (var row = 0; row < entities.Count; row++)
            for (var column = 0; column < entities.Count; column++)
                cosines[row, column] = Dot(
                    Vector(forest.EntityRead(texts.EntityText[entities[row]])), Vector(forest.EntityRead(texts.EntityText[entities[column]])));
        return cosines;
    }

    private ReadOnlySpan<float> Vector(int read) => numbers.AsSpan(read * width, width);

    private static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var sum = 0f;
        for (var index = 0; index < left.Length; index++)
            sum += left[index] * right[index];
        return sum;
    }
}
