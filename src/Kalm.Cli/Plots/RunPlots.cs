using System.Text.Json;
using Kalm.Alignment;
using ScottPlot;

namespace Kalm.Cli.Plots;

/// <summary>The plots of a run, as PNG.</summary>
internal static class RunPlots
{
    /// <summary>One measure of every step.</summary>
    /// <param name="title">Stands above it.</param>
    /// <param name="metrics">The run's metrics.jsonl.</param>
    /// <param name="measure">The measure's name there; steps without it are passed over.</param>
    public static byte[] Curve(string title, string metrics, string measure)
    {
        var (steps, values) = (new List<double>(), new List<double>());
        foreach (var line in File.ReadLines(metrics))
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.TryGetProperty(measure, out var value))
            {
                steps.Add(json.RootElement.GetProperty("step").GetDouble());
                values.Add(value.GetDouble());
            }
        }
        return Line(title, steps, values, withMarkers: false);
    }

    /// <summary>The validation MRR of a run.</summary>
    public static byte[] Validations(string title, IReadOnlyList<RunValidation> validations) => Line(
        title, [.. validations.Select(validation => (double)validation.Step)],
        [.. validations.Select(validation => validation.MeanReciprocalRank)], withMarkers: true);

    private static byte[] Line(string title, IReadOnlyList<double> steps, IReadOnlyList<double> values, bool withMarkers)
    {
        using var plot = PlotCanvas.New(title);
        var line = plot.Add.Scatter(steps.ToArray(), values.ToArray());
        line.MarkerSize = withMarkers ? 6 : 0;
        plot.XLabel("step");
        return plot.GetImageBytes(500, 320, ImageFormat.Png);
    }
}
