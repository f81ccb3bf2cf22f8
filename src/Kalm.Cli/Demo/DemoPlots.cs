using System.Text.Json;
using Kalm.Alignment;
using ScottPlot;

namespace Kalm.Cli.Demo;

/// <summary>The plots of a report, as PNG.</summary>
internal static class DemoPlots
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
        title, [.. validations.Select(validation => (double)validation.Step)], [.. validations.Select(validation => validation.MeanReciprocalRank)], withMarkers: true);

    /// <summary>Cosines as colours, from -1 to 1.</summary>
    public static byte[] HeatMap(string title, IReadOnlyList<string> names, double[,] cosines)
    {
        using var plot = NewPlot(title);
        // A heat map has its first row on top; the axis counts upwards.
        var map = plot.Add.Heatmap(cosines);
        map.Colormap = new ScottPlot.Colormaps.Viridis();
        map.ManualRange = new ScottPlot.Range(-1, 1);
        plot.Add.ColorBar(map);
        var positions = Enumerable.Range(0, names.Count).Select(index => (double)index).ToArray();
        plot.Axes.Left.SetTicks([.. positions.Reverse()], [.. names]);
        plot.Axes.Bottom.SetTicks(positions, [.. names]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -90;
        plot.Axes.Bottom.TickLabelStyle.Alignment = ScottPlot.Alignment.MiddleRight;
        plot.Axes.Bottom.MinimumSize = 150;
        plot.Axes.Left.MinimumSize = 150;
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom })
            axis.TickLabelStyle.FontSize = 10;
        plot.Axes.Margins(0, 0);
        return plot.GetImageBytes(760, 720, ImageFormat.Png);
    }

    private static byte[] Line(string title, IReadOnlyList<double> steps, IReadOnlyList<double> values, bool withMarkers)
    {
        using var plot = NewPlot(title);
        var line = plot.Add.Scatter(steps.ToArray(), values.ToArray());
        line.MarkerSize = withMarkers ? 6 : 0;
        plot.XLabel("step");
        return plot.GetImageBytes(500, 320, ImageFormat.Png);
    }

    private static Plot NewPlot(string title)
    {
        EmbeddedFont.Install();
        var plot = new Plot();
        plot.Font.Set(EmbeddedFont.Name);
        plot.Title(title, size: 14);
        return plot;
    }
}
