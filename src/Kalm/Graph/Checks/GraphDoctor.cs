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
    private readonly HashSet<Triple> train;

    private GraphDoctor(KnowledgeGraph graph, TextLimit limit) => (this.graph, this.limit, train) = (graph, limit, [.. graph.Train]);

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
        var test = graph.Test.Where(train.Contains).Select(triple => $"test {InWords(triple)}");
        var valid = graph.Valid.Where(train.Contains).Select(triple => $"valid {InWords(triple)}");
        return Find("held-out triples in train", [.. test, .. valid], FindingSeverity.Serious,
            "triples of valid or test that train holds too, so that their figures measure memory");
    }

    private GraphFinding TriplesInBoth()
    {
        var valid = graph.Valid.ToHashSet();
        return Find("triples in valid and test", [.. graph.Test.Where(valid.Contains).Select(InWords)], FindingSeverity.Serious,
            "triples that both valid and test hold, so that what selects the model is what measures it");
    }

    private GraphFinding SelfLoops() => Find(
        "self-loops", [.. AllTriples.Where(triple => triple.Head == triple.Tail).Select(InWords)], FindingSeverity.Note,
        "triples that link an entity with itself");

    private GraphFinding Twins(bool isInverse) => Find(
        isInverse ? "inverse relations" : "duplicate relations", RelationTwins.Find(graph, AllTriples, isInverse), FindingSeverity.Warning,
        isInverse ? "relations that are another's inverse, so that a held-out triple may stand in train the other way round"
            : "relations that link the entities of another, so that a held-out triple may stand in train under another name");

    private GraphFinding HeadingTakenForFact()
    {
        var suspects = new List<string>();
        if (graph.Train.Count > MostFirstRows && graph.Train[0] is var first
            && AllTriples.Skip(1).All(triple => triple.Relation != first.Relation && triple.Head != first.Head && triple.Tail != first.Head
                && triple.Head != first.Tail && triple.Tail != first.Tail))
            suspects.Add(InWords(first));
        return Find("a heading taken for a fact", suspects, FindingSeverity.Warning,
            "the first row's three values occur nowhere else; if it is a heading, --columns says what the columns hold");
    }

    private GraphFinding WithoutText()
    {
        var without = graph.Entities.Where(entity => entity.Description == entity.Name).Select(entity => entity.Id).ToList();
        return Find("entities without a description", without.Count < graph.Entities.Count ? without : [], FindingSeverity.Note,
            "entities of which a model reads only the name, while others have a text");
    }

    private GraphFinding ReversePairs()
    {
        var first = new Dictionary<(int, int), Triple>();
        foreach (var triple in graph.Train)
            first.TryAdd((triple.Head, triple.Tail), triple);
        var pairs = first.Where(pair => pair.Key.Item1 < pair.Key.Item2 && first.ContainsKey((pair.Key.Item2, pair.Key.Item1)))
            .Select(pair => $"{InWords(pair.Value)} and {InWords(first[(pair.Key.Item2, pair.Key.Item1)])}");
        return Find("reverse pairs in train", [.. pairs], FindingSeverity.Note,
            "pairs of entities that train links in both orders; such pairs should not lie in different splits");
    }

    private GraphFinding MostlySymmetricRelations()
    {
        var all = AllTriples.Where(triple => triple.Head != triple.Tail).ToHashSet();
        var pairs = new int[graph.RelationCount];
        var reversed = new int[graph.RelationCount];
        foreach (var triple in all)
        {
            var isReversed = all.Contains(new Triple(triple.Tail, triple.Relation, triple.Head));
            // A pair that stands in both orders is met twice, and counted in one of them.
            if (isReversed && triple.Head > triple.Tail)
                continue;
            pairs[triple.Relation]++;
            reversed[triple.Relation] += isReversed ? 1 : 0;
        }
        var symmetric = Enumerable.Range(0, graph.RelationCount)
            .Where(relation => reversed[relation] > 0 && reversed[relation] >= MostlySymmetric * pairs[relation])
            .Select(relation => $"{graph.Relations[relation].Id}: {(double)reversed[relation] / pairs[relation]:P0} of "
                + $"{pairs[relation]:N0} pairs"
                + (graph.Relations[relation].IsSymmetric ? ", and its texts are equal" : ""));
        return Find("relations that are mostly symmetric", [.. symmetric], FindingSeverity.Note,
            $"relations that link {MostlySymmetric:P0} or more of their pairs in both orders; the same text both ways makes them "
                + "symmetric to a model");
    }

    private GraphFinding TextTwins()
    {
        var twins = graph.Entities.GroupBy(entity => entity.Description, StringComparer.Ordinal)
            .Where(group => group.Skip(1).Any()).ToList();
        return new GraphFinding(
            "text twins", twins.Sum(group => group.Count()), FindingSeverity.Warning,
            "entities whose description is that of another entity, which no model can tell apart",
            [.. twins.Take(ExamplesShown).Select(group =>
                $"{string.Join(" = ", group.Take(ExamplesShown).Select(entity => entity.Id))}: '{Shortened(group.Key)}'")]);
    }

    private GraphFinding TruncatedTexts()
    {
        var longest = graph.Entities.Select(entity => (entity.Id, Length: limit.Measure(entity.Description)))
            .Where(entity => entity.Length > limit.Limit).OrderByDescending(entity => entity.Length);
        return Find("truncated texts", [.. longest.Select(entity => $"{entity.Id}: {entity.Length:N0}")], FindingSeverity.Note,
            $"descriptions longer than {limit.Limit} {limit.Unit}; a model does not read their rest");
    }

    private GraphFinding AnswersInQueries()
    {
        var (test, valid, inTrain) = (Found(graph.Test), Found(graph.Valid), Found(graph.Train));
        return Find("queries that hold their answer", [.. test, .. valid, .. inTrain], FindingSeverity.Warning,
            "queries whose text holds the answer's name as words of its own, which is easy to guess: "
            + $"train {inTrain.Count:N0}, valid {valid.Count:N0}, test {test.Count:N0}");

        List<string> Found(IReadOnlyList<Triple> split) => [.. graph.Rows(split).Where(HoldsItsAnswer)
            .Select(row => $"'{Shortened(QueryText(row))}' holds '{graph.Entities[row.Tail].Name}'")];
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

    private GraphFinding UnseenEntities()
    {
        var seen = graph.Train.SelectMany(triple => new[] { triple.Head, triple.Tail }).ToHashSet();
        var unseen = Enumerable.Range(0, graph.Entities.Count)
            .Where(entity => !seen.Contains(entity)).Select(entity => graph.Entities[entity].Id);
        return Find("entities unseen in train", [.. unseen], FindingSeverity.Warning,
            "entities that no train triple has; only their texts tell of them");
    }

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
        var hubs = Enumerable.Range(0, counts.Length).Where(entity => counts[entity] > least).OrderByDescending(entity => counts[entity])
            .Select(entity => $"{graph.Entities[entity].Id}: {counts[entity]:N0} ({(double)counts[entity] / triples:P1})");
        return Find(
            "hubs", [.. hubs], FindingSeverity.Note, $"entities in more than {least:N0} triples, which can crowd a batch and the figures");
    }

    private static GraphFinding Find(string name, IReadOnlyList<string> all, FindingSeverity severity, string explanation) =>
        new(name, all.Count, severity, explanation, [.. all.Take(ExamplesShown)]);

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
