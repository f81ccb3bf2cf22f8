namespace Kalm.Graph.Checks;

/// <summary>Looks for what is legal in a graph but spoils training or its figures.</summary>
public sealed class GraphDoctor
{
    /// <summary>How many examples a finding has at most.</summary>
    public const int ExamplesShown = 3;

    private const double MostlySymmetric = 0.5;
    private const int MostFirstRows = 20;
    private const int SmallestHub = 50;
    private const double HubShare = 0.01;

    private readonly KnowledgeGraph graph;
    private readonly TextLimit limit;
    private readonly KnownFacts known;

    private GraphDoctor(KnowledgeGraph graph, TextLimit limit) =>
        (this.graph, this.limit, known) = (graph, limit, new KnownFacts(graph, graph.Train, graph.Valid, graph.Test));

    private IEnumerable<Triple> AllTriples => graph.Train.Concat(graph.Valid).Concat(graph.Test);

    /// <summary>Examines a graph; takes about a second for 100,000 triples.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="limit">Which descriptions are too long; null takes <see cref="TextLimit.InWords"/>.</param>
    /// <returns>What was found; empty for a clean graph.</returns>
    public static IReadOnlyList<GraphFinding> Examine(KnowledgeGraph graph, TextLimit? limit = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var doctor = new GraphDoctor(graph, limit ?? TextLimit.InWords);
        GraphFinding[] findings =
        [
            doctor.DuplicateTriples(), doctor.TriplesAlsoInTrain(), doctor.TriplesInBoth(), doctor.SelfLoops(), doctor.Twins(true),
            doctor.Twins(false), doctor.HeadingTakenForFact(), doctor.ReversePairs(), doctor.MostlySymmetricRelations(),
            doctor.TextTwins(), doctor.WithoutText(), doctor.TruncatedTexts(), doctor.AnswersInQueries(), doctor.UnseenEntities(),
                doctor.Hubs(),
        ];
        return [.. findings.Where(finding => finding.Count > 0)];
    }

    private GraphFinding DuplicateTriples() => new(
        "duplicate triples", graph.RepeatedTriples.Total, FindingSeverity.Note,
        "lines that repeat an earlier line of their split; left out", [.. graph.RepeatedLines.Take(ExamplesShown)]);

    private GraphFinding TriplesAlsoInTrain()
    {
        return Find("held-out triples in train", Held(graph.Test, "test").Concat(Held(graph.Valid, "valid")),
            item => $"{item.Split} {InWords(item.Triple)}", FindingSeverity.Serious,
            "triples of valid or test that train holds too, so that their figures measure memory");

        IEnumerable<(string Split, Triple Triple)> Held(IReadOnlyList<Triple> triples, string split) => triples
            .Where(triple => graph.TrainFacts.Contains(triple.Head, triple.Relation, triple.Tail)).Select(triple => (split, triple));
    }

    private GraphFinding TriplesInBoth()
    {
        var valid = graph.Valid.ToHashSet();
        return Find("triples in valid and test", graph.Test.Where(valid.Contains), InWords, FindingSeverity.Serious,
            "triples that both valid and test hold, so that what selects the model is what measures it");
    }

    private GraphFinding SelfLoops() => Find(
        "self-loops", AllTriples.Where(triple => triple.Head == triple.Tail), InWords, FindingSeverity.Note,
        "triples that link an entity with itself");

    private GraphFinding Twins(bool isInverse) => Find(
        isInverse ? "inverse relations" : "duplicate relations", RelationTwins.Find(graph, known, isInverse), twins => twins,
        FindingSeverity.Warning,
        isInverse ? "relations that are another's inverse, so that a held-out triple may stand in train the other way round"
            : "relations that link the entities of another, so that a held-out triple may stand in train under another name");

    private GraphFinding HeadingTakenForFact()
    {
        var suspects = new List<Triple>();
        if (graph.Train.Count > MostFirstRows && graph.Train[0] is var first
            && AllTriples.Skip(1).All(triple => triple.Relation != first.Relation && triple.Head != first.Head && triple.Tail != first.Head
                && triple.Head != first.Tail && triple.Tail != first.Tail))
            suspects.Add(first);
        return Find("a heading taken for a fact", suspects, InWords, FindingSeverity.Warning,
            "the first row's three values occur nowhere else; if it is a heading, --columns says what the columns hold");
    }

    private GraphFinding WithoutText()
    {
        var without = graph.Entities.Where(entity => entity.Description == entity.Name).ToList();
        return Find("entities without a description", without, entity => entity.Id, FindingSeverity.Note,
            "entities of which a model reads only the name; --neighbours-in-text 4 describes them by some of their facts, --texts by a "
                + "table");
    }

    private GraphFinding ReversePairs()
    {
        var count = 0;
        var (there, back) = (new List<int>(), new List<int>());
        for (var entity = 0; entity < graph.Entities.Count; entity++)
        {
            there.Clear();
            back.Clear();
            var (relations, tails) = graph.TrainFacts.FactsOf(entity);
            for (var index = 0; index < tails.Length; index++)
                if (tails.Span[index] > entity)
                    (relations.Span[index] < graph.RelationCount ? there : back).Add(tails.Span[index]);
            if (there.Count > 0 && back.Count > 0)
                count += there.Intersect(back).Count();
        }
        var first = count == 0 ? [] : graph.Train.Where(triple => triple.Head < triple.Tail && IsLinkedBack(triple))
            .DistinctBy(triple => (triple.Head, triple.Tail)).Take(ExamplesShown);
        return new GraphFinding("reverse pairs in train", count, FindingSeverity.Note,
            "pairs of entities that train links in both orders; such pairs should not lie in different splits",
            [.. first.Select(triple => $"{InWords(triple)} and "
                + InWords(graph.Train.First(other => (other.Head, other.Tail) == (triple.Tail, triple.Head))))]);
    }

    // Looks among the facts of the entity that has fewer.
    private bool IsLinkedBack(Triple triple)
    {
        var (ofHead, ofTail) = (graph.TrainFacts.FactsOf(triple.Head), graph.TrainFacts.FactsOf(triple.Tail));
        var isHead = ofHead.Tails.Length < ofTail.Tails.Length;
        var ((relations, tails), sought) = isHead ? (ofHead, triple.Tail) : (ofTail, triple.Head);
        for (var index = 0; index < tails.Length; index++)
            if (tails.Span[index] == sought && relations.Span[index] >= graph.RelationCount == isHead)
                return true;
        return false;
    }

    private GraphFinding MostlySymmetricRelations()
    {
        var pairs = new int[graph.RelationCount];
        var reversed = new int[graph.RelationCount];
        for (var head = 0; head < graph.Entities.Count; head++)
        {
            var (relations, tails) = known.FactsOf(head);
            for (var index = 0; index < tails.Length; index++)
            {
                var (relation, tail) = (relations.Span[index], tails.Span[index]);
                if (relation >= graph.RelationCount || head == tail)
                    continue;
                var isReversed = known.Contains(tail, relation, head);
                // A pair that stands in both orders is met twice, and counted in one of them.
                if (isReversed && head > tail)
                    continue;
                pairs[relation]++;
                reversed[relation] += isReversed ? 1 : 0;
            }
        }
        var symmetric = Enumerable.Range(0, graph.RelationCount)
            .Where(relation => reversed[relation] > 0 && reversed[relation] >= MostlySymmetric * pairs[relation]);
        return Find("relations that are mostly symmetric", symmetric,
            relation => $"{graph.Relations[relation].Id}: {(double)reversed[relation] / pairs[relation]:P0} of {pairs[relation]:N0} pairs"
                + (graph.Relations[relation].IsSymmetric ? ", and its texts are equal" : ""),
            FindingSeverity.Note, $"relations that link {MostlySymmetric:P0} or more of their pairs in both orders; the same text both "
                + "ways makes them symmetric to a model");
    }

    private GraphFinding TextTwins()
    {
        var twins = graph.Entities.CountBy(entity => entity.Description, StringComparer.Ordinal)
            .Where(text => text.Value > 1).ToList();
        return new GraphFinding(
            "text twins", twins.Sum(text => text.Value), FindingSeverity.Warning,
            "entities whose description is that of another entity, which no model can tell apart",
            [.. twins.Take(ExamplesShown).Select(text => $"{string.Join(" = ", graph.Entities
                .Where(entity => entity.Description == text.Key).Take(ExamplesShown).Select(entity => entity.Id))}: "
                + $"'{Shortened(text.Key)}'")]);
    }

    private GraphFinding TruncatedTexts()
    {
        var longest = graph.Entities.Select(entity => (entity.Id, Length: limit.Measure(entity.Description)))
            .Where(entity => entity.Length > limit.Limit).OrderByDescending(entity => entity.Length);
        return Find("truncated texts", longest, entity => $"{entity.Id}: {entity.Length:N0}", FindingSeverity.Note,
            $"descriptions longer than {limit.Limit} {limit.Unit}; a model does not read their rest");
    }

    private GraphFinding AnswersInQueries()
    {
        var (test, valid, train) = (Found(graph.Test), Found(graph.Valid), Found(graph.Asked));
        return new GraphFinding(
            "queries that hold their answer", test.Count + valid.Count + train.Count, FindingSeverity.Warning,
            "queries whose text holds the answer's name as words of its own, which is easy to guess: "
                + $"train {train.Count:N0}, valid {valid.Count:N0}, test {test.Count:N0}",
            [.. test.Examples.Concat(valid.Examples).Concat(train.Examples).Take(ExamplesShown)]);

        GraphFinding Found(IReadOnlyList<Triple> split) => Find("", graph.Rows(split).Where(HoldsItsAnswer),
            row => $"'{Shortened(QueryText(row))}' holds '{graph.Entities[row.Tail].Name}'", FindingSeverity.Warning, "");
    }

    private string QueryText(DirectedRow row) =>
        $"{graph.Entities[row.Head].Description}, {graph.DirectedRelationText(row.DirectedRelation)}";

    private bool HoldsItsAnswer(DirectedRow row)
    {
        var name = graph.Entities[row.Tail].Name;
        return HoldsWords(graph.Entities[row.Head].Description, name) || HoldsWords(graph.DirectedRelationText(row.DirectedRelation), name);
    }

    /// <summary>Whether a text holds words, in any case, with no letter or digit at either end.</summary>
    private static bool HoldsWords(string text, string words)
    {
        for (var at = text.IndexOf(words, StringComparison.OrdinalIgnoreCase); at >= 0;
            at = text.IndexOf(words, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            var end = at + words.Length;
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
                return true;
        }
        return false;
    }

    private GraphFinding UnseenEntities() => Find(
        "entities unseen in train",
        Enumerable.Range(0, graph.Entities.Count).Where(entity => graph.TrainFacts.FactsOf(entity).Tails.Length == 0),
        entity => graph.Entities[entity].Id, FindingSeverity.Warning,
        "entities that no train triple has; only their texts tell of them");

    private GraphFinding Hubs()
    {
        var triples = 0;
        var counts = new int[graph.Entities.Count];
        foreach (var triple in AllTriples)
        {
            triples++;
            counts[triple.Head]++;
            if (triple.Tail != triple.Head)
                counts[triple.Tail]++;
        }
        var least = Math.Max(SmallestHub, HubShare * triples);
        var hubs = Enumerable.Range(0, counts.Length).Where(entity => counts[entity] > least).OrderByDescending(entity => counts[entity]);
        return Find(
            "hubs", hubs, entity => $"{graph.Entities[entity].Id}: {counts[entity]:N0} ({(double)counts[entity] / triples:P1})",
            FindingSeverity.Note, $"entities in more than {least:N0} triples, which can crowd a batch and the figures");
    }

    private static GraphFinding Find<T>(
        string name, IEnumerable<T> all, Func<T, string> inWords, FindingSeverity severity, string explanation)
    {
        var (count, examples) = (0, new List<string>());
        foreach (var item in all)
            if (count++ < ExamplesShown)
                examples.Add(inWords(item));
        return new GraphFinding(name, count, severity, explanation, examples);
    }

    private string InWords(Triple triple) =>
        $"({graph.Entities[triple.Head].Id}, {graph.Relations[triple.Relation].Id}, {graph.Entities[triple.Tail].Id})";

    private static string Shortened(string text)
    {
        const int Longest = 60;
        if (text.Length <= Longest)
            return text;
        // A character of two halves is not cut through.
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[Longest - 1]) ? Longest - 1 : Longest), "…");
    }
}
