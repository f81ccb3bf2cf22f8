namespace Kalm.Graph.Readers.Cypher;

/// <summary>Steps through the words of a statement, and reads the values that stand there.</summary>
/// <param name="words">The words.</param>
/// <param name="bound">What variables stand for.</param>
internal sealed class CypherWords(IReadOnlyList<CypherWord> words, IReadOnlyDictionary<string, object?> bound)
{
    private const int Deepest = 64;

    /// <summary>The number of the next word.</summary>
    public int At { get; set; }

    /// <summary>The next word.</summary>
    public CypherWord Next => words[At];

    /// <summary>How many words are left.</summary>
    public int Left => words.Count - 1 - At;

    /// <summary>Takes the next word.</summary>
    public CypherWord Take() => words[Next.Kind == CypherKind.End ? At : At++];

    /// <summary>Takes a character where it comes next.</summary>
    public bool Takes(char symbol)
    {
        var takes = Next.Is(symbol);
        At += takes ? 1 : 0;
        return takes;
    }

    /// <summary>Takes a keyword where it comes next.</summary>
    public bool Takes(string keyword)
    {
        var takes = Next.Is(keyword);
        At += takes ? 1 : 0;
        return takes;
    }

    /// <summary>Takes a character that must come next.</summary>
    public void Expect(char symbol)
    {
        if (!Takes(symbol))
            throw Unexpected($"'{symbol}'");
    }

    /// <summary>Takes a keyword that must come next.</summary>
    public void Expect(string keyword)
    {
        if (!Takes(keyword))
            throw Unexpected(keyword);
    }

    /// <summary>Takes a name.</summary>
    public string Name() => Next.Kind is CypherKind.Name or CypherKind.QuotedName ? Take().Value : throw Unexpected("a name");

    /// <summary>A problem with the next word.</summary>
    public CypherProblem Unexpected(string expected) => new($"{Next}; expected {expected}");

    /// <summary>Reads a map.</summary>
    public Dictionary<string, object?> Map(int depth = 0)
    {
        var map = new Dictionary<string, object?>(StringComparer.Ordinal);
        Expect('{');
        if (Takes('}'))
            return map;
        do
        {
            var key = Next.Kind == CypherKind.Text ? Take().Value : Name();
            Expect(':');
            map[key] = Value(depth + 1);
        }
        while (Takes(','));
        Expect('}');
        return map;
    }

    /// <summary>Reads a value: a text, a number, true, false, null, a list, a map, a variable's property, or a function of one of these
    /// that says its type.</summary>
    public object? Value(int depth = 0)
    {
        if (depth > Deepest)
            throw new CypherProblem($"values in values, more than {Deepest} deep; expected fewer");
        var word = Next;
        if (word.Is('{'))
            return Map(depth);
        if (word.Is('['))
            return List(depth);
        Take();
        if (word.Kind is CypherKind.Text or CypherKind.Number)
            return word.Value;
        if (word.Is('-') && Next.Kind == CypherKind.Number)
            return $"-{Take().Value}";
        if (word.Is("null"))
            return null;
        if (word.Is("true") || word.Is("false"))
            return word.Value.ToLowerInvariant();
        if (word.Is('$'))
            throw new CypherProblem($"a parameter, ${Next.Value}, whose value stands elsewhere; expected the value itself");
        At -= word.Kind == CypherKind.End ? 0 : 1;
        if (word.Kind is CypherKind.Name or CypherKind.QuotedName)
            return bound.ContainsKey(word.Value) ? Path() : Function(depth);
        throw Unexpected("a value");
    }

    private List<object?> List(int depth)
    {
        var list = new List<object?>();
        Expect('[');
        if (Takes(']'))
            return list;
        do
        {
            list.Add(Value(depth + 1));
        }
        while (Takes(','));
        Expect(']');
        return list;
    }

    private object? Path()
    {
        var value = bound[Name()];
        while (Takes('.'))
        {
            var key = Name();
            value = value switch
            {
                IReadOnlyDictionary<string, object?> map => map.GetValueOrDefault(key),
                CypherNode node => node.Properties.GetValueOrDefault(key),
                CypherEdge edge => edge.Properties.GetValueOrDefault(key),
                _ => null,
            };
        }
        return value;
    }

    // date('2020-01-01'), point({x: 1, y: 2}), toInteger('7').
    private object? Function(int depth)
    {
        var name = Name();
        while (Takes('.'))
            name += "." + Name();
        if (!Takes('('))
            throw new CypherProblem($"'{name}', which nothing stands for; expected a value, or the name of something made before");
        if (Next.Is(')'))
            throw new CypherProblem($"the function {name}(), whose value only a database knows; expected the value itself");
        var value = Value(depth + 1);
        Expect(')');
        return value;
    }
}
