using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Completion;

/// <summary>How likely the model is to write an entity's name as the response to a completion prompt.</summary>
/// <param name="Total">The natural logarithm of the probability that the response gives the name and then either goes on as the entity's
/// text does (after most names with a comma) or ends. A name that only begins another, longer one therefore gains nothing from it.</param>
/// <param name="Tokens">Tokens of the name and of what closes it.</param>
public sealed record AnswerLikelihood(double Total, int Tokens)
{
    // The prompt is repeated in every row, and attention over a row costs its length squared.
    private const int RowTokens = 1024;

    /// <summary>The same per token. Names are ranked by the total, which is the probability of the answer; the mean is no probability of
    /// anything and favours long names, whose later tokens are easily guessed.</summary>
    public double PerToken => Total / Tokens;

    /// <summary>Scores answers to one prompt, which is encoded once for many of them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="description">The description of the query's entity.</param>
    /// <param name="relation">The relation's words in the direction that is asked.</param>
    /// <param name="answers">At least one entity.</param>
    /// <exception cref="KalmException">The tokenizer has no end token, or the prompt does not fit the model's context.</exception>
    public static IReadOnlyList<AnswerLikelihood> Of(LoadedModel model, string description, string relation, IReadOnlyList<Entity> answers)
    {
        var (input, asked) = (model.Wording.Description(description), model.Wording.Relation(relation));
        var prompts = answers.Select(answer => model.Wording.Completion(input, asked, Wording.Answer(answer))).ToList();
        // Of a description too long for the prompt, the longest response leaves the least.
        var shortest = prompts.MinBy(prompt => prompt.Branch.FirstRead)!;
        int[] prompt = [.. shortest.Prefix, .. shortest.Branch.Tokens[..(shortest.Branch.FirstRead + 1)]];

        // One label sequence for the name within its text, one for the name alone; they are one when the text is the name.
        var openings = answers.Zip(prompts, (answer, learned) => Opening(model, answer, learned.Labels)).ToList();
        var alone = answers
            .Zip(prompts, (answer, learned) => (int[])[.. model.Wording.Description(answer.Name), learned.Labels[^1]]).ToList();
        var found = LogLikelihoods(model.Decoder, prompt, [.. openings, .. alone]);
        return [.. openings.Select((opening, index) => new AnswerLikelihood(
            opening.AsSpan().SequenceEqual(alone[index]) ? found[index] : LogSum(found[index], found[answers.Count + index]),
            opening.Length))];
    }

    /// <summary>The response as it is learned, up to the token that goes beyond the name: two names, one of which begins the other, differ
    /// there.</summary>
    private static int[] Opening(LoadedModel model, Entity answer, int[] response)
    {
        for (var length = 1; length < response.Length; length++)
            if (model.Model.Tokenizer.Decode(response[..length]).TrimStart().Length > answer.Name.Length)
                return response[..length];
        return response;
    }

    private static double[] LogLikelihoods(DecoderPool decoder, int[] prompt, IReadOnlyList<int[]> labels)
    {
        // A branch begins with the prompt's last token, at which its first label is predicted.
        var tree = new TextTree(prompt[..^1], [.. labels.Select(label => new Branch([prompt[^1], .. label[..^1]], 0))]);
        var rows = tree.ToRows(RowTokens).ToList();
        var all = labels.SelectMany(label => label).ToArray();
        var rowLabels = new List<int[]>(rows.Count);
        var at = 0;
        foreach (var row in rows)
            rowLabels.Add(all[at..(at += row.Reads.Length)]);
        var values = decoder.LogLikelihoods(rows, rowLabels).SelectMany(row => row).ToArray();
        at = 0;
        return [.. labels.Select(label => values[at..(at += label.Length)].Sum(value => (double)value))];
    }

    private static double LogSum(double left, double right) => Math.Max(left, right) + Math.Log(1 + Math.Exp(-Math.Abs(left - right)));
}
