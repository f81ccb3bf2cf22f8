namespace Kalm.Graph.Readers.Tables;

/// <summary>Reads a table of facts into a graph.</summary>
internal sealed class FactTable
{
    private static readonly string[] Ordinals = ["head", "relation", "tail"];
    private readonly GraphFile file;
    private readonly GraphBuilder graph;
    private readonly TableShape shape;
    private readonly ColumnPlan plan;
    private PlaceCount padded;
    private PlaceCount remarks;
    private int negative;

    private FactTable(GraphFile file, GraphBuilder graph, TableShape shape, ColumnPlan plan) =>
        (this.file, this.graph, this.shape, this.plan) = (file, graph, shape, plan);

    /// <summary>What a row holds, in words.</summary>
    private string Expected => $"{plan.Roles.Count} fields separated by {TableShape.NamesOf(shape.Delimiter)}: "
        + $"{string.Join(", ", plan.Names)}";

    /// <summary>Looks at a file.</summary>
    /// <exception cref="KalmException">It cannot be told what its columns hold.</exception>
    public static FactTable Open(GraphFile file, GraphBuilder graph)
    {
        var shape = TableShape.Of(file, graph, graph.Options.Columns?.Count ?? 3, 4);
        // Two columns make an edge where a heading says so.
        if (shape.Columns < 3 && graph.Options.Columns is null
            && TableShape.Of(file, graph, 2) is { Columns: 2 } edges && ColumnPlan.OfHeading(edges.Rows[0]) is not null)
            shape = edges;
        return new FactTable(file, graph, shape, ColumnPlan.Of(file, shape, graph.Options));
    }

    /// <summary>Reads the rows below the heading.</summary>
    /// <param name="split">Where the facts go, unless a column says so.</param>
    /// <param name="mapEntity">What a field names as an entity; null takes it as an id.</param>
    /// <param name="mapRelation">What a field names as a relation; null takes it as an id.</param>
    public void Read(Split split, IdMap? mapEntity = null, IdMap? mapRelation = null)
    {
        Tell();
        using var rows = new SeparatedReader(file, graph.Encoding, shape.Delimiter, shape.HasQuotes);
        var isFirst = true;
        while (rows.Read())
        {
            var place = new Place(file.Shown, rows.Line);
            if (isFirst && plan.HasHeading)
            {
                isFirst = false;
                continue;
            }
            isFirst = false;
            if (Wrong(rows) is { } problem)
                Pass(rows, place, problem);
            else
                Add(rows, split, place, mapEntity, mapRelation);
        }
        if (remarks.Count > 0)
            graph.Warnings.Add($"{remarks.First}: remarks, lines that begin with #, left out: {remarks.Count:N0}");
        if (padded.Count > 0)
            graph.Warnings.Add($"{padded.First}: lines with a name that begins or ends with a space, which makes it another "
                + $"name: {padded.Count:N0}");
        if (plan.Roles.Contains(ColumnRole.Label))
            graph.Warnings.Add($"{file.Shown}: false facts, labelled -1 or 0, left out: {negative:N0}");
        if (split == Split.Train && graph[split].Triples.Count == 0)
            throw file.Fault($"no triples; expected lines of {Expected}");
    }

    // A line that begins with a number sign and is no row is a remark.
    private void Pass(SeparatedReader rows, Place place, string problem)
    {
        if (rows.Problem is null && rows.Count > 0 && rows[0].StartsWith('#') && rows.Count != plan.Roles.Count)
            remarks.Add(place);
        else
            graph.Bad(place, problem);
    }

    private void Tell()
    {
        for (var column = 0; column < plan.Roles.Count; column++)
            graph.Used(file.Shown, plan.HasHeading ? $"'{plan.Names[column]}'" : $"{column + 1}",
                ColumnPlan.Words(plan.Roles[column], plan.Names[column]));
        if (plan.Relation < 0)
            graph.Used(file.Shown, "(none)", $"relation: all facts are '{ColumnPlan.OnlyRelation}'");
    }

    private string? Wrong(SeparatedReader rows)
    {
        if (rows.Problem is { } problem)
            return problem;
        var found = rows.Count;
        // A separator at the end of a line makes no column.
        while (found > plan.Roles.Count && rows[found - 1].IsWhiteSpace())
            found--;
        var labelMayBeAbsent = plan.Roles[^1] == ColumnRole.Label && found == plan.Roles.Count - 1;
        if (found != plan.Roles.Count && !labelMayBeAbsent)
            return $"{found} field{(found == 1 ? "" : "s")}; expected {Expected}" + (plan.HasHeading || found < 3 ? ""
                : ", or what the columns hold by --columns, such as head,relation,tail,weight");
        for (var name = 0; name < Ordinals.Length; name++)
        {
            var column = name == 0 ? plan.Head : name == 1 ? plan.Relation : plan.Tail;
            if (column < 0)
                continue;
            if (rows[column].IsWhiteSpace())
                return $"empty {Ordinals[name]}; expected {Expected}";
            if (rows[column].IndexOfAny('\t', '\r', '\n') >= 0)
                return $"a tab or a line end in the {Ordinals[name]}; expected a name on one line";
        }
        return null;
    }

    private void Add(SeparatedReader rows, Split split, Place place, IdMap? mapEntity, IdMap? mapRelation)
    {
        var head = rows[plan.Head];
        var relation = plan.Relation < 0 ? ColumnPlan.OnlyRelation : rows[plan.Relation];
        var tail = rows[plan.Tail];
        if (IsPadded(head) || IsPadded(relation) || IsPadded(tail))
            padded.Add(place);
        if (!plan.IsPlain && !ReadSideColumns(rows, ref split, place))
            return;
        if (mapEntity is not null && (!mapEntity.Map(ref head, graph, place) || !mapEntity.Map(ref tail, graph, place)))
            return;
        if (mapRelation is not null && !mapRelation.Map(ref relation, graph, place))
            return;
        if (graph.Add(split, head, relation, tail, place) is { } fact && !plan.IsPlain)
            AddAttributes(rows, fact);
    }

    // Whether the row is a fact.
    private bool ReadSideColumns(SeparatedReader rows, ref Split split, Place place)
    {
        for (var column = 0; column < plan.Roles.Count && column < rows.Count; column++)
        {
            if (plan.Roles[column] == ColumnRole.Label)
            {
                if (ColumnPlan.IsTrue(rows[column]) is not { } isTrue)
                {
                    graph.Bad(place, $"label '{rows[column]}'; expected 1 for true, -1 or 0 for false");
                    return false;
                }
                if (!isTrue)
                {
                    negative++;
                    return false;
                }
            }
            else if (plan.Roles[column] == ColumnRole.Split)
            {
                if (SplitNames.Of(rows[column].Trim().ToString(), out _) is not { } named)
                {
                    graph.Bad(place, $"split '{rows[column]}'; expected train, valid or test");
                    return false;
                }
                split = named;
            }
        }
        return true;
    }

    private void AddAttributes(SeparatedReader rows, Triple fact)
    {
        for (var column = 0; column < plan.Roles.Count && column < rows.Count; column++)
        {
            if (plan.Roles[column] is ColumnRole.Head or ColumnRole.Relation or ColumnRole.Tail or ColumnRole.Out or ColumnRole.Label
                or ColumnRole.Split || rows[column].IsWhiteSpace())
                continue;
            var value = rows[column].Trim().ToString();
            switch (plan.Roles[column])
            {
                case ColumnRole.HeadName: graph.SetName(fact.Head, value); break;
                case ColumnRole.HeadType: graph.AddType(fact.Head, value); break;
                case ColumnRole.HeadText: graph.SetText(fact.Head, value); break;
                case ColumnRole.TailName: graph.SetName(fact.Tail, value); break;
                case ColumnRole.TailType: graph.AddType(fact.Tail, value); break;
                case ColumnRole.TailText: graph.SetText(fact.Tail, value); break;
                case ColumnRole.RelationText: graph.SetRelationText(fact.Relation, value); break;
                default: graph.AddAttribute(fact, plan.Names[column], value); break;
            }
        }
    }

    private static bool IsPadded(ReadOnlySpan<char> field) => char.IsWhiteSpace(field[0]) || char.IsWhiteSpace(field[^1]);
}
