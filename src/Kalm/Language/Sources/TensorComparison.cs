namespace Kalm.Language.Sources;

/// <summary>Whether tensors hold the same numbers, read in parts.</summary>
internal static class TensorComparison
{
    private const int Chunk = 1 << 16;

    public static bool AreEqual(this ITensorStore store, StoredTensor first, StoredTensor second)
    {
        if (!first.Shape.SequenceEqual(second.Shape))
            return false;
        var (left, right) = (new float[Math.Min(Chunk, first.ElementCount)], new float[Math.Min(Chunk, first.ElementCount)]);
        for (long at = 0; at < first.ElementCount; at += Chunk)
        {
            var count = (int)Math.Min(Chunk, first.ElementCount - at);
            store.ReadSingles(first.Name, at, left.AsSpan(0, count));
            store.ReadSingles(second.Name, at, right.AsSpan(0, count));
            store.Release(first.Name, at, count);
            store.Release(second.Name, at, count);
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count)))
                return false;
        }
        return true;
    }
}
