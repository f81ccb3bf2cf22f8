using Kalm.Completion.Facts;
using Kalm.Graph;

namespace Kalm.Completion.Grounding;

/// <summary>Answers questions in words from a graph: links them to its entities and relations, gives what it holds, and says what would
/// have to be ranked. Needs no model; safe to use from several threads.</summary>
public sealed class Grounder
{
    private const int MostWords = 64;
    private const int SensesPaired = 16;
    private const double LeastCoverage = 0.5;
    // A clear place of the name in the question tells more of the direction than what happens to be held.
    private const double DirectionWeight = 0.4;
    private const double VerdictWeight = 0.8;
    private const double HeldWeight = 0.6;
    private const double FitWeight = 0.2;
    private const double OwnName = 0.01;
    private const string Yes = "Yes";
    private const string No = "No";
    private static readonly HashSet<string> Connecting = ["relation", "relationship", "connection", "related", "connected", "between"];
    private static readonly HashSet<string> Dating = ["dat", "year", "tim", "day", "month", "century"];
    private readonly KnowledgeGraph graph;
    private readonly Catalog? catalog;
    private readonly FactSplits facts;
    private readonly RelationLinker relations;
    private readonly Lazy<FactDomains> domains;
    internal EntityLinker Linker { get; }

    /// <summary>Prepares what is needed of a graph's relations; the rest is prepared by the first question.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="facts">What it holds.</param>
    public Grounder(KnowledgeGraph graph, FactSplits facts)
        : this(graph, facts, new(() => new FactDomains(graph)))
    {
    }

    /// <summary>The same, with domains that another has learned or will.</summary>
    internal Grounder(KnowledgeGraph graph, FactSplits facts, Lazy<FactDomains> domains)
    {
        (this.graph, this.facts, this.domains) = (graph, facts, domains);
        relations = new RelationLinker(graph);
        Linker = new EntityLinker(graph, relations.MeansRelation);
    }

    private Grounder(Grounder other, Catalog catalog, FactSplits facts)
    {
        (graph, relations, domains) = (other.graph, other.relations, other.domains);
        (this.catalog, this.facts, Linker) = (catalog, facts, other.Linker.With(catalog));
    }

    /// <summary>The same of the graph after changes; what was prepared stays so.</summary>
    /// <param name="catalog">The entities.</param>
    /// <param name="facts">What is known.</param>
    public Grounder With(Catalog catalog, FactSplits facts) => new(this, catalog, facts);

    /// <summary>Whether it answers from what a catalog holds.</summary>
    public bool IsOf(Catalog other) => catalog == other;

    /// <summary>Understands a question, and answers it where the graph does.</summary>
    public GroundedQuestion Read(string question)
    {
        var words = PlainWord.Of(question);
        if (words.Count > MostWords)
            return new Reading(graph, Entity, words, []).Refused($"it has {words.Count} words; a question has at most {MostWords}");
        var linked = Linker.Find(words);
        var reading = new Reading(graph, Entity, words, linked.Mentions);
        if (linked.Unknown.Count > 0)
            return reading.Refused($"the graph knows no {linked.Unknown[0]}");
        if (linked.Mentions.Count == 0)
            return reading.Refused("it names no entity of the graph");
        if (reading.Free.FirstOrDefault(word => Changes(words, word)) is { Text: not null } changing)
            return reading.Refused($"'{changing.Text}' asks for more than a fact of the graph tells");
        var asked = relations.Read(words, reading.IsName);
        if (linked.Mentions.Count > 1 && reading.Free.Any(word => Connecting.Contains(word.Text) && !relations.IsRelationWord(word)))
            return Relations(reading, linked.Mentions[0], linked.Mentions[1]);
        if (AsksVerdict(words))
            return linked.Mentions.Count == 2
                ? Verdict(reading, asked, linked.Mentions[0], linked.Mentions[1])
                : reading.Refused($"a yes or no takes two entities of the graph, and it names {linked.Mentions.Count}");
        return asked.Content.Count == 0 && reading.Free.Any(word => word.Text == "where") && linked.Mentions.Count == 1
            ? Place(reading, linked.Mentions[0]) : Open(reading, asked);
    }

    /// <summary>Decides a question that the graph does not answer, by the best candidate that is not known: when it is sure enough to be
    /// stated.</summary>
    /// <param name="question">The question.</param>
    /// <param name="candidates">The best of the answers that are not known, judged (<see cref="EntityCandidate.Fact"/>).</param>
    public GroundedAnswer Decide(GroundedQuestion question, IReadOnlyList<EntityCandidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(question);
        if (question.Subject is not { } subject || candidates.Count == 0 || question.Answer.DirectedRelation is not { } directed
            || (question.Expected is { } expected && candidates[0].Entity != expected)
            || candidates[0].Fact?.Verdict != Completion.Facts.Verdict.True)
            return question.Answer;
        var best = candidates[0];
        return question.Answer with
        {
            Kind = GroundingKind.Ranking,
            Text = question.Expected is null ? Entity(best.Entity).Name : Yes,
            Entities = question.Expected is null ? [best.Entity] : [],
            Facts =
            [
                new GroundedFact(
                    Reading.Fact(graph, subject, directed, best.Entity), GroundingKind.Ranking, best.Fact!.Probability!.Value),
            ],
            Reason = null,
        };
    }

    /// <summary>The fact that a sentence states.</summary>
    /// <exception cref="KalmException">It does not name two entities and a relation of the graph, or says more than a fact.</exception>
    public FactClaim Claim(string sentence)
    {
        var words = PlainWord.Of(sentence);
        if (words.Count > MostWords)
            throw new KalmException($"found {words.Count} words; expected at most {MostWords}");
        var linked = Linker.Find(words);
        var reading = new Reading(graph, Entity, words, linked.Mentions);
        if (linked.Unknown.Count > 0)
            throw new KalmException($"the graph knows no {linked.Unknown[0]}");
        if (linked.Mentions.Count != 2)
            throw new KalmException($"found {linked.Mentions.Count} entities of the graph in '{sentence}'; expected two");
        if (reading.Free.FirstOrDefault(word => Changes(words, word)) is { Text: not null } changing)
            throw new KalmException($"'{changing.Text}' says more than a fact of the graph; expected a plain statement");
        var (head, directed, tail) = Claimed(reading, relations.Read(words, reading.IsName), linked.Mentions[0], linked.Mentions[1])
            ?? throw new KalmException($"found no relation of the graph in '{sentence}'");
        return FactClaim.Of(graph, Asked(head), directed, Asked(tail));

        QueryEntity Asked(int number) => new(number, Entity(number).Description);
    }

    /// <summary>Answers with an engine that may be called from here.</summary>
    public GroundedAnswer Answer(string question, Completer completer)
    {
        ArgumentNullException.ThrowIfNull(completer);
        var read = Read(question);
        return read.Subject is { } subject && read.Answer.DirectedRelation is { } directed
            ? Decide(read, completer.Judged(
                completer.Entities(completer.Catalog.Of(subject), directed, 1, withKnown: false), completer.Catalog.Of(subject), directed))
            : read.Answer;
    }

    private bool Changes(List<PlainWord> words, PlainWord word) => !relations.IsRelationWord(word) && (QuestionWords.Changes(word.Text)
        || (word.Text == "how" && !words.Exists(other => Connecting.Contains(other.Text)))
        || (word.Text == "when" && !words.Exists(other => Dating.Contains(other.Stem) && relations.IsRelationWord(other))));

    private static bool AsksVerdict(List<PlainWord> words) => QuestionWords.IsAuxiliary(words[0].Text)
        && words[0].Text is not ("can" or "could") && words.Count > 1 && words[1].Text != "there";

    private GroundedQuestion Relations(Reading reading, Mention first, Mention second)
    {
        foreach (var head in Ranked(first.Entities).Take(SensesPaired))
            foreach (var tail in Ranked(second.Entities).Take(SensesPaired))
            {
                int[] held = [.. Enumerable.Range(0, 2 * graph.RelationCount)
                    .Where(directed => facts.Of(head, directed, tail) is not null)];
                if (held.Length == 0)
                    continue;
                // One that reads the same both ways stands once.
                held = [.. held.DistinctBy(graph.DirectedRelationText)];
                return reading.Answered(string.Join("; ", held.Select(graph.DirectedRelationText)), [],
                    held.Select(directed => (head, directed, tail)), held[0]);
            }
        return reading.Refused("the graph holds no fact between them");
    }

    private GroundedQuestion Place(Reading reading, Mention mention)
    {
        foreach (var entity in Ranked(mention.Entities))
        {
            var found = Enumerable.Range(0, 2 * graph.RelationCount).Where(relations.TellsPlace)
                .SelectMany(directed => Answers(entity, directed).Select(answer => (entity, directed, answer))).ToList();
            if (found.Count > 0)
                return reading.Answered(null, [.. found.Select(fact => fact.answer).Distinct()], found, found[0].directed);
        }
        return reading.Refused("the graph holds no place of it");
    }

    private GroundedQuestion Verdict(Reading reading, AskedWords asked, Mention first, Mention second)
    {
        if (Claimed(reading, asked, first, second) is not { } claimed)
            return reading.Refused("the graph has no relation of these words");
        var (subject, relation, answer) = claimed;
        if (facts.Of(subject, relation, answer) is not null)
            return reading.Answered(Yes, [], [(subject, relation, answer)], relation);
        if (Contradicting(subject, relation, answer) is { Count: > 0 } against)
            return reading.Answered(No, [], against, relation);
        return domains.Value.MayStand(subject, relation) && domains.Value.MayStand(answer, graph.InverseOf(relation))
            ? reading.Unheld(subject, relation, answer)
            : reading.Refused(
                $"no fact '{graph.DirectedRelationText(relation)}' of the graph stands between such kinds of things", relation);
    }

    // The fact that the words put together best, of all senses.
    private (int Head, int Directed, int Tail)? Claimed(Reading reading, AskedWords asked, Mention first, Mention second)
    {
        var best = (Score: double.NegativeInfinity, Head: -1, Directed: -1, Tail: -1);
        foreach (var head in Ranked(first.Entities).Take(SensesPaired))
            foreach (var tail in Ranked(second.Entities).Take(SensesPaired))
                for (var directed = 0; directed < 2 * graph.RelationCount; directed++)
                {
                    var isHeld = facts.Of(head, directed, tail) is not null;
                    RelationMatch match;
                    // "Is Lima in Peru?"
                    if (asked.Content.Count == 0 && relations.TellsPlace(directed))
                        match = new RelationMatch(1, 0, 1);
                    else if (relations.Match(asked, first, reading.IsOwner(first), directed) is { Coverage: >= LeastCoverage } named)
                        match = named;
                    else
                        continue;
                    var score = match.Coverage + match.Fullness / 2 + match.Direction * VerdictWeight + (isHeld ? HeldWeight : 0)
                        + (domains.Value.MayStand(head, directed) ? FitWeight : 0)
                        + (domains.Value.MayStand(tail, graph.InverseOf(directed)) ? FitWeight : 0);
                    if (score > best.Score)
                        best = (score, head, directed, tail);
                }
        return best.Head < 0 ? null : (best.Head, best.Directed, best.Tail);
    }

    private GroundedQuestion Open(Reading reading, AskedWords asked)
    {
        var best = (Score: double.NegativeInfinity, Mention: reading.Mentions[0], Entity: -1, Directed: -1);
        var (isNamed, rivals) = (false, new List<int>());
        foreach (var mention in reading.Mentions)
            for (var directed = 0; directed < 2 * graph.RelationCount; directed++)
            {
                if (relations.Match(asked, mention, reading.IsOwner(mention), directed) is not { Coverage: >= LeastCoverage } match)
                    continue;
                isNamed = true;
                foreach (var entity in Ranked(reading.SensesOf(mention, Linker)))
                {
                    var isHeld = Answers(entity, directed).Length > 0;
                    if (!isHeld && !domains.Value.MayStand(entity, directed))
                        continue;
                    var score = match.Coverage + match.Fullness / 2 + match.Direction * DirectionWeight + (isHeld ? HeldWeight : 0)
                        + (mention.Entities.Contains(entity) ? OwnName : 0);
                    if (score > best.Score)
                        (best, rivals) = ((score, mention, entity, directed), []);
                    else if (score == best.Score && mention == best.Mention && directed == best.Directed)
                        rivals.Add(entity);
                }
            }
        if (!isNamed)
            return reading.Refused("the graph has no relation of these words");
        var (_, subject, found, relation) = best;
        if (found < 0)
            return reading.Refused($"the graph holds no such fact of {Entity(reading.Mentions[0].Entities[0]).Name}, "
                + "nor of anything of its kind");
        // Of one name the sense that the graph knows most of is meant; a part of several names may mean any of them.
        if (rivals.Count > 0 && Entity(rivals[0]).Name != Entity(found).Name)
            return reading.Refused("what it names may be "
                + string.Join(" or ", rivals.Prepend(found).Select(entity => Entity(entity).Name)), relation);
        var kinds = relations.KindsBeside(asked, relation);
        if (Answers(found, relation) is not { Length: > 0 } answers)
            return reading.Mentions.Count == 1 && kinds.Count == 0 ? reading.Unheld(found, relation, null)
                : reading.Refused("it asks for more than the graph can join", relation);
        answers = [.. answers.Where(answer => kinds.All(kind => IsOfKind(answer, kind)))];
        return answers.Length > 0 ? Restricted(reading, subject, found, relation, answers)
            : reading.Refused($"what the graph holds is no {kinds[0]}", relation);
    }

    // As its types or, without any, its name and description say.
    private bool IsOfKind(int entity, string kind) => Entity(entity).Types.Append(Entity(entity).Name)
        .Append(Entity(entity).Description).Any(text => PlainWord.Of(text).Exists(word => word.Stem == kind));

    // Entities named beside the subject restrict the answers to those that stand in a fact with each of them.
    private GroundedQuestion Restricted(Reading reading, Mention subject, int entity, int directed, int[] answers)
    {
        var used = answers.Select(answer => (entity, directed, answer)).ToList();
        foreach (var other in reading.Mentions.Where(mention => mention != subject))
        {
            var joined = answers.SelectMany(answer => other.Entities.SelectMany(known => Enumerable.Range(0, 2 * graph.RelationCount)
                .Where(relation => facts.Of(answer, relation, known) is not null).Take(1)
                .Select(relation => (answer, relation, known)))).ToList();
            if (joined.Count == 0)
                return reading.Refused("the graph holds nothing that fits all that it names", directed);
            answers = [.. joined.Select(fact => fact.answer).Distinct()];
            used = [.. used.Where(fact => fact.directed != directed || answers.Contains(fact.answer)), .. joined];
        }
        return reading.Answered(null, answers, used, directed);
    }

    private IEnumerable<int> Ranked(IEnumerable<int> senses) =>
        senses.OrderByDescending(domains.Value.TrainFacts).ThenBy(entity => entity);

    private List<(int, int, int)> Contradicting(int subject, int directed, int answer)
    {
        foreach (var (entity, relation) in new[] { (subject, directed), (answer, graph.InverseOf(directed)) })
            if (domains.Value.HasOneAnswer(relation) && Answers(entity, relation) is [var other])
                return [(entity, relation, other)];
        return [];
    }

    private Entity Entity(int number) => catalog is null ? graph.Entities[number] : catalog[number];

    // Those that are there.
    private int[] Answers(int entity, int directed) =>
        [.. facts.Answers(entity, directed).Where(answer => catalog?.IsHidden(answer) != true)];
}
