using Kalm.Graph;

namespace Kalm.Completion.Grounding;

/// <summary>How well a question's words name a directed relation.</summary>
/// <param name="Coverage">The share of the question's words, by weight, that the relation has.</param>
/// <param name="Fullness">The share of the relation's words that the question has.</param>
/// <param name="Direction">From -1 to 1: whether the mention stands where this direction's subject would.</param>
internal readonly record struct RelationMatch(double Coverage, double Fullness, double Direction);

/// <summary>Finds the relations that a question's words name, by how rare these are among the graph's relation texts. Prepared once for a
/// graph.</summary>
internal sealed class RelationLinker
{
    private const int LeastPrefix = 5;
    private const int LongestEnding = 2;
    private const int LeastMisspelled = 5;
    private const double WeakWeight = 0.1;
    private const double OtherShare = 0.9;
    private readonly RelationPhrase[] texts;
    private readonly RelationPhrase[] ids;
    private readonly Dictionary<string, double> weights;

    /// <summary>Reads the relations of a graph.</summary>
    public RelationLinker(KnowledgeGraph graph)
    {
        texts = [.. Enumerable.Range(0, 2 * graph.RelationCount)
            .Select(directed => RelationPhrase.Of(PlainWord.Of(graph.DirectedRelationText(directed))))];
        ids = [.. graph.Relations.Select(relation => RelationPhrase.Of(PlainWord.OfId(relation.Id)))];
        weights = Enumerable.Range(0, texts.Length).SelectMany(directed => texts[directed].Stems.Union(IdOf(directed).Stems))
            .CountBy(stem => stem).ToDictionary(
                count => count.Key, count => Math.Log(1 + (double)texts.Length / count.Value) / Math.Log(1 + texts.Length));
    }

    /// <summary>Whether a word stands, as it is or in another form, in the words of a relation.</summary>
    public bool IsRelationWord(PlainWord word) => weights.ContainsKey(word.Stem);

    /// <summary>Whether it does when read for what was meant by it.</summary>
    public bool MeansRelation(PlainWord word) => Stems(word).Length > 0;

    /// <summary>Whether a relation's words may tell where its subject is.</summary>
    public bool TellsPlace(int directed) => texts[directed].Form != PhraseForm.Having
        && (texts[directed].Weak.Contains("in") || texts[directed].Weak.Contains("on") || texts[directed].Stems.Any(QuestionWords.IsPlace));

    /// <summary>Prepares a question.</summary>
    /// <param name="words">Its words.</param>
    /// <param name="isName">Which of them name entities.</param>
    public AskedWords Read(IReadOnlyList<PlainWord> words, bool[] isName)
    {
        var content = new List<AskedWord>();
        foreach (var (index, word) in words.Index())
            if (!isName[index] && (!QuestionWords.IsStop(word.Text) || (!QuestionWords.IsWeak(word.Text) && weights.ContainsKey(word.Stem)
                && texts.Any(phrase => phrase.Stems.Contains(word.Stem)))))
                content.Add(new AskedWord(index, word.Stem, Stems(word), QuestionWords.IsGeneric(word)));
        var weak = words.Index().Where(item => !isName[item.Index] && QuestionWords.IsWeak(item.Item.Text)).ToList();
        var whichEnd = WhichEnds(words, isName);
        // "Which ocean is it an arm of?": what is sought has a kind, which the relation need not name.
        if (content.Exists(word => word.Index >= whichEnd && !word.IsGeneric))
            content = content.ConvertAll(word => word.Index < whichEnd ? word with { IsKind = !word.IsGeneric, IsGeneric = true } : word);
        return new AskedWords(
            content, [.. weak.Select(item => (item.Index, item.Item.Text))], words.Any(word => RelationPhrase.IsHaving(word.Text)),
            words.Index().Where(item => RelationPhrase.IsClosing(item.Item.Text)).Select(item => item.Index).ToHashSet(), whichEnd);
    }

    /// <summary>How well the words name a relation, read from a mention; null when they do not.</summary>
    /// <param name="asked">The question.</param>
    /// <param name="mention">Its subject.</param>
    /// <param name="isOwner">Whether the mention was written as an owner ("France's").</param>
    /// <param name="directed">r, or r + R for its inverse.</param>
    public RelationMatch? Match(AskedWords asked, Mention mention, bool isOwner, int directed)
    {
        var (own, other, id) = (texts[directed], texts[OtherWay(directed)], IdOf(directed));
        var (hit, all, found) = (0.0, 0.0, new HashSet<string>());
        (int Index, double Weight, string Stem)? anchor = null;
        foreach (var word in asked.Content)
        {
            var stem = word.Stems.Where(stem => own.Stems.Contains(stem) || other.Stems.Contains(stem) || id.Stems.Contains(stem))
                .OrderByDescending(own.Stems.Contains).ThenByDescending(stem => weights[stem]).FirstOrDefault();
            var weight = stem is not null ? weights[stem]
                : word.IsGeneric ? 0 : word.Stems.Count > 0 ? word.Stems.Max(meant => weights[meant]) : 1;
            all += weight;
            if (stem is null)
                continue;
            hit += own.Stems.Contains(stem) || (directed < ids.Length && id.Stems.Contains(stem)) ? weight : OtherShare * weight;
            found.Add(stem);
            if (word.Index >= asked.WhichEnd && (anchor is null || weight > anchor.Value.Weight))
                anchor = (word.Index, weight, stem);
        }
        if (found.Count == 0)
            return null;
        var fullness = Math.Max(ShareOf(own, found), Math.Max(ShareOf(id, found), OtherShare * ShareOf(other, found)));
        var weak = asked.Weak.Where(word => own.Weak.Contains(word.Text) || id.Weak.Contains(word.Text)).ToList();
        return new RelationMatch(
            hit / all, fullness + (weak.Count > 0 ? WeakWeight : 0), DirectionOf(asked, mention, isOwner, directed, anchor, weak));
    }

    private double ShareOf(RelationPhrase phrase, HashSet<string> found) => phrase.Stems.Count == 0 ? 0
        : phrase.Stems.Where(found.Contains).Sum(stem => weights[stem]) / phrase.Stems.Sum(stem => weights[stem]);

    /// <summary>The kinds of what is sought that a relation's words do not name.</summary>
    public IReadOnlyList<string> KindsBeside(AskedWords asked, int directed) => [.. asked.Content
        .Where(word => word.IsKind && !word.Stems.Any(stem =>
            texts[directed].Stems.Contains(stem) || texts[OtherWay(directed)].Stems.Contains(stem) || IdOf(directed).Stems.Contains(stem)))
        .Select(word => word.Stem)];

    private double DirectionOf(
        AskedWords asked, Mention mention, bool isOwner, int directed, (int Index, double Weight, string Stem)? anchor,
        List<(int Index, string Text)> weak)
    {
        var (own, other) = (texts[directed], texts[OtherWay(directed)]);
        if (anchor is not { } found)
            // "Which continent is Japan on?"
            return weak.Count == 0 ? 0 : own.Fits(new PhrasePlace(mention.Start < weak[^1].Index, true, asked.Having)) / 2.0;
        var place = new PhrasePlace(mention.Start < found.Index && !isOwner, asked.Closing.Contains(found.Index + 1), asked.Having);
        var votes = 0.0;
        if (own.Stems.Contains(found.Stem))
            votes += own.Fits(place);
        if (other.Stems.Contains(found.Stem))
            votes -= other.Fits(place);
        if (votes == 0 && !own.Stems.Contains(found.Stem))
            votes = directed < ids.Length ? IdOf(directed).Fits(place) : -IdOf(directed).Fits(place);
        return Math.Clamp(votes, -1, 1);
    }

    private int OtherWay(int directed) => directed < ids.Length ? directed + ids.Length : directed - ids.Length;

    private RelationPhrase IdOf(int directed) => ids[directed % ids.Length];

    // Of "which currency does", what is sought; where it stands does not tell a direction.
    private static int WhichEnds(IReadOnlyList<PlainWord> words, bool[] isName)
    {
        for (var at = 0; at < words.Count; at++)
            if (words[at].Text is "which" or "what" && at + 1 < words.Count && !QuestionWords.IsStop(words[at + 1].Text))
            {
                var end = at + 1;
                while (end < words.Count && !isName[end] && !QuestionWords.IsAuxiliary(words[end].Text))
                    end++;
                return end < words.Count && QuestionWords.IsAuxiliary(words[end].Text) ? end : at + 2;
            }
        return 0;
    }

    // The relation words that a word is or stands for; where it is none, those it may be misspelled for.
    private string[] Stems(PlainWord word)
    {
        string[] found = [.. QuestionWords.OthersOf(word).Prepend(word.Stem).Where(weights.ContainsKey)];
        if (found.Length == 0 && word.Stem.Length >= LeastPrefix)
            found = [.. weights.Keys.Where(stem => stem.Length >= LeastPrefix && Math.Abs(stem.Length - word.Stem.Length) <= LongestEnding
                && (stem.StartsWith(word.Stem, StringComparison.Ordinal) || word.Stem.StartsWith(stem, StringComparison.Ordinal)))];
        if (found.Length == 0 && word.Stem.Length >= LeastMisspelled)
            found = [.. weights.Keys.Where(stem => stem.Length >= LeastMisspelled && Spelling.Edits(word.Stem, stem, 1) is not null)];
        return found;
    }
}

/// <summary>A word of a question that may name a relation.</summary>
/// <param name="Index">Its place.</param>
/// <param name="Stem">Its stem.</param>
/// <param name="Stems">The relation words that it may be.</param>
/// <param name="IsGeneric">Whether it need not be one.</param>
/// <param name="IsKind">Whether it says what kind of thing is sought.</param>
internal sealed record AskedWord(int Index, string Stem, IReadOnlyList<string> Stems, bool IsGeneric, bool IsKind = false);

/// <summary>The words of a question that are no names.</summary>
/// <param name="Content">Those that may name a relation.</param>
/// <param name="Weak">Its prepositions.</param>
/// <param name="Having">Whether a form of "have" is among them.</param>
/// <param name="Closing">The places of prepositions.</param>
/// <param name="WhichEnd">The place behind "which" and its noun; 0 without.</param>
internal sealed record AskedWords(
    IReadOnlyList<AskedWord> Content, IReadOnlyList<(int Index, string Text)> Weak, bool Having, IReadOnlySet<int> Closing,
    int WhichEnd);
