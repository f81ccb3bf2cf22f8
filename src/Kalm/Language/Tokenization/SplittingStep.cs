using System.Text;
using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Language.Tokenization;

/// <summary>A word, or what later steps will cut into words.</summary>
internal readonly record struct Word(ReadOnlyMemory<char> Text, TextPlace Place);

/// <summary>A step that cuts text into words, which tokens never cross; an entry of <c>pre_tokenizer</c> in tokenizer.json.</summary>
internal abstract record SplittingStep
{
    /// <summary>Appends what <paramref name="word"/>, which is not empty, is cut into; nothing that is appended is empty.</summary>
    public abstract void Apply(Word word, List<Word> words);
}

/// <summary>Gives a text a space to begin with, where asked, and cuts it into GPT-2's words, where asked.</summary>
/// <param name="AddsPrefixSpace">Whether a text that has none gets a space in front.</param>
/// <param name="UsesGpt2Words">Whether it is cut into words.</param>
/// <param name="SpellsBytes">Whether the words are then spelled in GPT-2's letters; as the last step that is left to the model, which goes
/// by bytes.</param>
internal sealed record ByteLevelSplitting(bool AddsPrefixSpace, bool UsesGpt2Words, bool SpellsBytes = false) : SplittingStep
{
    public override void Apply(Word word, List<Word> words)
    {
        var text = word.Text;
        if (AddsPrefixSpace && word.Place != TextPlace.Continuation && text.Span[0] != ' ')
            text = string.Concat(" ", text.Span).AsMemory();
        var place = word.Place;
        while (!text.IsEmpty)
        {
            var length = UsesGpt2Words ? WordSplitter.Gpt2(text.Span) : text.Length;
            words.Add(new(SpellsBytes ? Spell(text.Span[..length]).AsMemory() : text[..length], place));
            text = text[length..];
            place = TextPlace.Middle;
        }
    }

    private static string Spell(ReadOnlySpan<char> word)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        return ByteAlphabet.Spell(bytes);
    }
}

/// <summary>What becomes of the matches of a pattern, and of the text between them.</summary>
internal enum SplitBehavior
{
    /// <summary>Each match is a word, and each stretch between matches.</summary>
    Isolated,

    /// <summary>Each stretch between matches is a word; the matches are dropped.</summary>
    Removed,

    /// <summary>Matches that follow each other are one word.</summary>
    Contiguous,

    /// <summary>A match ends the word before it.</summary>
    MergedWithPrevious,

    /// <summary>A match begins the word after it.</summary>
    MergedWithNext,
}

/// <summary>Cuts at the matches of a pattern, or, inverted, at what lies between them.</summary>
internal sealed record PatternSplitting(TextPattern Pattern, SplitBehavior Behavior, bool Inverted) : SplittingStep
{
    /// <summary>Cuts at each match of a regular expression.</summary>
    public static PatternSplitting Of(string pattern, SplitBehavior behavior = SplitBehavior.Isolated, bool inverted = false) =>
        new(TextPattern.Parse(pattern), behavior, inverted);

    public override void Apply(Word word, List<Word> words)
    {
        foreach (var (start, end) in Join(Cut(word.Text.Span)))
            if (end > start)
                words.Add(new(word.Text[start..end], start == 0 ? word.Place : TextPlace.Middle));
    }

    private List<(int Start, int End, bool Matches)> Cut(ReadOnlySpan<char> text)
    {
        var stretches = new List<(int, int, bool)>();
        var rest = 0;
        foreach (var (start, end) in Pattern.Matches(text))
        {
            if (start > rest)
                stretches.Add((rest, start, Inverted));
            stretches.Add((start, end, !Inverted));
            rest = end;
        }
        if (rest < text.Length)
            stretches.Add((rest, text.Length, Inverted));
        return stretches;
    }

    private IEnumerable<(int Start, int End)> Join(List<(int Start, int End, bool Matches)> stretches)
    {
        if (Behavior is SplitBehavior.Isolated or SplitBehavior.Removed)
            return stretches.Where(stretch => Behavior == SplitBehavior.Isolated || !stretch.Matches)
                .Select(stretch => (stretch.Start, stretch.End));

        var joined = new List<(int Start, int End)>();
        var backwards = Behavior == SplitBehavior.MergedWithNext;
        if (backwards)
            stretches.Reverse();
        var lastMatches = false;
        foreach (var (start, end, matches) in stretches)
        {
            // Of several matches in a row, only the one beside other text joins it.
            var joins = Behavior == SplitBehavior.Contiguous ? matches == lastMatches : matches && !lastMatches;
            if (joins && joined.Count > 0)
                joined[^1] = backwards ? (start, joined[^1].End) : (joined[^1].Start, end);
            else
                joined.Add((start, end));
            lastMatches = matches;
        }
        if (backwards)
            joined.Reverse();
        return joined;
    }
}

/// <summary>Before which stretches a mark for a space is put.</summary>
internal enum PrefixScheme
{
    /// <summary>None.</summary>
    Never,

    /// <summary>The one that begins the text.</summary>
    First,

    /// <summary>Each one.</summary>
    Always,
}

/// <summary>Writes a mark such as '▁' for each space, puts one before a text that has none, and, where asked, begins a word at each
/// mark.</summary>
internal sealed record MetaspaceSplitting(char Mark, PrefixScheme Scheme, bool Splits) : SplittingStep
{
    private readonly PatternSplitting _words = new(TextPattern.Literal(Mark.ToString()), SplitBehavior.MergedWithNext, Inverted: false);

    public override void Apply(Word word, List<Word> words)
    {
        var text = word.Text.ToString().Replace(' ', Mark);
        var prefixed = word.Place == TextPlace.Start ? Scheme != PrefixScheme.Never
            : word.Place == TextPlace.Middle && Scheme == PrefixScheme.Always;
        if (prefixed && text[0] != Mark)
            text = Mark + text;
        if (Splits)
            _words.Apply(word with { Text = text.AsMemory() }, words);
        else
            words.Add(word with { Text = text.AsMemory() });
    }
}
