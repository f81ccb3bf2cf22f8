using Kalm.Completion.Facts;
using ScottPlot;

namespace Kalm.Cli.Plots;

/// <summary>A reliability diagram, as PNG: what was said against what came true; on the diagonal a probability is what it says.</summary>
internal static class ReliabilityPlot
{
    /// <summary>Draws the bins before and after calibration; a point's size tells how many facts it stands for.</summary>
    public static byte[] Draw(string title, IReadOnlyList<ReliabilityBin> before, IReadOnlyList<ReliabilityBin> after)
    {
        using var plot = PlotCanvas.New(title);
        var diagonal = plot.Add.Line(0, 0, 1, 1);
        (diagonal.LineColor, diagonal.LinePattern) = (Colors.Gray, LinePattern.Dashed);
        Add(before, "probability of the answer", Colors.Orange);
        Add(after, "probability of the fact", Colors.SteelBlue);
        plot.XLabel("mean probability");
        plot.YLabel("share that is true");
        plot.Axes.SetLimits(-0.02, 1.02, -0.02, 1.02);
        plot.ShowLegend(ScottPlot.Alignment.UpperLeft);
        return plot.GetImageBytes(640, 600, ImageFormat.Png);

        void Add(IReadOnlyList<ReliabilityBin> bins, string name, Color color)
        {
            var line = plot.Add.Scatter(
                bins.Select(bin => bin.Probability).ToArray(), bins.Select(bin => bin.Share).ToArray(), color);
            (line.LegendText, line.MarkerSize) = (name, 0);
            double all = bins.Sum(bin => bin.Facts);
            foreach (var bin in bins)
                plot.Add.Marker(bin.Probability, bin.Share, MarkerShape.FilledCircle, (float)(5 + 15 * Math.Sqrt(bin.Facts / all)), color);
        }
    }
}
