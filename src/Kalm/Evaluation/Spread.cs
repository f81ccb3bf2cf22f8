using System.Text.Json.Nodes;

namespace Kalm.Evaluation;

/// <summary>How a measure spreads over runs that differ by their seed alone.</summary>
/// <param name="Mean">Over the runs, each counting the same.</param>
/// <param name="Deviation">The standard deviation of a sample (n - 1); null for one run.</param>
public sealed record Spread(double Mean, double? Deviation)
{
    /// <summary>Of values, one a run; null when there are none or one is missing.</summary>
    public static Spread? Of(params IReadOnlyList<double?> values)
    {
        if (values.Count == 0 || values.Contains(null))
            return null;
        var mean = values.Average()!.Value;
        return new Spread(mean, values.Count == 1 ? null
            : Math.Sqrt(values.Sum(value => (value!.Value - mean) * (value.Value - mean)) / (values.Count - 1)));
    }

    /// <summary>The means and the deviations of several measures by their names, as the fields <c>mean</c> and <c>deviation</c>.</summary>
    public static void Write(JsonObject json, params IReadOnlyList<(string Name, Spread? Spread)> measures)
    {
        ArgumentNullException.ThrowIfNull(json);
        json["mean"] = new JsonObject(measures.Select(item => KeyValuePair.Create(item.Name, (JsonNode?)item.Spread?.Mean)));
        json["deviation"] = new JsonObject(measures.Select(item => KeyValuePair.Create(item.Name, (JsonNode?)item.Spread?.Deviation)));
    }
}
