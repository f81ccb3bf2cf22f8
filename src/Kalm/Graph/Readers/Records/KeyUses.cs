namespace Kalm.Graph.Readers.Records;

/// <summary>Tells what the keys of a file were taken for, each once. Records may bring ever new keys: of those beyond a number that people
/// read, only that there are more is told.</summary>
/// <param name="graph">Takes it.</param>
/// <param name="file">The file.</param>
internal sealed class KeyUses(GraphBuilder graph, string file)
{
    private const int MostTold = 200;
    private readonly HashSet<(string Key, string TakenFor)> told = [];

    /// <summary>Says what a key was taken for.</summary>
    public void Tell(string key, string takenFor)
    {
        if (told.Count > MostTold || !told.Add((key, takenFor)))
            return;
        if (told.Count > MostTold)
            graph.Used(file, "(more keys)", "likewise");
        else
            graph.Used(file, $"'{key}'", takenFor);
    }
}
