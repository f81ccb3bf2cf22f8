using System.Text;

namespace Kalm.Language.Tokenization.Decoding;

/// <summary>All steps at work on one sequence of tokens.</summary>
internal sealed class DecodingRun
{
    private readonly DecodingState[] states;
    // What each step gives, used again for each token.
    private readonly List<Fragment>[] outputs;

    /// <summary>Begins to decode.</summary>
    /// <param name="steps">The steps.</param>
    /// <param name="continues">Whether tokens came before.</param>
    public DecodingRun(IReadOnlyList<DecodingStep> steps, bool continues)
    {
        states = [.. steps.Select(step => step.Begin(continues))];
        outputs = [.. steps.Select(_ => new List<Fragment>())];
    }

    /// <summary>Appends the text that is certain with one more token.</summary>
    public void Add(Fragment token, StringBuilder text) => Pass([token], 0, text);

    /// <summary>Appends the rest of the text.</summary>
    public void Finish(StringBuilder text)
    {
        for (var index = 0; index < states.Length; index++)
        {
            var rest = new List<Fragment>();
            states[index].Finish(rest);
            Pass(rest, index + 1, text);
        }
    }

    private void Pass(List<Fragment> fragments, int index, StringBuilder text)
    {
        for (; index < states.Length && fragments.Count > 0; index++)
        {
            var output = outputs[index];
            output.Clear();
            foreach (var fragment in fragments)
                states[index].Add(fragment, output);
            fragments = output;
        }
        foreach (var fragment in fragments)
            text.Append(fragment.Text);
    }
}
