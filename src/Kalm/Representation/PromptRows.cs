using Kalm.Language.Execution;

namespace Kalm.Representation;

/// <summary>Prompts packed under the instruction that they share, with the labels of each row.</summary>
/// <param name="Rows">Packed rows.</param>
/// <param name="Labels">For each row the token that should follow each of its reads.</param>
/// <param name="Shares">For each label its share of its prompt's response: what decides the response counts 1, what only follows from
/// that a quarter.</param>
public sealed record PromptRows(IReadOnlyList<TokenRow> Rows, IReadOnlyList<int[]> Labels, IReadOnlyList<float[]> Shares)
{
    /// <summary>Attention over a row costs its length squared, so only a few prompts share one.</summary>
    private const int RowTokens = 256;

    private const float Following = 0.25f;

    /// <summary>Packs prompts, those that begin with the same prefix together.</summary>
    /// <param name="prompts">At least one.</param>
    public static PromptRows Pack(IReadOnlyList<CompletionPrompt> prompts)
    {
        var rows = new List<TokenRow>();
        var rowLabels = new List<int[]>();
        var rowShares = new List<float[]>();
        // Several questions about one thing share its text too; a single one shares only the instruction, with as many others as find room.
        var subjects = prompts.GroupBy(prompt => string.Join(' ', [.. prompt.Prefix, -1, .. prompt.Subject]))
            .ToLookup(group => group.Skip(1).Any() && group.First().SubjectTokens > 0);
        foreach (var group in subjects[true])
            Pack([.. group.Select(prompt => prompt.WithSubjectInPrefix())], rows, rowLabels, rowShares);
        foreach (var group in subjects[false].SelectMany(group => group).GroupBy(prompt => string.Join(' ', prompt.Prefix)))
            Pack([.. group], rows, rowLabels, rowShares);
        return new PromptRows(rows, rowLabels, rowShares);
    }

    private static IEnumerable<float> SharesOf(CompletionPrompt prompt)
    {
        var rest = prompt.Labels.Length - prompt.DecisiveTokens;
        if (rest == 0)
            return Enumerable.Repeat(1f / prompt.DecisiveTokens, prompt.DecisiveTokens);
        return [
            .. Enumerable.Repeat(1f / prompt.DecisiveTokens, prompt.DecisiveTokens), .. Enumerable.Repeat(Following / rest, rest)];
    }

    private static void Pack(CompletionPrompt[] prompts, List<TokenRow> rows, List<int[]> rowLabels, List<float[]> rowShares)
    {
        var labels = prompts.SelectMany(prompt => prompt.Labels).ToArray();
        var shares = prompts.SelectMany(SharesOf).ToArray();
        var at = 0;
        foreach (var row in new TextTree(prompts[0].Prefix, [.. prompts.Select(prompt => prompt.Branch)]).ToRows(RowTokens))
        {
            rows.Add(row);
            rowLabels.Add(labels[at..(at + row.Reads.Length)]);
            rowShares.Add(shares[at..(at + row.Reads.Length)]);
            at += row.Reads.Length;
        }
    }
}
