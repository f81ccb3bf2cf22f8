namespace Kalm.Graph.Readers.Rdf;

/// <summary>A file of a graph in RDF.</summary>
/// <param name="File">The file.</param>
/// <param name="Format">Its syntax.</param>
/// <param name="Split">The split that its facts belong to.</param>
/// <param name="Scope">What tells its blank nodes from those of other files.</param>
/// <param name="Encoding">The encoding that the user names.</param>
internal sealed record RdfSource(GraphFile File, RdfFormat Format, Split Split, string Scope, System.Text.Encoding? Encoding)
{
    /// <summary>The files in the order in which they are read: those of train first.</summary>
    /// <param name="files">The files.</param>
    /// <param name="graph">How they are read.</param>
    /// <param name="asked">The syntax of a file that tells none, and of those that it includes.</param>
    public static IReadOnlyList<RdfSource> Of(IReadOnlyList<GraphFile> files, GraphBuilder graph, RdfFormat asked)
    {
        // Only where a file says that it is for training are others for validation and testing.
        var areSplit = files.Any(file => SplitNames.Of(file.Stem, out _) == Split.Train);
        return [.. files.OrderBy(SplitOf).Select((file, index) => new RdfSource(
            file, FormatOf(file), SplitOf(file), index == 0 ? "" : $"{index + 1}/", graph.Encoding))];

        Split SplitOf(GraphFile file) => areSplit ? SplitNames.Of(file.Stem, out _) ?? Split.Train : Split.Train;

        RdfFormat FormatOf(GraphFile file)
        {
            var told = RdfFormat.Of(file, graph.Options.Encoding is not null).Format;
            var isAsked = graph.Options.Format == asked.Key;
            return told is null || (isAsked && (files.Count == 1 || asked.Includes(told))) ? asked : told;
        }
    }

    /// <summary>Reads the file.</summary>
    /// <param name="sink">Takes its statements.</param>
    /// <param name="bad">Takes its faults.</param>
    public void Read(IRdfSink sink, Action<Place, string> bad) =>
        Format.Open(new RdfInput(File, sink) { Encoding = Encoding, Bad = bad }).Read();
}

/// <summary>The ids of nodes: an IRI, or "_:" and a label, with the file's scope where there are several files.</summary>
internal sealed class NodeKeys
{
    private readonly char[][] made = [new char[256], new char[256]];
    private string start = "_:";

    /// <summary>Goes over to a file.</summary>
    public void Enter(RdfSource source) => start = "_:" + source.Scope;

    /// <summary>The id of a node.</summary>
    /// <param name="term">The node.</param>
    /// <param name="isObject">Whether the id is to last beside that of a subject.</param>
    public ReadOnlySpan<char> Of(RdfTerm term, bool isObject = false)
    {
        if (term.Kind != TermKind.Blank)
            return KalmIris.EntityOf(term.Value);
        ref var room = ref made[isObject ? 1 : 0];
        var length = start.Length + term.Value.Length;
        if (room.Length < length)
            room = new char[2 * length];
        start.CopyTo(room);
        term.Value.CopyTo(room.AsSpan(start.Length));
        return room.AsSpan(0, length);
    }
}
