using ScottPlot;

namespace Kalm.Cli.Plots;

/// <summary>A heat map of the cosines among entities, as PNG.</summary>
internal static class SimilarityMap
{
    /// <summary>Cosines as colours, from -1 to 1.</summary>
    public static byte[] Draw(string title, IReadOnlyList<string> names, double[,] cosines)
    {
        using var plot = PlotCanvas.New(title);
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
}
