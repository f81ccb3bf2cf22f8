using System.Text;
using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Language.Tokenization;

/// <summary>Cuts where the script changes. Chinese characters and Japan's syllables count as one script, and a space, or what has no
/// script, as whatever is beside it.</summary>
internal sealed record ScriptSplitting : SplittingStep
{
    private const int Joining = Scripts.None;

    public override void Apply(Word word, List<Word> words)
    {
        var text = word.Text.Span;
        // As in Hugging Face tokenizers, what stands before the first script is lost.
        var start = -1;
        var last = Joining;
        for (var position = 0; position < text.Length;)
        {
            Rune.DecodeFromUtf16(text[position..], out var rune, out var length);
            var script = rune.Value == ' ' ? Joining : Scripts.Of(rune);
            if (script != Joining && script != last)
            {
                if (start >= 0)
                    words.Add(new(word.Text[start..position], start == 0 ? word.Place : TextPlace.Middle));
                start = position;
                last = script;
            }
            position += length;
        }
        if (start >= 0)
            words.Add(new(word.Text[start..], start == 0 ? word.Place : TextPlace.Middle));
    }
}

/// <summary>Cuts into stretches of as many characters.</summary>
internal sealed record LengthSplitting(int Length) : SplittingStep
{
    public override void Apply(Word word, List<Word> words)
    {
        var place = word.Place;
        for (var rest = word.Text; !rest.IsEmpty; place = TextPlace.Middle)
        {
            var end = 0;
            for (var count = 0; count < Length && end < rest.Length; count++)
            {
                Rune.DecodeFromUtf16(rest.Span[end..], out _, out var units);
                end += units;
            }
            words.Add(new(rest[..end], place));
            rest = rest[end..];
        }
    }
}
