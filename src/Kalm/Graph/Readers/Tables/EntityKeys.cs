namespace Kalm.Graph.Readers.Tables;

/// <summary>The headings, and keys, under which programs write what is known of an entity; of each kind the best first. They are compared
/// by
/// <see cref="Heading.Key"/>.</summary>
internal static class EntityKeys
{
    /// <summary>What its id stands under.</summary>
    public static readonly string[] Ids =
    [
        "id", "entity", "entityid", "key", "node", "nodeid", "uri", "iri", "qid", "identifier", "elementid", "name", "label", "title",
    ];

    /// <summary>What its name stands under.</summary>
    public static readonly string[] Names =
        ["name", "title", "label", "displayname", "shorttext", "preflabel", "preferredlabel", "preferredname", "fullname"];

    /// <summary>What says its kind.</summary>
    public static readonly string[] Types =
        ["type", "types", "class", "category", "kind", "labels", "entitytype", "nodetype", "entitytypes", "nodetypes"];

    /// <summary>What its description stands under.</summary>
    public static readonly string[] Texts =
        ["description", "desc", "definition", "abstract", "summary", "text", "comment", "longtext", "content"];

    /// <summary>How good a key is for the name, 0 the best; -1 when it is for something else.</summary>
    public static int RankOfName(string key) => Array.IndexOf(Names, key);

    /// <summary>How good a key is for the description, 0 the best; -1 when it is for something else.</summary>
    public static int RankOfText(string key) => Array.IndexOf(Texts, key);

    /// <summary>How good a key is for the id, 0 the best; -1 when it is for something else.</summary>
    public static int RankOfId(string key) => Array.IndexOf(Ids, key);

    /// <summary>Whether a key is for the kind of thing.</summary>
    public static bool IsType(string key) => Types.Contains(key);
}
