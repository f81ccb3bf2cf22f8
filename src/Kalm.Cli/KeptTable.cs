using Kalm.Alignment.Keeping;

namespace Kalm.Cli;

/// <summary>What a model answered before alignment and answers after it.</summary>
internal static class KeptTable
{
    private const int Shown = 160;

    /// <summary>The table.</summary>
    public static ResultTable Of(KeptLanguage kept)
    {
        var table = new ResultTable("what was kept of its language", ["prompt", "before", "after"], numbers: 0);
        foreach (var answer in kept.Answers)
            table.Add(answer.Prompt, Short(answer.Before), Short(answer.After));
        return table;
    }

    /// <summary>An answer on one line, cut where it is long.</summary>
    public static string Short(string answer)
    {
        var line = string.Join(' ', answer.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= Shown ? line : line[..Shown].TrimEnd() + " …";
    }
}
