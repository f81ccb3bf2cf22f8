namespace Kalm.Language.Tokenization.Decoding;

/// <summary>A token's text on its way to be text again.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsAdded">Whether it is an added token, which stands for itself.</param>
internal readonly record struct Fragment(string Text, bool IsAdded);

/// <summary>A step that turns tokens into text; an entry of <c>decoder</c> in tokenizer.json.</summary>
internal abstract record DecodingStep
{
    /// <summary>Whether it makes one text of all tokens.</summary>
    public virtual bool Joins => false;

    /// <summary>Begins to decode.</summary>
    /// <param name="continues">Whether tokens came before, so that the first one does not begin the text.</param>
    public abstract DecodingState Begin(bool continues);
}

/// <summary>A step at work on one sequence of tokens, which come one at a time.</summary>
internal abstract class DecodingState
{
    /// <summary>Appends what is certain with one more fragment.</summary>
    public abstract void Add(Fragment fragment, List<Fragment> output);

    /// <summary>Appends what is left when no more come.</summary>
    public virtual void Finish(List<Fragment> output) { }
}

/// <summary>A step that looks at one fragment at a time, and may know whether it is the first.</summary>
internal sealed record EachFragment(Func<string, bool, string> Change) : DecodingStep
{
    public override DecodingState Begin(bool continues) => new State(Change, continues);

    private sealed class State(Func<string, bool, string> change, bool continues) : DecodingState
    {
        private bool isFirst = !continues;

        public override void Add(Fragment fragment, List<Fragment> output)
        {
            var text = change(fragment.Text, isFirst);
            TextLengthLimits.Check("decoder", fragment.Text.Length, text.Length);
            output.Add(fragment with { Text = text });
            isFirst = false;
        }
    }
}

/// <summary>Writes spaces for a mark; those of the first token are left out where the tokenizer puts one before a text.</summary>
internal sealed record MetaspaceDecoding(string Mark, bool DropsFirst) : DecodingStep
{
    public override DecodingState Begin(bool continues) => new EachFragment(
        (text, first) => text.Replace(Mark, first && DropsFirst ? "" : " ", StringComparison.Ordinal)).Begin(continues);
}

/// <summary>A step that needs the whole text: it waits for the end.</summary>
internal sealed record WholeText(Func<string, string> Change) : DecodingStep
{
    public override DecodingState Begin(bool continues) => new State(Change);

    private sealed class State(Func<string, string> change) : DecodingState
    {
        private readonly System.Text.StringBuilder all = new();

        public override void Add(Fragment fragment, List<Fragment> output) => all.Append(fragment.Text);

        public override void Finish(List<Fragment> output)
        {
            var text = change(all.ToString());
            TextLengthLimits.Check("decoder", all.Length, text.Length);
            output.Add(new(text, IsAdded: false));
        }
    }
}

/// <summary>Makes one text of all tokens, which is what the steps after it see.</summary>
internal sealed record Fusion : DecodingStep
{
    public override bool Joins => true;

    public override DecodingState Begin(bool continues) => new State();

    private sealed class State : DecodingState
    {
        public override void Add(Fragment fragment, List<Fragment> output) => output.Add(fragment);
    }
}

/// <summary>Cuts a character off the beginning of the text, as often as it stands there and at most <paramref name="Count"/>
/// times.</summary>
internal sealed record LeadingCut(char Character, int Count) : DecodingStep
{
    public override DecodingState Begin(bool continues) => new State(Character, continues ? 0 : Count);

    private sealed class State(char character, int count) : DecodingState
    {
        private int left = count;

        public override void Add(Fragment fragment, List<Fragment> output)
        {
            var cut = 0;
            while (cut < fragment.Text.Length && cut < left && fragment.Text[cut] == character)
                cut++;
            // Only what comes before the first other character is cut.
            left = cut < fragment.Text.Length ? 0 : left - cut;
            output.Add(fragment with { Text = fragment.Text[cut..] });
        }
    }
}

/// <summary>Holds each token until the next one comes, since the last one is treated otherwise.</summary>
internal sealed record LastApart(Func<string, bool, string> Change) : DecodingStep
{
    public override DecodingState Begin(bool continues) => new State(Change);

    private sealed class State(Func<string, bool, string> change) : DecodingState
    {
        private Fragment? held;

        public override void Add(Fragment fragment, List<Fragment> output)
        {
            Release(isLast: false, output);
            held = fragment;
        }

        public override void Finish(List<Fragment> output) => Release(isLast: true, output);

        private void Release(bool isLast, List<Fragment> output)
        {
            if (held is { } fragment)
                output.Add(fragment with { Text = change(fragment.Text, isLast) });
        }
    }
}
