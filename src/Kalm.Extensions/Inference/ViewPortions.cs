using Kalm.Representation;

namespace Kalm.Extensions.Inference;

/// <summary>Divides many views into portions that are encoded one after the other: memory stays that of a portion, and others get their
/// turn between two.</summary>
internal static class ViewPortions
{
    private const int Most = 256;
    private const int TokensOfOne = 16;

    /// <summary>What a request counts for: a view each, or one for every 16 tokens of a long text.</summary>
    public static int WeightOf(ViewRequest request) => Math.Max(request.Count, request.Description.Length / TokensOfOne);

    /// <summary>The portions, in order; one text is never divided.</summary>
    public static IEnumerable<IReadOnlyList<ViewRequest>> Of(IEnumerable<ViewRequest> requests)
    {
        var (portion, weight) = (new List<ViewRequest>(), 0);
        foreach (var request in requests)
        {
            if (portion.Count > 0 && weight + WeightOf(request) > Most)
            {
                yield return portion;
                (portion, weight) = ([], 0);
            }
            portion.Add(request);
            weight += WeightOf(request);
        }
        if (portion.Count > 0)
            yield return portion;
    }
}
