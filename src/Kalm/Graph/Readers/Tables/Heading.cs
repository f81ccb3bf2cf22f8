namespace Kalm.Graph.Readers.Tables;

/// <summary>What a column of a table of facts holds.</summary>
internal enum ColumnRole
{
    /// <summary>The head's id.</summary>
    Head,

    /// <summary>The head's name.</summary>
    HeadName,

    /// <summary>What kind of thing the head is.</summary>
    HeadType,

    /// <summary>The head's description.</summary>
    HeadText,

    /// <summary>The relation's id.</summary>
    Relation,

    /// <summary>The relation's words.</summary>
    RelationText,

    /// <summary>The tail's id.</summary>
    Tail,

    /// <summary>The tail's name.</summary>
    TailName,

    /// <summary>What kind of thing the tail is.</summary>
    TailType,

    /// <summary>The tail's description.</summary>
    TailText,

    /// <summary>The split that the fact belongs to.</summary>
    Split,

    /// <summary>Whether the fact is true: 1, or -1 or 0.</summary>
    Label,

    /// <summary>Something known of the fact.</summary>
    Attribute,

    /// <summary>Nothing that is used.</summary>
    Out,
}

/// <summary>Understands the headings, and keys, under which programs write facts, in any order and case.</summary>
internal static class Heading
{
    // From the clearest to what can mean something else too: a source may be an end of an edge or where a fact was found.
    private static readonly (string Head, string Tail)[] Ends =
    [
        ("head", "tail"), ("subject", "object"), ("subj", "obj"), ("sub", "obj"), ("h", "t"), ("s", "o"), ("entity1", "entity2"),
        ("ent1", "ent2"), ("e1", "e2"), ("node1", "node2"), ("n1", "n2"), ("concept1", "concept2"), ("term1", "term2"),
        ("item1", "item2"), ("arg1", "arg2"), ("source", "target"), ("src", "dst"), ("src", "dest"), ("src", "tgt"), ("src", "target"),
        ("source", "destination"), ("source", "dest"), ("from", "to"), ("start", "end"), ("left", "right"), ("lhs", "rhs"), ("x", "y"),
    ];

    // Of these a heading needs no relation: they are what lists of edges call their ends.
    private static readonly string[] OfEdges = ["source", "src", "from"];

    // What may stand behind or before an end's name; the first that both ends have holds the ids.
    private static readonly string[] IdSuffixes =
        ["", "id", "index", "entity", "entityid", "node", "nodeid", "uri", "iri", "concept", "term", "key", "name", "label", "title",
            "text"];

    private static readonly string[] NameSuffixes = ["name", "label", "title", "entityname", "nodename", "text"];
    private static readonly string[] TypeSuffixes = ["type", "class", "category", "kind", "labels", "entitytype", "nodetype"];
    private static readonly string[] TextSuffixes = ["description", "desc", "definition", "summary", "comment", "text"];

    private static readonly string[] Relations =
    [
        "relation", "predicate", "relationship", "rel", "pred", "relationid", "predicateid", "relationshipid", "relid", "property",
        "propertyid", "relationtype", "relationshiptype", "reltype", "edgetype", "linktype", "r", "p", "verb", "interaction",
        "interactiontype", "association", "edge", "edgelabel", "link", "relationname", "relationlabel", "predicatename", "predicatelabel",
        "type", "label", "role", "name", "key", "caption",
    ];

    private static readonly string[] RelationTexts =
        ["relationname", "relationlabel", "relationtext", "predicatename", "predicatelabel", "propertylabel", "propertyname",
            "displayrelation"];

    private static readonly string[] Labels = ["label", "truth", "istrue", "correct", "polarity", "target"];
    private static readonly string[] SplitColumns = ["split", "set", "partition", "fold", "subset"];
    private static readonly string[] Indices = ["", "unnamed0", "index", "rowid", "row", "rownumber", "idx"];

    /// <summary>What the columns of a heading hold.</summary>
    /// <param name="heading">The headings, or the keys of an object.</param>
    /// <returns>A role for each; null when it names no two ends.</returns>
    public static ColumnRole[]? Roles(IReadOnlyList<string> heading)
    {
        var keys = heading.Select(Key).ToList();
        foreach (var (head, tail) in Ends)
            foreach (var suffix in IdSuffixes)
                foreach (var order in new[] { (head + suffix, tail + suffix), (suffix + head, suffix + tail) })
                {
                    var (from, to) = (keys.IndexOf(order.Item1), keys.IndexOf(order.Item2));
                    if (from >= 0 && to >= 0 && head + suffix != "x" && (OfEdges.Contains(head) || FindRelation(keys, from, to) >= 0))
                        return Assign(keys, head, tail, from, to);
                }
        return null;
    }

    /// <summary>Where the relation stands among what is said of an edge whose ends are known; -1 where it does not.</summary>
    public static int Relation(IEnumerable<string> keys) => FindRelation([.. keys.Select(Key)], -1, -1);

    /// <summary>Letters and digits of a heading, in lower case: "Head Entity" and "head_entity" are one.</summary>
    public static string Key(string heading) =>
        string.Concat(heading.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant));

    private static ColumnRole[] Assign(List<string> keys, string head, string tail, int from, int to)
    {
        var roles = new ColumnRole[keys.Count];
        Array.Fill(roles, ColumnRole.Attribute);
        (roles[from], roles[to]) = (ColumnRole.Head, ColumnRole.Tail);
        var relation = FindRelation(keys, from, to);
        if (relation >= 0)
            roles[relation] = ColumnRole.Relation;
        for (var column = 0; column < keys.Count; column++)
            if (roles[column] == ColumnRole.Attribute)
                roles[column] = RoleBeside(keys[column], head, tail, relation >= 0 ? keys[relation] : "", column == 0);
        return roles;
    }

    private static int FindRelation(List<string> keys, int from, int to)
    {
        foreach (var name in Relations)
        {
            var place = keys.IndexOf(name);
            if (place >= 0 && place != from && place != to)
                return place;
        }
        return -1;
    }

    private static ColumnRole RoleBeside(string key, string head, string tail, string relation, bool isFirst)
    {
        foreach (var (end, name, type, text) in new[]
        {
            (head, ColumnRole.HeadName, ColumnRole.HeadType, ColumnRole.HeadText),
            (tail, ColumnRole.TailName, ColumnRole.TailType, ColumnRole.TailText),
        })
        {
            if (Array.Exists(NameSuffixes, suffix => key == end + suffix || key == suffix + end))
                return name;
            if (Array.Exists(TypeSuffixes, suffix => key == end + suffix || key == suffix + end))
                return type;
            if (Array.Exists(TextSuffixes, suffix => key == end + suffix || key == suffix + end))
                return text;
        }
        return RelationTexts.Contains(key) && key != relation ? ColumnRole.RelationText
            : SplitColumns.Contains(key) ? ColumnRole.Split
            : Labels.Contains(key) ? ColumnRole.Label
            : isFirst && Indices.Contains(key) ? ColumnRole.Out : ColumnRole.Attribute;
    }
}
