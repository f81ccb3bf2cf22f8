using Kalm.Evaluation.Vectors;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>The vectors of an index as rankings read them: a row for each distinct entity text.</summary>
internal sealed class IndexedTexts : IEntityVectors
{
    private readonly EntityVectors vectors;
    private readonly Tensor rows;

    /// <summary>Takes the row of the first entity that has a text.</summary>
    /// <param name="vectors">The entities of the same graph; owned from here on.</param>
    /// <param name="texts">The texts of all of them.</param>
    public IndexedTexts(EntityVectors vectors, TextIndex texts)
    {
        this.vectors = vectors;
        var first = new long[texts.Descriptions.Count];
        for (var entity = texts.EntityText.Length - 1; entity >= 0; entity--)
            first[texts.EntityText[entity]] = entity;
        rows = tensor(first);
    }

    /// <inheritdoc/>
    public int Count => (int)rows.shape[0];

    /// <inheritdoc/>
    public int Width => vectors.Width;

    /// <inheritdoc/>
    public Tensor Read(int start, int count)
    {
        using var scope = NewDisposeScope();
        var all = vectors.Block(0, vectors.GraphCount);
        return all.index_select(0, rows.narrow(0, start, count).to(all.device)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rows.Dispose();
        vectors.Dispose();
    }
}
