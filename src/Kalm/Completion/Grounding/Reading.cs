using Kalm.Graph;

namespace Kalm.Completion.Grounding;

/// <summary>A question while it is understood, and the answers it may get.</summary>
internal sealed class Reading
{
    private readonly KnowledgeGraph graph;
    private readonly Func<int, Entity> entityOf;
    private readonly IReadOnlyList<PlainWord> words;

    /// <summary>Begins.</summary>
    public Reading(
        KnowledgeGraph graph, Func<int, Entity> entityOf, IReadOnlyList<PlainWord> words, IReadOnlyList<Mention> mentions)
    {
        (this.graph, this.entityOf, this.words, Mentions) = (graph, entityOf, words, mentions);
        IsName = new bool[words.Count];
        foreach (var mention in mentions)
            IsName.AsSpan(mention.Start, mention.Length).Fill(true);
    }

    /// <summary>What it names, in order.</summary>
    public IReadOnlyList<Mention> Mentions { get; }

    /// <summary>Which words are of a name.</summary>
    public bool[] IsName { get; }

    /// <summary>The words that are not.</summary>
    public IEnumerable<PlainWord> Free => words.Where((_, index) => !IsName[index]);

    /// <summary>Whether a mention was written as an owner.</summary>
    public bool IsOwner(Mention mention) => words[mention.End - 1].IsPossessive;

    /// <summary>The entities that a mention may mean: those of the name, and where it is one word those of longer names with it.</summary>
    public IEnumerable<int> SensesOf(Mention mention, EntityLinker linker) => mention.Length == 1
        ? mention.Entities.Union(linker.WithWord(words[mention.Start])) : mention.Entities;

    /// <summary>No answer, and why.</summary>
    public GroundedQuestion Refused(string reason, int? directed = null) =>
        new(new GroundedAnswer(GroundingKind.Unknown, null, [], [], Linked([]), directed, reason), null, null);

    /// <summary>Understood, but not held: to be ranked.</summary>
    public GroundedQuestion Unheld(int subject, int directed, int? expected) => new(
        new GroundedAnswer(
            GroundingKind.Words, null, [], [], Linked([subject]), directed,
            "the graph holds no such fact, and no candidate is sure"), subject, expected);

    /// <summary>An answer of the graph.</summary>
    /// <param name="text">The answer; null names the entities.</param>
    /// <param name="answers">The entities.</param>
    /// <param name="facts">What it rests on, each read from an entity.</param>
    /// <param name="directed">The relation.</param>
    public GroundedQuestion Answered(
        string? text, IReadOnlyList<int> answers, IEnumerable<(int Entity, int Directed, int Answer)> facts, int directed)
    {
        var used = facts.ToList();
        return new GroundedQuestion(
            new GroundedAnswer(
                GroundingKind.Graph, text ?? string.Join(", ", answers.Select(answer => entityOf(answer).Name)), answers,
                [.. used.Select(fact => new GroundedFact(Fact(graph, fact.Entity, fact.Directed, fact.Answer), GroundingKind.Graph, 1))],
                Linked([.. used.Select(fact => fact.Entity)]), directed, null), null, null);
    }

    /// <summary>A fact from head to tail.</summary>
    public static Triple Fact(KnowledgeGraph graph, int entity, int directed, int answer) => directed < graph.RelationCount
        ? new Triple(entity, directed, answer) : new Triple(answer, directed - graph.RelationCount, entity);

    private IReadOnlyList<LinkedMention> Linked(int[] meant) => [.. Mentions.Select(mention => new LinkedMention(
        string.Join(' ', words.Skip(mention.Start).Take(mention.Length).Select(word => word.Text)),
        [.. mention.Entities.Union(mention.Length == 1 ? meant.Where(entity => Names(entity, words[mention.Start])) : [])
            .OrderByDescending(entity => meant.Contains(entity))]))];

    private bool Names(int entity, PlainWord word) => PlainWord.Of(entityOf(entity).Name).Exists(other => other.Text == word.Text);
}
