namespace Kalm.Completion.Grounding;

/// <summary>How the words of a relation are read between a subject and an object.</summary>
internal enum PhraseForm
{
    /// <summary>As a verb: "Paris is the capital of France".</summary>
    Verb,

    /// <summary>As a verb of having: "France has as its capital Paris", but also "the capital of France".</summary>
    Having,

    /// <summary>As a noun: "the hypernym of dog".</summary>
    Noun,
}

/// <summary>Where a question names an entity beside the words of a relation.</summary>
/// <param name="IsBefore">Whether the name stands before the words, and not as an owner.</param>
/// <param name="IsFollowed">Whether a preposition follows the words.</param>
/// <param name="AsksHaving">Whether the question has a form of "have".</param>
internal readonly record struct PhrasePlace(bool IsBefore, bool IsFollowed, bool AsksHaving);

/// <summary>The words of a relation in one direction.</summary>
/// <param name="Stems">Those that name it.</param>
/// <param name="Weak">The prepositions among them.</param>
/// <param name="Form">How they are read.</param>
internal sealed record RelationPhrase(IReadOnlySet<string> Stems, IReadOnlySet<string> Weak, PhraseForm Form)
{
    private static readonly HashSet<string> Having = ["has", "have", "had", "having"];
    private static readonly HashSet<string> Being = ["is", "are", "was", "were", "be", "been", "does", "did"];
    private static readonly HashSet<string> Closing = ["of", "in", "on", "at", "to", "with", "by", "for", "from", "into", "through", "as"];

    /// <summary>Reads it.</summary>
    public static RelationPhrase Of(IReadOnlyList<PlainWord> words)
    {
        var content = words.Where(word => !QuestionWords.IsStop(word.Text)).Select(word => word.Stem).ToHashSet();
        if (content.Count == 0)
            content = [.. words.Select(word => word.Stem)];
        var weak = words.Where(word => QuestionWords.IsWeak(word.Text)).Select(word => word.Text).ToHashSet();
        return new RelationPhrase(content, weak, words.Count == 0 ? PhraseForm.Noun : FormOf(words));
    }

    /// <summary>Whether a question that names one side where it does asks for the object of these words: 1 yes, -1 rather for the
    /// subject.</summary>
    public int Fits(PhrasePlace place) => Form switch
    {
        PhraseForm.Verb => place.IsBefore ? 1 : -1,
        PhraseForm.Having when place.AsksHaving => place.IsBefore ? 1 : -1,
        // "The capital of France", "France capital", but "Paris is the capital of".
        _ => place.IsBefore && place.IsFollowed ? -1 : 1,
    };

    /// <summary>Whether a word is a preposition that may end a relation's words.</summary>
    public static bool IsClosing(string word) => Closing.Contains(word);

    /// <summary>Whether a word is a form of "have".</summary>
    public static bool IsHaving(string word) => Having.Contains(word);

    private static PhraseForm FormOf(IReadOnlyList<PlainWord> words)
    {
        var (first, last) = (words[0].Text, words[^1].Text);
        if (Having.Contains(first))
            return PhraseForm.Having;
        // "shares", "lies", "belongs": a third person, unless it stands alone, which is a plural then.
        var isThirdPerson = words.Count > 1 && first.Length > 3 && first[^1] == 's' && first[^2] != 's';
        return Being.Contains(first) || isThirdPerson || Closing.Contains(last) ? PhraseForm.Verb : PhraseForm.Noun;
    }
}
