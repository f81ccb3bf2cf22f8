using System.Text;
using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Language.Tokenization;

/// <summary>A change that is made to a text before it is cut into words; an entry of <c>normalizer</c> in tokenizer.json.</summary>
internal abstract record NormalizationStep
{
    /// <summary>The changed text; never null, and empty only where nothing is left.</summary>
    public abstract string Apply(string text, TextPlace place);
}

/// <summary>Brings a text to one of Unicode's normalisation forms.</summary>
internal sealed record NormalForm(bool Composes, bool Compatibly) : NormalizationStep
{
    public override string Apply(string text, TextPlace place) => UnicodeText.Normalize(text, Composes, Compatibly);
}

/// <summary>Spells the bytes of a text in GPT-2's letters.</summary>
internal sealed record ByteSpelling : NormalizationStep
{
    public override string Apply(string text, TextPlace place) => ByteAlphabet.Spell(Encoding.UTF8.GetBytes(text));
}

/// <summary>Puts <paramref name="Text"/> before a text that is not empty: before each stretch between added tokens, or only at the
/// start.</summary>
internal sealed record Prefix(string Text, bool OnlyAtStart) : NormalizationStep
{
    public override string Apply(string text, TextPlace place) =>
        text.Length > 0 && (place == TextPlace.Start || (place == TextPlace.Middle && !OnlyAtStart)) ? Text + text : text;
}

/// <summary>Puts <paramref name="Text"/> in place of each match of a pattern.</summary>
internal sealed record Replacement(TextPattern Pattern, string Text) : NormalizationStep
{
    public override string Apply(string text, TextPlace place)
    {
        var matches = Pattern.Matches(text);
        if (matches.Count == 0)
            return text;
        var changed = new StringBuilder(text.Length);
        var rest = 0;
        foreach (var (start, end) in matches)
        {
            changed.Append(text, rest, start - rest).Append(Text);
            rest = end;
        }
        return changed.Append(text, rest, text.Length - rest).ToString();
    }
}

/// <summary>Removes the blanks at the ends.</summary>
internal sealed record BlankTrimming(bool Left, bool Right) : NormalizationStep
{
    public override string Apply(string text, TextPlace place)
    {
        var trimmed = Left ? text.TrimStart() : text;
        return Right ? trimmed.TrimEnd() : trimmed;
    }
}

/// <summary>Leaves one space where there are several and none at the ends: <c>remove_extra_whitespaces</c> of SentencePiece. A text that
/// continues another may begin with one.</summary>
internal sealed record SpaceReduction : NormalizationStep
{
    public override string Apply(string text, TextPlace place)
    {
        var words = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return place != TextPlace.Start && words.Length > 0 && text[0] == ' ' ? " " + words : words;
    }
}
