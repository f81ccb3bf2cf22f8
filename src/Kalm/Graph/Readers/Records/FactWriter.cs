using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Records;

/// <summary>Puts a fact together from its parts, which come in any order, and adds it to the graph.</summary>
/// <param name="graph">Takes the facts.</param>
/// <param name="file">The file they stand in, as messages show it.</param>
/// <param name="expected">What a record holds, in words.</param>
internal sealed class FactWriter(GraphBuilder graph, string file, string expected)
{
    private readonly List<(ColumnRole Role, string Name, string Value)> beside = [];
    private string? head;
    private string? relation;
    private string? tail;
    private string? literal;
    private PlaceCount padded;
    private PlaceCount literals;
    private int negative;
    private bool isLabelled;
    private bool isFalse;
    private Split? ownSplit;

    /// <summary>Starts a fact.</summary>
    public void Begin()
    {
        (head, relation, tail, literal, isFalse, ownSplit) = (null, null, null, null, false, null);
        beside.Clear();
    }

    /// <summary>Takes a part of it; blank ones are absent.</summary>
    /// <param name="role">What it is.</param>
    /// <param name="name">What its column or key is called.</param>
    /// <param name="value">Its text.</param>
    public void Put(ColumnRole role, string name, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            return;
        switch (role)
        {
            case ColumnRole.Head: head = value; break;
            case ColumnRole.Relation: relation = value; break;
            case ColumnRole.Tail: tail = value; break;
            case ColumnRole.Out: break;
            // A column of such a name may hold something else.
            case ColumnRole.Label when ColumnPlan.IsTrue(value) is { } isTrue: (isLabelled, isFalse) = (true, !isTrue); break;
            case ColumnRole.Split when SplitNames.Of(value.Trim(), out _) is { } split: ownSplit = split; break;
            case ColumnRole.Label or ColumnRole.Split: beside.Add((ColumnRole.Attribute, name, value)); break;
            default: beside.Add((role, name, value)); break;
        }
    }

    /// <summary>Takes a number or the like that stands where the tail is: what is said of the head is then no fact but an
    /// attribute.</summary>
    public void PutLiteral(string value) => literal = value;

    /// <summary>Adds the fact.</summary>
    /// <param name="split">Where it goes, unless a part of it says so.</param>
    /// <param name="place">Where it stands.</param>
    /// <param name="onlyRelation">Its relation where it has none; null when it must have one.</param>
    /// <returns>The fact; null where it is malformed, false or an attribute.</returns>
    public Triple? End(Split split, Place place, string? onlyRelation)
    {
        relation ??= onlyRelation;
        if (Wrong() is { } problem)
        {
            graph.Bad(place, problem);
            return null;
        }
        if (isFalse)
        {
            negative++;
            return null;
        }
        if (literal is not null)
        {
            literals.Add(place);
            graph.AddAttribute(graph.Entities.FindOrAdd(head, out _), ReadableId.Words(relation!), literal);
            return null;
        }
        if (IsPadded(head!) || IsPadded(relation!) || IsPadded(tail!))
            padded.Add(place);
        if (graph.Add(ownSplit ?? split, head, relation, tail, place) is not { } fact)
            return null;
        foreach (var (role, name, value) in beside)
            Add(fact, role, name, value);
        return fact;
    }

    /// <summary>Tells what was remarkable.</summary>
    public void Finish()
    {
        if (padded.Count > 0)
            graph.Warnings.Add($"{padded.First}: facts with a name that begins or ends with a space, which makes it another name: "
                + $"{padded.Count:N0}");
        if (literals.Count > 0)
        {
            graph.Used(file, "tail that is a number or true or false", "attribute of the head, called as the relation");
            graph.Warnings.Add($"{literals.First}: numbers in the place of a tail, which became attributes of the head: "
                + $"{literals.Count:N0}");
        }
        if (isLabelled)
            graph.Warnings.Add($"{file}: false facts, labelled -1 or 0, left out: {negative:N0}");
    }

    private string? Wrong()
    {
        foreach (var (part, name) in new[] { (head, "head"), (relation, "relation"), (tail ?? literal, "tail") })
        {
            if (part is null)
                return $"no {name}; expected {expected}";
            if (part.AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
                return $"a tab or a line end in the {name}; expected a name on one line";
        }
        return null;
    }

    private void Add(Triple fact, ColumnRole role, string name, string value)
    {
        switch (role)
        {
            case ColumnRole.HeadName: graph.SetName(fact.Head, value); break;
            case ColumnRole.HeadType: graph.AddType(fact.Head, value); break;
            case ColumnRole.HeadText: graph.SetText(fact.Head, value); break;
            case ColumnRole.TailName: graph.SetName(fact.Tail, value); break;
            case ColumnRole.TailType: graph.AddType(fact.Tail, value); break;
            case ColumnRole.TailText: graph.SetText(fact.Tail, value); break;
            case ColumnRole.RelationText: graph.SetRelationText(fact.Relation, value); break;
            default: graph.AddAttribute(fact, name, value); break;
        }
    }

    private static bool IsPadded(string part) => char.IsWhiteSpace(part[0]) || char.IsWhiteSpace(part[^1]);
}
