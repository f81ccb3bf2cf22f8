using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>A change of a text character by character.</summary>
/// <param name="Change">What a character becomes: appended to the text, or nothing appended.</param>
internal sealed record CharacterChange(Action<Rune, StringBuilder> Change) : NormalizationStep
{
    /// <summary>Small letters for capital ones.</summary>
    public static readonly CharacterChange Lowercase = new(AppendLowercase);

    /// <summary>All marks left out; those of composed letters stay, unless the text was decomposed first.</summary>
    public static readonly CharacterChange WithoutMarks = new((rune, text) =>
    {
        if (Rune.GetUnicodeCategory(
            rune) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark))
            text.Append(rune.ToString());
    });

    /// <summary>Nonspacing marks left out, as BERT does.</summary>
    public static readonly CharacterChange WithoutNonspacingMarks = new((rune, text) =>
    {
        if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            text.Append(rune.ToString());
    });

    /// <summary>Control characters left out and a space for each blank, as BERT does.</summary>
    public static readonly CharacterChange Cleaned = new((rune, text) =>
    {
        if (rune.Value is 0 or 0xFFFD || IsControl(rune))
            return;
        text.Append(Rune.IsWhiteSpace(rune) ? " " : rune.ToString());
    });

    /// <summary>Spaces around Chinese characters, as BERT does.</summary>
    public static readonly CharacterChange ChineseApart = new((rune, text) =>
    {
        var character = rune.ToString();
        text.Append(IsChinese(rune.Value) ? $" {character} " : character);
    });

    /// <summary>SentencePiece's <c>nmt</c>: control characters left out, and a space for each blank and each invisible one.</summary>
    public static readonly CharacterChange Nmt = new((rune, text) =>
    {
        if (rune.Value is (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F)
            return;
        text.Append(rune.Value is 0x09 or 0x0A or 0x0C or 0x0D or 0x1680
            or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD
            ? " " : rune.ToString());
    });

    public override string Apply(string text, TextPlace place)
    {
        var changed = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            Change(rune, changed);
        return changed.ToString();
    }

    private static void AppendLowercase(Rune rune, StringBuilder text)
    {
        // The only letter whose small form is two characters.
        if (rune.Value == 0x130)
            text.Append("i\u0307");
        else
            text.Append(Rune.ToLowerInvariant(rune).ToString());
    }

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse;

    private static bool IsChinese(
        int value) => value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x2F800 and <= 0x2FA1F);
}
