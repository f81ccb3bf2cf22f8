namespace Kalm.Graph.Readers.Rdf;

/// <summary>A member of a list.</summary>
/// <param name="Node">The id of a node; null for a literal.</param>
/// <param name="Literal">The literal; null for a node.</param>
internal readonly record struct ListMember(string? Node, StoredTerm? Literal);

/// <summary>The lists (rdf:first, rdf:rest) and containers (rdf:_1, …) of a graph.</summary>
internal sealed class RdfLists
{
    private const long MostMembers = 50_000_000;
    private readonly Dictionary<string, Cell> cells = new(StringComparer.Ordinal);
    private long given;

    /// <summary>Whether a node is a list.</summary>
    public bool Holds(ReadOnlySpan<char> node) =>
        cells.Count > 0 && cells.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(node);

    /// <summary>Gives a list its first member; of several the first.</summary>
    public void SetFirst(ReadOnlySpan<char> list, ListMember member) => Of(list).First ??= member;

    /// <summary>Says what comes behind the first member.</summary>
    public void SetRest(ReadOnlySpan<char> list, string rest) => Of(list).Rest ??= rest;

    /// <summary>Gives a container a member.</summary>
    public void Add(ReadOnlySpan<char> container, ReadOnlySpan<char> number, ListMember member)
    {
        var cell = Of(container);
        (cell.Members ??= []).Add((int.TryParse(number, out var place) ? place : int.MaxValue, member));
    }

    /// <summary>The members of a list, with those of lists within it.</summary>
    /// <exception cref="KalmException">Lists that are named again and again make more facts than can be.</exception>
    public IReadOnlyList<ListMember> Members(ReadOnlySpan<char> list)
    {
        var members = new List<ListMember>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<ListMember>([new ListMember(list.ToString(), null)]);
        while (open.TryPop(out var next))
        {
            if (next.Node is null || !cells.TryGetValue(next.Node, out var cell))
            {
                if (next.Node != RdfNames.Nil)
                    members.Add(next);
                continue;
            }
            if (!seen.Add(next.Node))
                continue;
            foreach (var (_, member) in cell.Members?.OrderByDescending(item => item.Place) ?? Enumerable.Empty<(int, ListMember)>())
                open.Push(member);
            if (cell.Rest is not null && cells.ContainsKey(cell.Rest))
                open.Push(new ListMember(cell.Rest, null));
            if (cell.First is { } first)
                open.Push(first);
        }
        given += members.Count;
        return given <= MostMembers ? members
            : throw new KalmException($"lists: named so often that they make more than {MostMembers:N0} facts; expected fewer");
    }

    private Cell Of(ReadOnlySpan<char> node)
    {
        var lookup = cells.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(node, out var cell))
            lookup[node] = cell = new Cell();
        return cell;
    }

    private sealed class Cell
    {
        public ListMember? First { get; set; }

        public string? Rest { get; set; }

        public List<(int Place, ListMember Member)>? Members { get; set; }
    }
}
