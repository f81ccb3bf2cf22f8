using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>Search among the nearest that <see cref="NearestNeighbours"/> finds, whose scores are exact. The sum over all others is
/// estimated from a sample.</summary>
internal static class ApproximateSearch
{
    private const int LeastLooked = 256;
    private const int LookedForOneWanted = 4;
    private const int LeastShare = 4;

    /// <summary>Whether a request can be answered so: it looks at less than a quarter of all, and no entity is left out by what only an
    /// exact search sees.</summary>
    public static bool Suits(SearchRequest request, EntityVectors vectors) =>
        request.Admits is null && Looked(request, vectors) < vectors.GraphCount / LeastShare;

    /// <summary>Searches, on the model's thread.</summary>
    /// <param name="vectors">The entities.</param>
    /// <param name="neighbours">Those of the graph.</param>
    /// <param name="queries">[queries, width], unit length.</param>
    /// <param name="requests">What each query wants; all suit.</param>
    /// <param name="temperature">The temperature of the sums.</param>
    public static IReadOnlyList<SearchResult> Run(
        EntityVectors vectors, NearestNeighbours neighbours, Tensor queries, IReadOnlyList<SearchRequest> requests, double temperature)
    {
        using var local = queries.detach().cpu().contiguous();
        var (numbers, width) = (local.data<float>().ToArray(), vectors.Width);
        return [.. requests.Select((request, index) =>
            Of(vectors, neighbours, numbers[(index * width)..((index + 1) * width)], request, temperature))];
    }

    private static int Looked(SearchRequest request, EntityVectors vectors) =>
        Math.Max(LeastLooked, LookedForOneWanted * request.Top)
        + request.Known.Length + request.Rejected.Length + vectors.ReplacedRows.Count + vectors.HiddenRows.Count;

    private static SearchResult Of(
        EntityVectors vectors, NearestNeighbours neighbours, float[] query, SearchRequest request, double temperature)
    {
        // What changed since stands elsewhere in the index than its vector does.
        var looked = new HashSet<int>(neighbours.Of(query, Looked(request, vectors)));
        looked.UnionWith(vectors.ReplacedRows);
        looked.UnionWith(Enumerable.Range(vectors.GraphCount, vectors.Count - vectors.GraphCount));
        looked.RemoveWhere(IsOut);
        var scored = looked.Select(entity => new Hit(entity, EntityVectors.Dot(query, vectors.Row(entity)))).ToList();
        var rivals = scored.Where(hit => !IsKnown(hit.Entity)).Select(hit => hit.Score / temperature).ToList();
        int[] far = [.. neighbours.Sample.Where(entity => !looked.Contains(entity) && !IsOut(entity) && !IsKnown(entity))];
        var others = vectors.Count - vectors.HiddenRows.Count - looked.Count
            - request.Known.Concat(request.Rejected).Append(request.Entity ?? -1)
                .Count(entity => entity >= 0 && !looked.Contains(entity) && !vectors.IsHidden(entity));
        if (far.Length > 0 && others > 0)
            rivals.Add(Math.Log(others / (double)far.Length)
                + EntitySearch.LogSum(far.Select(entity => EntityVectors.Dot(query, vectors.Row(entity)) / temperature)));
        return new SearchResult(
            [.. scored.Where(hit => request.WithKnown || !IsKnown(hit.Entity))
                .OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Entity).Take(request.Top)],
            EntitySearch.LogSum(rivals));

        bool IsOut(int entity) =>
            entity == request.Entity || vectors.IsHidden(entity) || Array.BinarySearch(request.Rejected, entity) >= 0;

        bool IsKnown(int entity) => Array.BinarySearch(request.Known, entity) >= 0;
    }
}
