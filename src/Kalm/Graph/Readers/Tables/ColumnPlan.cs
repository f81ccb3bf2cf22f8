namespace Kalm.Graph.Readers.Tables;

/// <summary>What the columns of a table of facts hold.</summary>
/// <param name="Roles">A role for each column.</param>
/// <param name="Names">What each is called.</param>
/// <param name="HasHeading">Whether the first row is a heading.</param>
internal sealed record ColumnPlan(IReadOnlyList<ColumnRole> Roles, IReadOnlyList<string> Names, bool HasHeading)
{
    /// <summary>The relation of tables that have no column for one.</summary>
    public const string OnlyRelation = "related to";

    private static readonly ColumnRole[] Plain = [ColumnRole.Head, ColumnRole.Relation, ColumnRole.Tail];
    private static readonly string[] PlainNames = ["head", "relation", "tail"];

    /// <summary>Where the head stands.</summary>
    public int Head { get; } = IndexOf(Roles, ColumnRole.Head);

    /// <summary>Where the relation stands; -1 where all facts have one.</summary>
    public int Relation { get; } = IndexOf(Roles, ColumnRole.Relation);

    /// <summary>Where the tail stands.</summary>
    public int Tail { get; } = IndexOf(Roles, ColumnRole.Tail);

    /// <summary>Whether there is anything beside head, relation and tail.</summary>
    public bool IsPlain => Roles.Count == Plain.Length && Relation >= 0;

    /// <summary>The plan of a heading; null when the row is none.</summary>
    public static ColumnPlan? OfHeading(IReadOnlyList<string> row)
    {
        string[] names = [.. row.Select((name, index) => index == 0 ? name.TrimStart('#', ' ') : name.Trim())];
        return Heading.Roles(names) is { } roles ? new ColumnPlan(roles, names, true) : null;
    }

    /// <summary>The plan of a table.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="shape">Its first rows.</param>
    /// <param name="options">What the user says of it.</param>
    /// <exception cref="KalmException">It cannot be told what the columns hold.</exception>
    public static ColumnPlan Of(GraphFile file, TableShape shape, GraphOptions options)
    {
        var heading = shape.Rows.Count > 0 ? OfHeading(shape.Rows[0]) : null;
        if (options.Columns is { } given)
            return Given(given, heading is not null || (shape.Rows.Count > 0 && IsNamedBy(shape.Rows[0], given)));
        if (heading is not null)
            return Settled(heading, shape);
        if (shape.Columns == Plain.Length)
            return InOrder(file, shape);
        if (shape.Columns == Plain.Length + 1 && shape.Rows.All(row => row.Length <= 3 || IsLabel(row[3])) && shape.Rows.Any(row =>
            row.Length > 3))
            return new ColumnPlan([.. Plain, ColumnRole.Label], [.. PlainNames, "label"], false);
        if (shape.Columns == Plain.Length + 1 && shape.Rows.All(row => row.Length == 4 && (row[3].Length == 0 || row[3] == ".")))
            return new ColumnPlan([.. Plain, ColumnRole.Out], [.. PlainNames, ""], false);
        return new ColumnPlan(Plain, PlainNames, false);
    }

    /// <summary>Whether a field labels a fact as true or false.</summary>
    public static bool IsLabel(ReadOnlySpan<char> field) => IsTrue(field) is not null;

    /// <summary>What a label says; null where it is none.</summary>
    public static bool? IsTrue(ReadOnlySpan<char> field) => field.Trim() switch
    {
        "1" or "+1" or "1.0" or "true" or "True" or "TRUE" => true,
        "-1" or "0" or "0.0" or "-1.0" or "false" or "False" or "FALSE" => false,
        _ => null,
    };

    /// <summary>What a column, or a key, is taken for, in words.</summary>
    public static string Words(ColumnRole role, string name) => role switch
    {
        ColumnRole.Attribute => $"attribute '{name}' of the fact",
        ColumnRole.Out => "left out",
        ColumnRole.Label => "label: 1 true, -1 or 0 false",
        ColumnRole.HeadName => "name of the head",
        ColumnRole.HeadType => "type of the head",
        ColumnRole.HeadText => "description of the head",
        ColumnRole.TailName => "name of the tail",
        ColumnRole.TailType => "type of the tail",
        ColumnRole.TailText => "description of the tail",
        ColumnRole.RelationText => "words of the relation",
        _ => role.ToString().ToLowerInvariant(),
    };

    /// <summary>The plan that --columns gives.</summary>
    /// <exception cref="KalmException">It has no head and tail.</exception>
    public static ColumnPlan Given(IReadOnlyList<string> given, bool hasHeading)
    {
        ColumnRole[] roles = [.. given.Select(name => name.Trim().ToLowerInvariant() switch
        {
            "head" => ColumnRole.Head,
            "relation" => ColumnRole.Relation,
            "tail" => ColumnRole.Tail,
            "split" => ColumnRole.Split,
            "label" => ColumnRole.Label,
            "-" or "" => ColumnRole.Out,
            _ => ColumnRole.Attribute,
        })];
        if (roles.Count(role => role == ColumnRole.Head) != 1 || roles.Count(role => role == ColumnRole.Tail) != 1
            || roles.Count(role => role == ColumnRole.Relation) > 1)
            throw new KalmException($"columns {string.Join(",", given)}: expected head and tail once, and relation at most once, such as "
                + "head,relation,tail");
        return new ColumnPlan(roles, [.. given.Select(name => name.Trim())], hasHeading);
    }

    // A first row that repeats the names that were given, or names no value that comes again, is a heading.
    private static bool IsNamedBy(string[] row, IReadOnlyList<string> given) =>
        row.Length == given.Count && row.Zip(given).All(pair => Heading.Key(pair.First) == Heading.Key(pair.Second));

    // A column called label is the relation of some tables, and in others says whether the fact is true.
    private static ColumnPlan Settled(ColumnPlan heading, TableShape shape)
    {
        var roles = heading.Roles.ToArray();
        for (var column = 0; column < roles.Length; column++)
        {
            var place = column;
            if (roles[place] == ColumnRole.Label
                && !shape.Rows.Skip(1).All(row => row.Length <= place || IsLabel(row[place])))
                roles[place] = ColumnRole.Attribute;
            if (roles[place] == ColumnRole.Split
                && !shape.Rows.Skip(1).All(row => row.Length <= place || SplitNames.Of(row[place].Trim(), out _) is not null))
                roles[place] = ColumnRole.Attribute;
        }
        return heading with { Roles = roles };
    }

    // Without a heading the order is head, relation, tail unless the values speak against it: relations are few and are no entities.
    private static ColumnPlan InOrder(GraphFile file, TableShape shape)
    {
        const int Telling = 20;
        var rows = shape.Rows.Where(row => row.Length == Plain.Length).ToList();
        if (rows.Count >= Telling)
        {
            HashSet<string>[] values = [.. Enumerable.Range(0, 3).Select(column => rows.Select(row => row[column]).ToHashSet())];
            var (middle, last) = (values[1], values[2]);
            var relationIsLast = last.Count * 4 <= middle.Count && last.Count * 10 <= rows.Count && !last.Overlaps(values[0]);
            var relationIsFirst = values[0].Count * 4 <= middle.Count && values[0].Count * 10 <= rows.Count && !values[0].Overlaps(last)
                && !values[0].Overlaps(middle);
            if (relationIsLast || relationIsFirst)
                throw new KalmException($"{file.Shown}: the {(relationIsLast ? "third" : "first")} column looks like the relation "
                    + $"({(relationIsLast ? last : values[0]).Count:N0} values, such as '{(relationIsLast ? last : values[0]).First()}'; "
                        + "the "
                    + $"second has {middle.Count:N0}); expected head, relation, tail, or the order by --columns "
                    + (relationIsLast ? "head,tail,relation" : "relation,head,tail"));
        }
        return new ColumnPlan(Plain, PlainNames, false);
    }

    private static int IndexOf(IReadOnlyList<ColumnRole> roles, ColumnRole role)
    {
        for (var index = 0; index < roles.Count; index++)
            if (roles[index] == role)
                return index;
        return -1;
    }
}
