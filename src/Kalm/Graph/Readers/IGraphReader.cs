namespace Kalm.Graph.Readers;

/// <summary>A format of graphs.</summary>
internal interface IGraphReader
{
    /// <summary>What --format calls it.</summary>
    string Key { get; }

    /// <summary>The format in words.</summary>
    string Name { get; }

    /// <summary>Looks whether files are of this format, by their names and beginnings.</summary>
    /// <param name="files">What there is.</param>
    /// <param name="options">What the user says about them.</param>
    /// <returns>Null when they are not.</returns>
    Recognition? Recognise(GraphFiles files, GraphOptions options);

    /// <summary>Reads them.</summary>
    /// <param name="files">What there is.</param>
    /// <param name="found">What <see cref="Recognise"/> said.</param>
    /// <param name="graph">Takes what is read, and how it was understood.</param>
    /// <exception cref="KalmException">A fault, with file, line, what was found and what was expected.</exception>
    void Read(GraphFiles files, Recognition found, GraphBuilder graph);
}

/// <summary>How sure a reader is.</summary>
internal enum Certainty
{
    /// <summary>It can be read so, when nothing fits better.</summary>
    Possible,

    /// <summary>Names or contents are as this format has them.</summary>
    Likely,

    /// <summary>No other format has these.</summary>
    Certain,
}

/// <summary>That files are of a format.</summary>
/// <param name="Certainty">How sure that is.</param>
/// <param name="Files">The files that will be read; every other is named as unread.</param>
/// <param name="Because">What tells so, in words, for a message that several formats fit.</param>
internal sealed record Recognition(Certainty Certainty, IReadOnlyList<GraphFile> Files, string Because)
{
    /// <summary>Whether the names of the files alone tell so.</summary>
    public bool IsByNames { get; init; }
}
