using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>What is sought among all entities.</summary>
/// <param name="Entity">The query's own entity, no candidate; null for a text.</param>
/// <param name="Known">The known answers, ascending; they are candidates, but no rivals of the others.</param>
/// <param name="Top">How many are wanted.</param>
/// <param name="WithKnown">Whether known answers are wanted among them.</param>
public sealed record SearchRequest(int? Entity, int[] Known, int Top, bool WithKnown = true)
{
    /// <summary>What is known to be no answer, ascending; no candidates.</summary>
    public int[] Rejected { get; init; } = [];

    /// <summary>Which entities are wanted at all; null for every one. The others stay rivals.</summary>
    public Func<int, bool>? Admits { get; init; }
}

/// <summary>A candidate.</summary>
/// <param name="Entity">Its number in the catalog.</param>
/// <param name="Score">Its cosine to the query.</param>
public readonly record struct Hit(int Entity, float Score);

/// <summary>What was found.</summary>
/// <param name="Hits">The best, the first best; of equal scores the lower entity first.</param>
/// <param name="LogSum">The logarithm of the sum, over all candidates that are not known answers, of exp(cosine / temperature).</param>
public sealed record SearchResult(IReadOnlyList<Hit> Hits, double LogSum);

/// <summary>Search among all entities: exact, all queries against all entities, a block of entities at a time, unless the vectors come with
/// neighbours.</summary>
public static class EntitySearch
{
    private const int Block = 16_384;

    /// <summary>Searches, on the model's thread.</summary>
    /// <param name="vectors">The entities.</param>
    /// <param name="queries">[queries, width], unit length.</param>
    /// <param name="requests">What each query wants.</param>
    /// <param name="temperature">The temperature of the sums.</param>
    /// <exception cref="KalmException">A score is not finite.</exception>
    public static IReadOnlyList<SearchResult> Run(
        EntityVectors vectors, Tensor queries, IReadOnlyList<SearchRequest> requests, double temperature) =>
        vectors.Neighbours is { } near && requests.All(request => ApproximateSearch.Suits(request, vectors))
            ? ApproximateSearch.Run(vectors, near, queries, requests, temperature)
            : Exactly(vectors, queries, requests, temperature);

    /// <summary>The same, exact in any case.</summary>
    internal static IReadOnlyList<SearchResult> Exactly(
        EntityVectors vectors, Tensor queries, IReadOnlyList<SearchRequest> requests, double temperature)
    {
        using var noGradient = no_grad();
        using var inverse = (1 / temperature).ToScalar();
        using var hidden = float.NegativeInfinity.ToScalar();
        var best = requests.Select(request => new BestHits(request.Top)).ToArray();
        var logSums = Enumerable.Repeat(double.NegativeInfinity, requests.Count).ToArray();
        for (int start = 0, count; start < vectors.Count; start += count)
        {
            using var scope = NewDisposeScope();
            var product = vectors.Cosines(queries, start, Block);
            count = (int)product.shape[1];
            var scores = product.cpu().data<float>().ToArray();
            var (first, width) = (start, count);
            Parallel.For(0, requests.Count, index => best[index].Take(scores.AsSpan(index * width, width), first, requests[index]));
            // Own entity and known answers leave the sum before it is taken: what is left may be far smaller than they are.
            var left = requests.SelectMany((request, index) => LeftOut(request, first, width)
                .Select(entity => (long)index * width + entity - first)).ToArray();
            if (left.Length > 0)
                product.view(-1).index_fill_(0, tensor(left, device: product.device), hidden);
            var sums = product.mul(inverse).logsumexp(1).to(ScalarType.Float64).cpu().data<double>().ToArray();
            for (var index = 0; index < sums.Length; index++)
                logSums[index] = LogSum(logSums[index], sums[index]);
        }
        return [.. best.Select((hits, index) => new SearchResult(hits.ToList(), logSums[index]))];
    }

    /// <summary>The probability that a candidate is the answer, all other known answers left out, as the filtered ranks leave them
    /// out.</summary>
    public static double Probability(double score, bool isKnown, double logSum, double temperature) =>
        isKnown ? 1 / (1 + Math.Exp(logSum - score / temperature)) : Math.Exp(score / temperature - logSum);

    private static IEnumerable<int> LeftOut(SearchRequest request, int start, int count)
    {
        if (request.Entity is { } own && own >= start && own < start + count)
            yield return own;
        foreach (var numbers in new[] { request.Known, request.Rejected })
            foreach (var entity in EntityVectors.Within(numbers, start, count))
                yield return entity;
    }

    /// <summary>The logarithm of a sum of powers of e.</summary>
    public static double LogSum(IEnumerable<double> values) => values.Aggregate(double.NegativeInfinity, LogSum);

    private static double LogSum(double left, double right)
    {
        var highest = Math.Max(left, right);
        return double.IsNegativeInfinity(highest) ? highest : highest + Math.Log(Math.Exp(left - highest) + Math.Exp(right - highest));
    }

    private sealed class BestHits(int most)
    {
        private readonly List<Hit> hits = [];

        public void Take(ReadOnlySpan<float> scores, int start, SearchRequest request)
        {
            for (var index = 0; index < scores.Length; index++)
            {
                if (float.IsNegativeInfinity(scores[index]) || (hits.Count == most && !(scores[index] > hits[^1].Score)))
                    continue;
                var entity = start + index;
                if (entity == request.Entity || Array.BinarySearch(request.Rejected, entity) >= 0
                    || (!request.WithKnown && Array.BinarySearch(request.Known, entity) >= 0) || request.Admits?.Invoke(entity) == false)
                    continue;
                var place = hits.Count;
                while (place > 0 && hits[place - 1].Score < scores[index])
                    place--;
                hits.Insert(place, new Hit(entity, scores[index]));
                if (hits.Count > most)
                    hits.RemoveAt(most);
            }
        }

        public List<Hit> ToList() => hits;
    }
}
