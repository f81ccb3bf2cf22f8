namespace Kalm.Cli.Progress;

/// <summary>The words of progress, the same on a terminal and in a file.</summary>
internal static class ProgressText
{
    // The other measures are for metrics.jsonl; a line on a terminal is short.
    private static readonly string[] Shown = ["loss", "explicit", "implicit", "keep", "temperature", "accuracy"];

    /// <summary>Puts the parts that are there side by side.</summary>
    public static string Join(params IEnumerable<string> parts) => string.Join("  ", parts.Where(part => part.Length > 0));

    /// <summary>12/1,000, or 12 while the total is unknown.</summary>
    public static string Count(int done, int? total) => total is { } all ? $"{done:N0}/{all:N0}" : $"{done:N0}";

    /// <summary>The count of a stage; empty where nothing is counted.</summary>
    public static string Count(ProgressStage stage) => stage.Total == 1 ? "" : Count(stage.Done, stage.Total);

    /// <summary>As many of the parts side by side, from the first on, as a line holds; the first is cut where it is too long.</summary>
    /// <param name="parts">ASCII, of which each takes a column of the terminal.</param>
    /// <param name="width">Columns of the line.</param>
    public static string Fit(IEnumerable<string> parts, int width)
    {
        var line = "";
        foreach (var part in parts.Where(part => part.Length > 0))
        {
            var longer = Join(line, part);
            if (longer.Length > width)
                return line.Length > 0 ? line : width < 1 ? "" : part[..(width - 1)] + "…";
            line = longer;
        }
        return line;
    }

    /// <summary>The loss and its parts, the temperature and the in-batch accuracy, as far as they are measured.</summary>
    public static IEnumerable<string> Measures(IEnumerable<KeyValuePair<string, double>> measures)
    {
        var known = measures.ToDictionary();
        return Shown.Where(known.ContainsKey).Select(name => $"{name} {known[name]:F3}");
    }

    /// <summary>Items a second; empty while unknown.</summary>
    /// <param name="rate">Items a second.</param>
    /// <param name="unit">With its time, such as <c>triples/s</c>; empty for plain items.</param>
    public static string Rate(double? rate, string unit) => rate is not { } value || !double.IsFinite(value) ? ""
        : $"{value.ToString(value < 10 ? "F1" : "N0")}{(unit.Length == 0 ? "/s" : $" {unit}")}";

    /// <summary>1:02:03 left; empty while unknown.</summary>
    public static string Left(TimeSpan? remaining) => remaining is not { } left ? ""
        : left.TotalHours >= 1
        ? $"{(int)left.TotalHours}:{left.Minutes:D2}:{left.Seconds:D2} left" : $"{left.Minutes}:{left.Seconds:D2} left";
}
