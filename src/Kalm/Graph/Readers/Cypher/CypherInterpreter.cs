namespace Kalm.Graph.Readers.Cypher;

/// <summary>Carries out what makes nodes and relationships in the statements of a script: CREATE, MERGE, SET, UNWIND of lists that stand
/// there, and MATCH of one node by its properties (openCypher 9). What only a database can do is refused by name.</summary>
/// <param name="store">Takes what is made.</param>
/// <param name="bad">Takes what is wrong, with its line.</param>
internal sealed class CypherInterpreter(CypherStore store, Action<int, string> bad)
{
    // Each is read again for every row.
    private const int MostWordsOfRows = 4096;

    private static readonly string[] Administration =
        ["DROP", "CALL", "SHOW", "BEGIN", "COMMIT", "ROLLBACK", "SCHEMA", "USE", "RETURN", "ALTER", "GRANT", "DENY", "START", "STOP"];

    private static readonly string[] Made =
    [
        "CONSTRAINT", "INDEX", "RANGE", "TEXT", "FULLTEXT", "POINT", "LOOKUP", "VECTOR", "BTREE", "UNIQUE", "OR", "USER", "ROLE",
        "DATABASE",
    ];

    private readonly Dictionary<string, object?> bound = new(StringComparer.Ordinal);
    private CypherWords words = new([], new Dictionary<string, object?>());
    private CypherPatterns patterns = null!;
    private int rowsLeft;

    /// <summary>Carries out a statement.</summary>
    /// <returns>What it is called where it says nothing of a graph and was passed over; null where it was carried out.</returns>
    public string? Run(IReadOnlyList<CypherWord> statement)
    {
        if (PassedOver(statement) is { } name)
            return name;
        bound.Clear();
        words = new CypherWords(statement, bound);
        patterns = new CypherPatterns(words, store, bound);
        rowsLeft = statement.Count;
        Carefully(Clauses);
        return null;
    }

    private void Carefully(Action carryOut)
    {
        try
        {
            carryOut();
        }
        catch (CypherProblem problem)
        {
            bad(words.Next.Line, problem.Message);
        }
    }

    private void Clauses()
    {
        while (words.Next.Kind != CypherKind.End)
        {
            if (words.Takes("CREATE"))
                patterns.Make(isMerge: false);
            else if (words.Takes("MERGE"))
                Merge();
            else if (words.Takes("OPTIONAL") || words.Next.Is("MATCH"))
                Match();
            else if (words.Takes("SET"))
                Assign(true);
            else if (words.Takes("UNWIND"))
                Unwind();
            else if (words.Takes("WITH"))
                With();
            else if (words.Next.Is("RETURN") || words.Next.Is("FINISH"))
                return;
            else
                throw words.Unexpected("CREATE, MERGE, MATCH, SET, UNWIND or WITH; the rest of Cypher asks a database");
        }
    }

    private void Merge()
    {
        var isNew = patterns.Make(isMerge: true);
        while (words.Takes("ON"))
        {
            var isOfNew = words.Takes("CREATE");
            if (!isOfNew)
                words.Expect("MATCH");
            words.Expect("SET");
            Assign(isOfNew == isNew);
        }
    }

    private void Match()
    {
        words.Expect("MATCH");
        var wanted = patterns.Wanted();
        if (words.Takes("WHERE"))
        {
            do
            {
                var variable = words.Name();
                words.Expect('.');
                var key = words.Name();
                words.Expect('=');
                var value = words.Value();
                if (!wanted.TryGetValue(variable, out var node))
                    throw new CypherProblem($"'{variable}', which this MATCH does not look for; expected one of its nodes");
                node.Properties[key] = value;
            }
            while (words.Takes("AND"));
        }
        foreach (var (variable, node) in wanted)
            bound[variable] = store.Find(node.Labels, node.Properties)
                ?? throw new CypherProblem($"no node with {CypherStore.Words(node.Properties)}; expected one made before");
    }

    // a.born = 1964, a += {…}, a = {…}, a:Person:Actor.
    private void Assign(bool isMeant)
    {
        do
        {
            var variable = words.Name();
            var target = bound.GetValueOrDefault(variable);
            if (target is not (CypherNode or CypherEdge))
                throw new CypherProblem($"'{variable}', which is no node and no relationship here; expected one");
            if (words.Next.Is(':'))
            {
                var labels = patterns.Labels();
                if (target is CypherEdge)
                    throw new CypherProblem($"a label of '{variable}', which is a relationship; expected a node");
                if (isMeant && target is CypherNode node)
                    node.Labels.AddRange(labels.Except(node.Labels));
                continue;
            }
            var key = words.Takes('.') ? words.Name() : null;
            var isAdded = key is null && words.Takes('+');
            words.Expect('=');
            var value = words.Value();
            if (isMeant)
                Assign(target, key, value, isAdded);
        }
        while (words.Takes(','));
    }

    private void Assign(object target, string? key, object? value, bool isAdded)
    {
        if (key is not null)
        {
            Assign(target, key, value);
            return;
        }
        var own = (target as CypherNode)?.Properties ?? ((CypherEdge)target).Properties;
        var given = value switch
        {
            IReadOnlyDictionary<string, object?> map => map,
            CypherNode node => node.Properties!,
            CypherEdge edge => edge.Properties!,
            _ => throw new CypherProblem($"{(value is null ? "null" : $"'{CypherValues.Text(value)}'")} as properties; expected a map"),
        };
        if (!isAdded)
            foreach (var old in own.Keys.Except(given.Keys).ToArray())
                Assign(target, old, null);
        foreach (var (name, item) in given.ToArray())
            Assign(target, name, item);
    }

    private void Assign(object target, string key, object? value)
    {
        if (target is CypherNode node)
            store.Set(node, key, value);
        else if (value is null)
            ((CypherEdge)target).Properties.Remove(key);
        else
            ((CypherEdge)target).Properties[key] = value;
    }

    private void Unwind()
    {
        var value = words.Value();
        words.Expect("AS");
        var (variable, start, outer) = (words.Name(), words.At, bound.ToArray());
        if (words.Left > MostWordsOfRows)
            throw new CypherProblem($"{words.Left:N0} words behind an UNWIND; expected at most {MostWordsOfRows:N0}");
        foreach (var row in value as IReadOnlyList<object?> ?? (value is null ? [] : [value]))
        {
            if (rowsLeft-- <= 0)
                throw new CypherProblem("lists unwound within lists, more rows than the statement has words; expected fewer");
            bound.Clear();
            foreach (var (name, item) in outer)
                bound[name] = item;
            (bound[variable], words.At) = (row, start);
            Carefully(Clauses);
        }
        words.At += words.Left;
    }

    // What it hands on stays as it is; choosing and counting rows needs a database.
    private void With()
    {
        do
        {
            if (words.Takes('*'))
                continue;
            var value = words.Value();
            if (words.Takes("AS"))
                bound[words.Name()] = value;
        }
        while (words.Takes(','));
    }

    private static string? PassedOver(IReadOnlyList<CypherWord> words)
    {
        if (words[0].Kind == CypherKind.Symbol && words[0].Value.StartsWith(':'))
            return words[0].Value.Split(' ')[0];
        if (words[0].Is("CREATE") && Made.FirstOrDefault(words[1].Is) is not null)
            return "CREATE " + (words.Select(word => Made[..2].FirstOrDefault(word.Is)).FirstOrDefault(kind => kind is not null)
                ?? words[1].Value.ToUpperInvariant());
        // APOC takes its marks away at the end.
        if (words[0].Is("MATCH") && words.Any(word => word.Is("REMOVE"))
            && words.All(word => word.Kind != CypherKind.QuotedName || CypherFile.IsMark(word.Value)))
            return "REMOVE";
        return Administration.FirstOrDefault(words[0].Is);
    }
}
