using System.Text;

namespace Kalm.Graph.Readers;

/// <summary>The three splits.</summary>
internal enum Split
{
    /// <summary>To learn from.</summary>
    Train,

    /// <summary>To select by.</summary>
    Valid,

    /// <summary>To report on.</summary>
    Test,
}

/// <summary>A place in a file, as messages show it.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Line">The line, counted from 1; 0 for the file as a whole.</param>
internal readonly record struct Place(string File, int Line)
{
    /// <summary>file(line).</summary>
    public override string ToString() => Line > 0 ? $"{File}({Line})" : File;
}

/// <summary>Collects what a reader finds, and makes the graph of it. The train split is filled before the others.</summary>
internal sealed class GraphBuilder
{
    private readonly TripleList[] splits = [new(null), new(null), new(null)];
    private readonly Dictionary<int, string> inverseTexts = [];
    private readonly Dictionary<int, List<string>> types = [];
    private readonly Dictionary<int, List<GraphAttribute>> attributes = [];
    private readonly FactAttributes factAttributes = new();
    private readonly List<ColumnUse> columns = [];
    private readonly List<UnreadFile> unread = [];
    private readonly List<string> skipped = [];

    /// <summary>Starts a graph.</summary>
    /// <param name="options">How it is read.</param>
    public GraphBuilder(GraphOptions options)
    {
        Options = options;
        Encoding = EncodingOf(options.Encoding);
        splits[1] = new TripleList(splits[0]);
        splits[2] = new TripleList(splits[0]);
    }

    /// <summary>How the graph is read.</summary>
    public GraphOptions Options { get; }

    /// <summary>The encoding that is given for text files; null for none.</summary>
    public Encoding? Encoding { get; }

    /// <summary>The entities.</summary>
    public IdTable Entities { get; } = new("entity");

    /// <summary>The relations.</summary>
    public IdTable Relations { get; } = new("relation");

    /// <summary>What is legal but suspicious, one line each.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Makes a name of an entity's id where none was found; null takes the id.</summary>
    public Func<string, string>? NameOfId { get; set; }

    /// <summary>Whether an entity with a description and no name is named by the description's beginning, up to the first comma.</summary>
    public bool NamesAreInTexts { get; set; }

    /// <summary>A split as far as it is read.</summary>
    public TripleList this[Split split] => splits[(int)split];

    /// <summary>Adds a fact by its ids.</summary>
    /// <returns>The fact; null where an id is unknown and that line is passed over.</returns>
    public Triple? Add(Split split, ReadOnlySpan<char> head, ReadOnlySpan<char> relation, ReadOnlySpan<char> tail, Place place)
    {
        var fact = new Triple(Entities.FindOrAdd(head, out var wrongHead), Relations.FindOrAdd(relation, out var wrongRelation),
            Entities.FindOrAdd(tail, out var wrongTail));
        if ((wrongHead ?? wrongRelation ?? wrongTail) is { } problem)
        {
            Bad(place, problem);
            return null;
        }
        Add(split, fact, place);
        return fact;
    }

    /// <summary>Adds a fact.</summary>
    public void Add(Split split, Triple fact, Place place)
    {
        var list = this[split];
        if (!list.Add(fact, place))
            list.NoteRepeated(Entities.Id(fact.Head), Relations.Id(fact.Relation), Entities.Id(fact.Tail), place);
    }

    /// <summary>Whether a split holds a fact.</summary>
    public bool Holds(Triple fact) => Array.Exists(splits, list => list.Holds(fact));

    /// <summary>Gives a fact an attribute; blank values are none.</summary>
    public void AddAttribute(Triple fact, string name, string value)
    {
        if (!string.IsNullOrWhiteSpace(value))
            factAttributes.Add(fact, new GraphAttribute(name, value));
    }

    /// <summary>Gives a fact an attribute that many others have too, which costs little.</summary>
    public void AddAttribute(Triple fact, GraphAttribute attribute) => factAttributes.Add(fact, attribute);

    /// <summary>Gives an entity an attribute; blank values are none.</summary>
    public void AddAttribute(int entity, string name, string value)
    {
        if (!string.IsNullOrWhiteSpace(value))
            AddTo(attributes, entity, new GraphAttribute(name, value));
    }

    /// <summary>Says what kind of thing an entity is.</summary>
    public void AddType(int entity, string type)
    {
        if (!string.IsNullOrWhiteSpace(type))
            AddTo(types, entity, type);
    }

    /// <summary>Gives an entity a name.</summary>
    /// <param name="entity">Its index.</param>
    /// <param name="name">The name; blank ones are none.</param>
    /// <param name="rank">Of several names the one of the lowest rank stays, of equal ones the first; see <see cref="RankOf"/>.</param>
    public void SetName(int entity, string name, int rank = 0)
    {
        if (OnOneLine(name) is { Length: > 0 } line)
            Entities.SetName(entity, line, rank);
    }

    /// <summary>Gives an entity a description; what spans lines is put on one.</summary>
    public void SetText(int entity, string text, int rank = 0)
    {
        if (OnOneLine(text) is { Length: > 0 } line)
            Entities.SetText(entity, line, rank);
    }

    /// <summary>Gives a relation its words.</summary>
    public void SetRelationText(int relation, string text, int rank = 0)
    {
        if (OnOneLine(text) is { Length: > 0 } line)
            Relations.SetText(relation, line, rank);
    }

    /// <summary>Gives a relation the words of its inverse.</summary>
    public void SetInverseText(int relation, string text) => inverseTexts[relation] = text;

    /// <summary>How welcome a text of a language is: 0 for the one asked for, 2 for none, 3 for English, 4 for another.</summary>
    /// <param name="language">Its BCP 47 tag; null or empty for none.</param>
    public int RankOf(string? language)
    {
        var wanted = Options.Language ?? "en";
        return string.IsNullOrEmpty(language) ? 2
            : language.Equals(wanted, StringComparison.OrdinalIgnoreCase) ? 0
            : language.StartsWith(wanted + "-", StringComparison.OrdinalIgnoreCase) ? 1
            : language.StartsWith("en", StringComparison.OrdinalIgnoreCase) ? 3 : 4;
    }

    /// <summary>Says what a column, or a kind of thing, was taken for; once for each.</summary>
    public void Used(string file, string column, string takenFor)
    {
        var use = new ColumnUse(file, column, takenFor);
        if (!columns.Contains(use))
            columns.Add(use);
    }

    /// <summary>Says that a file is not read.</summary>
    public void Unread(string file, string why) => unread.Add(new UnreadFile(file, why));

    /// <summary>Passes over a malformed line, as far as that was allowed.</summary>
    /// <exception cref="KalmException">No more may be passed over.</exception>
    public void Bad(Place place, string problem)
    {
        var message = $"{place}: {problem}";
        if (skipped.Count >= Options.SkipBad)
            throw new KalmException(Options.SkipBad == 0 ? message
                : $"{message}\n{skipped.Count:N0} malformed lines before it were passed over; expected no more (--skip-bad)");
        skipped.Add(message);
    }

    /// <summary>Makes the graph.</summary>
    /// <param name="path">Where it was read from.</param>
    /// <param name="format">The format in words.</param>
    public KnowledgeGraph Build(string path, string format)
    {
        Entities.RequireEveryText();
        Relations.RequireEveryText();
        foreach (var list in splits)
            list.Warn(Warnings);
        if (skipped.Count > 0)
            Warnings.Add($"malformed lines passed over: {skipped.Count:N0}, the first: {skipped[0]}");
        var (read, shares) = GraphSplits.Of(splits).Divided(Options, path, Warnings);
        var (entities, relations, asked) = (MakeEntities(), MakeRelations(), read.Train);
        var most = Options.NeighboursInText ?? (OpaqueNames.AreAll(entities, read.Train.Count) ? OpaqueNames.Neighbours : 0);
        if (most > 0)
        {
            var neighbours = new NeighbourTexts(entities, relations.Length, read.Train, most, Options.Seed);
            neighbours.Describe(entities, relations);
            asked = neighbours.Asked();
            most = neighbours.Described == 0 ? Options.NeighboursInText ?? 0 : most;
            if (most > 0)
                Warnings.Add($"neighbours in text: {neighbours.Described:N0} entities without a description are described by facts; "
                    + $"{neighbours.InTexts:N0} of {read.Train.Count:N0} train facts stand in texts and are not asked about in training"
                    + (Options.NeighboursInText is null ? "; names are numbers and codes: --neighbours-in-text 0 leaves them alone" : ""));
        }
        return new KnowledgeGraph(Entities, entities, Relations, relations, read)
        {
            Asked = asked,
            NeighboursInText = most,
            ReadAs = Options with
            {
                Split = shares,
                Seed = shares is null && most == 0 ? new GraphOptions().Seed : Options.Seed,
                NeighboursInText = most > 0 ? most : Options.NeighboursInText,
            },
            Path = path,
            Format = shares is { HoldsOut: true } ? $"{format}, split {shares} by seed {Options.Seed}" : format,
            Warnings = Warnings,
            Reading = new GraphReading { Columns = columns, Unread = unread, Skipped = skipped },
            FactAttributes = factAttributes,
        };
    }

    private Entity[] MakeEntities()
    {
        var entities = new Entity[Entities.Count];
        var cut = 0;
        for (var index = 0; index < entities.Length; index++)
        {
            var (id, text) = (Entities.Id(index), Entities.Text(index));
            var name = Entities.Name(index);
            if (name is null && text is not null && NamesAreInTexts)
            {
                name = NameIn(text);
                cut++;
            }
            name ??= NameOfId?.Invoke(id) ?? id;
            var entity = new Entity(id, name, text ?? name)
            {
                Types = types.TryGetValue(index, out var kinds) ? kinds : [],
                Attributes = attributes.TryGetValue(index, out var own) ? own : [],
            };
            entities[index] = Options.AttributesInText && own is not null
                ? entity with { Description = $"{entity.Description}, "
                    + $"{string.Join(", ", own.Select(item => $"{item.Name} {item.Value}"))}" }
                : entity;
        }
        if (cut > 0)
            Warnings.Add($"{Entities.TextsIn}: entities without a name of their own: {cut:N0}; " +
                "their text up to the first comma and space serves as their name");
        return entities;
    }

    private Relation[] MakeRelations()
    {
        var relations = new Relation[Relations.Count];
        for (var index = 0; index < relations.Length; index++)
        {
            var text = Relations.Text(index) ?? ReadableId.Words(Relations.Id(index));
            relations[index] = new Relation(
                Relations.Id(index), text, inverseTexts.GetValueOrDefault(index) ?? Relation.DefaultInverse(text));
        }
        return relations;
    }

    private static void AddTo<T>(Dictionary<int, List<T>> lists, int entity, T item)
    {
        if (!lists.TryGetValue(entity, out var list))
            lists[entity] = list = [];
        if (!list.Contains(item))
            list.Add(item);
    }

    private static string NameIn(string description)
    {
        var comma = description.IndexOf(", ", StringComparison.Ordinal);
        return comma > 0 ? description[..comma] : description;
    }

    private static string OnOneLine(string text) => text.AsSpan().IndexOfAny('\t', '\r', '\n') < 0 ? text.Trim()
        : string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static Encoding? EncodingOf(string? name)
    {
        if (name is null)
            return null;
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        try
        {
            return Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (ArgumentException problem)
        {
            throw new KalmException($"encoding '{name}': not known; expected a name such as utf-8, latin1, windows-1252, shift_jis",
                problem);
        }
    }
}
