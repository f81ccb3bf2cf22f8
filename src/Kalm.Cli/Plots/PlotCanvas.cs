using ScottPlot;

namespace Kalm.Cli.Plots;

/// <summary>How every plot looks.</summary>
internal static class PlotCanvas
{
    /// <summary>An empty plot whose text can be drawn on any machine.</summary>
    public static Plot New(string title)
    {
        EmbeddedFont.Install();
        var plot = new Plot();
        plot.Font.Set(EmbeddedFont.Name);
        plot.Title(title, size: 14);
        return plot;
    }
}
