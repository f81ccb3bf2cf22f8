namespace Kalm.Graph;

/// <summary>How a graph is read, beside where it lies. A run keeps it, so that it can be repeated. What is left out is detected.</summary>
public sealed record GraphOptions
{
    /// <summary>A file of descriptions for a graph whose files bring none: id and description in two columns; null for none.</summary>
    public string? Texts { get; init; }

    /// <summary>How to divide a graph that has neither valid nor test, every entity with a triple in train unless the shares are
    /// inductive; null leaves all its triples in train. Alignment takes null for <see cref="SplitShares.Default"/>.</summary>
    public SplitShares? Split { get; init; }

    /// <summary>Decides which triples the split holds out.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The format, by a key of <see cref="Readers.GraphFormats.Keys"/>; null detects it.</summary>
    public string? Format { get; init; }

    /// <summary>What the columns of a table of triples hold, in their order: head, relation, tail, and any other name for an attribute, or
    /// - for a column that is left out; null reads the heading, or takes head, relation, tail.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>What separates the columns of a table: a character, or tab, comma, semicolon, pipe, space; null detects it.</summary>
    public string? Delimiter { get; init; }

    /// <summary>The encoding of text files, by its name in the IANA's registry, such as latin1; null for UTF-8, or UTF-16 with a byte
    /// order mark.</summary>
    public string? Encoding { get; init; }

    /// <summary>The language whose labels and descriptions are taken where there are several, as a BCP 47 tag; null for English.</summary>
    public string? Language { get; init; }

    /// <summary>The query whose answer is the graph, where the path is a connection to a database; null for none.</summary>
    public string? Query { get; init; }

    /// <summary>How many malformed lines may be passed over.</summary>
    public int SkipBad { get; init; }

    /// <summary>Whether numbers, dates and other literals of an entity are put into its description.</summary>
    public bool AttributesInText { get; init; }

    /// <summary>At most so many train facts describe an entity that has no description; they are not asked about in training. 0 for none;
    /// null for 4 where no entity has a description, names are numbers and codes, and an entity has 40 facts at most in the mean, else
    /// none.</summary>
    public int? NeighboursInText { get; init; }
}
