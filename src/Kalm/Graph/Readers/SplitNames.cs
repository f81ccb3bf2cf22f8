namespace Kalm.Graph.Readers;

/// <summary>What the files of the splits are called: train, and one or more of the usual names for the other two.</summary>
internal static class SplitNames
{
    private static readonly string[] Trains = ["train", "training"];
    private static readonly string[] Valids = ["valid", "dev", "validation", "val"];
    private static readonly string[] Tests = ["test", "testing"];

    /// <summary>The files of valid with an ending, those that are there.</summary>
    public static IEnumerable<string> Valid(GraphFiles files, string ending) => Present(files, Valids, ending);

    /// <summary>The files of test with an ending, those that are there.</summary>
    public static IEnumerable<string> Test(GraphFiles files, string ending) => Present(files, Tests, ending);

    /// <summary>The split that a file's name tells, without folder and ending; null where it tells none.</summary>
    /// <param name="stem">train, or a graph's name before it: wordnet-mlj12-train, wikidata5m_transductive_train.</param>
    /// <param name="prefix">What stands before the split's name, with its last character; empty where nothing does.</param>
    public static Split? Of(string stem, out string prefix)
    {
        var cut = stem.LastIndexOfAny(['-', '_', '.']) + 1;
        prefix = stem[..cut];
        var word = stem[cut..].ToLowerInvariant();
        return Trains.Contains(word) ? Split.Train : Valids.Contains(word) ? Split.Valid : Tests.Contains(word) ? Split.Test : null;
    }

    private static IEnumerable<string> Present(GraphFiles files, string[] stems, string ending) =>
        stems.Select(stem => stem + ending).Where(name => files.Find(name) is not null);
}
