using System.Text;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>A parser of one of RDF's syntaxes, over one file.</summary>
internal interface IRdfParser
{
    /// <summary>Reads the file from its beginning to its end.</summary>
    /// <exception cref="KalmException">A fault that may not be passed over.</exception>
    void Read();
}

/// <summary>What a parser reads, and what takes it.</summary>
/// <param name="File">The file.</param>
/// <param name="Sink">Takes the statements.</param>
internal sealed record RdfInput(GraphFile File, IRdfSink Sink)
{
    /// <summary>The encoding of its bytes; null for what the format prescribes.</summary>
    public Encoding? Encoding { get; init; }

    /// <summary>What relative IRIs are resolved against until the file says otherwise; empty leaves them relative.</summary>
    public string Base { get; init; } = "";

    /// <summary>Takes the faults behind which a parser can go on; null ends the reading with the first.</summary>
    public Action<Place, string>? Bad { get; init; }

    /// <summary>A fault on a line.</summary>
    public RdfFault Fault(int line, string problem) => new(new Place(File.Shown, line), problem);

    /// <summary>Passes over a fault, or fails with it.</summary>
    /// <exception cref="KalmException">It may not be passed over.</exception>
    public void Report(RdfFault fault)
    {
        if (Bad is null)
            throw fault.Told();
        Bad(fault.Place, fault.Message);
    }

    /// <summary>Opens the file as UTF-8, whatever its bytes are.</summary>
    public Stream OpenUtf8()
    {
        var stream = File.Open();
        var head = File.Head;
        var marked = head.Length < 2 ? null : (head[0], head[1]) switch
        {
            (0xFF, 0xFE) => Encoding.Unicode,
            (0xFE, 0xFF) => Encoding.BigEndianUnicode,
            _ => null,
        };
        return (Encoding ?? marked) is { } other && other.CodePage != Encoding.UTF8.CodePage
            ? Encoding.CreateTranscodingStream(stream, other, Encoding.UTF8) : stream;
    }
}

/// <summary>A fault in a file, while its parser looks whether it can go on behind it.</summary>
internal sealed class RdfFault(Place place, string problem) : Exception(Printable(problem))
{
    private const int Longest = 400;

    /// <summary>Where it is.</summary>
    public Place Place { get; } = place;

    /// <summary>Whether the text ends where more was expected.</summary>
    public bool IsAtEnd { get; init; }

    /// <summary>The fault as people are told it.</summary>
    /// <param name="cause">What is behind it; null for this.</param>
    public KalmException Told(Exception? cause = null) => new($"{Place}: {Message}", cause ?? this);

    // Messages quote the file, which may hold anything.
    private static string Printable(string problem)
    {
        var shown = problem.Length > Longest ? problem[..Longest] + "…" : problem;
        return shown.AsSpan().ContainsAnyInRange('\0', '\x1F') || shown.AsSpan().ContainsAnyInRange('\x7F', '\x9F')
            ? string.Concat(shown.Select(character => char.IsControl(character) ? '\uFFFD' : character)) : shown;
    }
}
