namespace Kalm.Graph.Readers.Neo4j;

/// <summary>A table for Neo4j's import, and where its header stands.</summary>
/// <param name="File">The rows.</param>
/// <param name="Header">The header.</param>
/// <param name="HeaderFile">The file of the header alone; null when it is the first row.</param>
internal sealed record Neo4jTable(GraphFile File, Neo4jHeader Header, GraphFile? HeaderFile)
{
    private static readonly string[] Endings = [".csv", ".tsv", ".txt", ".psv", ""];
    private static readonly char[] Separators = ['-', '_', '.', ' '];

    /// <summary>What the file is called without a word for its kind; the type of relationships that name none.</summary>
    public string Subject => File.Stem;

    /// <summary>Finds the tables, and the headers that stand in files of their own, which are told by their names: actors-header.csv
    /// is that of actors.csv and actors-part2.csv.</summary>
    public static List<Neo4jTable> Find(GraphFiles files, GraphBuilder graph)
    {
        var looked = files.Files.Where(file => files.IsSingle || Endings.Contains(file.Ending))
            .Select(file => (File: file, Header: Neo4jHeader.Of(file, graph))).ToList();
        var headers = looked.Where(item => item.Header is { IsOnlyRow: true }).ToList();
        var tables = new List<Neo4jTable>();
        foreach (var (file, header) in looked)
        {
            if (header is { IsOnlyRow: false })
                tables.Add(new Neo4jTable(file, header, null));
            else if (header is null && headers.Where(item => IsHeaderOf(item.File.Name, file.Name))
                .OrderByDescending(item => Subjects(item.File.Name).Length).FirstOrDefault() is { Header: { } separate } found)
                tables.Add(new Neo4jTable(file, separate, found.File));
        }
        // A table without rows is known, too.
        foreach (var (file, header) in headers)
            if (!tables.Exists(table => table.HeaderFile == file))
                tables.Add(new Neo4jTable(file, header!, null));
        return tables;
    }

    // What a header's name says without the word: exports.header.nodes.Person is of exports.nodes.Person.
    private static string Subjects(string name)
    {
        var end = name.LastIndexOf('.');
        var start = name.LastIndexOf('/') + 1;
        var stem = end > start ? name[..end] : name;
        var word = stem.IndexOf("header", start, StringComparison.OrdinalIgnoreCase);
        if (word < 0)
            return stem;
        var after = word + "header".Length + (stem.AsSpan(word + "header".Length).StartsWith("s") ? 1 : 0);
        if (word > start && Separators.Contains(stem[word - 1]))
            word--;
        else if (after < stem.Length && Separators.Contains(stem[after]))
            after++;
        return stem[..word] + stem[after..];
    }

    private static bool IsHeaderOf(string header, string rows)
    {
        if (header.LastIndexOf('/') != rows.LastIndexOf('/'))
            return false;
        var subject = Subjects(header);
        return rows.StartsWith(subject, StringComparison.OrdinalIgnoreCase)
            && (rows.Length == subject.Length || subject.EndsWith('/') || subject.Length == 0 || !char.IsLetter(rows[subject.Length]));
    }
}
