using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Kalm.Evaluation.Questions;

/// <summary>The accuracies of one task, as fractions.</summary>
/// <param name="Kind">The task.</param>
/// <param name="Questions">The number of questions.</param>
/// <param name="Exact">The free answer is the right name, letter by letter.</param>
/// <param name="Normalised">The same without case, articles and punctuation, first line.</param>
/// <param name="Linked">The name found in the free answer is the right one.</param>
/// <param name="Sense">The same, and the right one of several entities of that name.</param>
/// <param name="Constrained">The likeliest allowed answer is the right one.</param>
/// <param name="Filtered">The same, other answers known to be true left out.</param>
public sealed record QuestionAccuracy(
    QuestionKind Kind, int Questions, double Exact, double Normalised, double Linked, double Sense, double Constrained, double Filtered)
{
    /// <summary>Counts.</summary>
    /// <param name="kind">The task.</param>
    /// <param name="answers">At least one.</param>
    public static QuestionAccuracy Of(QuestionKind kind, IReadOnlyList<QuestionAnswer> answers)
    {
        return new(
            kind, answers.Count, Share(answer => answer.IsExact), Share(answer => answer.IsNormalised), Share(answer => answer.IsLinked),
            Share(answer => answer.IsSense), Share(answer => answer.IsConstrained), Share(answer => answer.IsFiltered));

        double Share(Func<QuestionAnswer, bool> isRight) => answers.Count(isRight) / (double)answers.Count;
    }

    /// <summary>The accuracies for programs.</summary>
    public JsonObject ToJson() => new()
    {
        ["questions"] = Questions,
        ["exact"] = Exact,
        ["normalised"] = Normalised,
        ["linked"] = Linked,
        ["linked_sense"] = Sense,
        ["constrained"] = Constrained,
        ["constrained_filtered"] = Filtered,
    };
}

/// <summary>The file of all answers.</summary>
public static class AnswersTable
{
    /// <summary>A line an answer, tab-separated, with a header line; line breaks and tabs within texts are written \n and \t.</summary>
    public static string Write(IEnumerable<QuestionAnswer> answers)
    {
        var table = new StringBuilder(
            "task\tprompt\tanswer\tconstrained\tlog_probability\tgold\texact\tnormalised\tlinked\tconstrained_right\tfiltered_right\n");
        foreach (var answer in answers)
            table.Append(CultureInfo.InvariantCulture,
                $"{answer.Question.Kind.ToString().ToLowerInvariant()}\t{Escape(answer.Prompt)}\t{Escape(answer.Free)}\t")
                .Append(CultureInfo.InvariantCulture,
                    $"{Escape(answer.Constrained)}\t{answer.LogProbability:R}\t{Escape(answer.Question.Gold)}\t")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"{Yes(answer.IsExact)}\t{Yes(answer.IsNormalised)}\t{Yes(answer.IsLinked)}\t"
                    + $"{Yes(answer.IsConstrained)}\t{Yes(answer.IsFiltered)}\n");
        return table.ToString();

        static string Yes(bool value) => value ? "yes" : "no";
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\").Replace("\n", "\\n").Replace("\r", "\\r").Replace("\t", "\\t");
}
