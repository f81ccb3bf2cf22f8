namespace Kalm.Tests.Graph;

/// <summary>A chain of entities e0..e11 and a wheel of a hub with 50 spokes, without a fault, or with one of each kind.</summary>
internal static class PlantedGraph
{
    private const int ChainLength = 12;
    private const int Spokes = 50;

    public static SmallGraph Clean() => Write(Names(), Describe, Train(), ["e0\t_links\te2"], ["e1\t_links\te3"]);

    public static SmallGraph Faulty() => Write(
        [.. Names(), "e12"],
        name => name switch
        {
            "e6" or "e7" => "a thing like another",
            "e8" => string.Join(' ', Enumerable.Repeat("word", 40)),
            "e9" => "the one before E10",
            _ => Describe(name),
        },
        [
            .. Train(),
            "e0\t_links\te1",       // a duplicate, line 63
            "e4\t_likes\te3",       // the reverse of a link
            "e2\t_near\te5",
            "hub\t_links\te11",     // the 51st triple of the hub
        ],
        ["e0\t_links\te2", "e0\t_links\te12"],
        ["e1\t_links\te3", "e1\t_links\te2", "e5\t_near\te2"]);

    private static string[] Names() =>
        [.. Enumerable.Range(0, ChainLength).Select(index => $"e{index}"), "hub",
            .. Enumerable.Range(0, Spokes).Select(index => $"spoke{index}")];

    private static string Describe(string name) => $"{name}, entry {name.Length} of a list";

    /// <summary>11 links and 50 spokes: 61 lines; and one line so that every relation is there.</summary>
    private static string[] Train() =>
    [
        .. Enumerable.Range(0, ChainLength - 1).Select(index => $"e{index}\t_links\te{index + 1}"),
        .. Enumerable.Range(0, Spokes).Select(index => $"hub\t_links\tspoke{index}"),
        "e0\t_likes\te5",
    ];

    private static SmallGraph Write(
        string[] names, Func<string, string> describe, string[] train, string[] valid, string[] test) => SmallGraph.Kalm()
        .With("entities.dict", Rows(names))
        .With("entityText_short.txt", Lines(names))
        .With("entityId2text.dict", Rows(names.Select(describe)))
        .With("relations.dict", "0\t_links\n1\t_likes\n2\t_near\n")
        .With("relationId2text.dict", "0\tlinks to\n1\tlikes\n2\tlies near\n")
        .With("relationId2text_inverse.dict", "0\tlinked from\n1\tliked by\n2\tlies close to\n")
        .With("train.txt", Lines(train)).With("valid.txt", Lines(valid)).With("test.txt", Lines(test));

    private static string Rows(IEnumerable<string> items) => string.Concat(items.Select((item, index) => $"{index}\t{item}\n"));

    private static string Lines(IEnumerable<string> items) => string.Concat(items.Select(item => item + "\n"));
}
