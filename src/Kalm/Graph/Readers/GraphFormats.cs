using Kalm.Graph.Readers.Columnar;
using Kalm.Graph.Readers.Cypher;
using Kalm.Graph.Readers.Databases;
using Kalm.Graph.Readers.JsonGraphs;
using Kalm.Graph.Readers.Neo4j;
using Kalm.Graph.Readers.Networks;
using Kalm.Graph.Readers.Rdf;
using Kalm.Graph.Readers.Tables;
using Kalm.Graph.Readers.WordNet;

namespace Kalm.Graph.Readers;

/// <summary>The formats of graphs that can be read, and which of them some files are of.</summary>
public static class GraphFormats
{
    private const int FilesShown = 12;

    private static readonly string[] DataEndings = [".txt", ".tsv", ".csv", ".dict", ".del", ".json", ".jsonl", ".parquet", ".nt", ".ttl"];
    private static readonly string[] Notes = ["readme", "license", "licence", "notice", "citation", "requirements"];

    private static readonly IGraphReader[] Readers =
    [
        new KalmFolder(), new KgBertFolder(), new OpenKeFolder(), new SplitFolder(), new TripleTable(), .. RdfGraphReader.All,
        new JsonGraph(), new Neo4jExport(), new CypherFile(), new GraphMlFile(), new GmlFile(), new ParquetFacts(), new GraphRagFolder(),
        new WordNetDatabase(),
    ];

    /// <summary>What --format takes.</summary>
    public static IReadOnlyList<string> Keys => [.. Readers.Select(reader => reader.Key), PostgresQuery.Key];

    internal static KnowledgeGraph Read(string path, GraphOptions options)
    {
        options.Split?.Validated();
        if (PostgresConnection.Is(path))
            return ReadPostgres(path, options);
        if (options.Query is not null || options.Format == PostgresQuery.Key)
            throw new KalmException($"query: {path} is no database; expected postgres://user@host:port/database, or Host=…;Database=…");
        var files = GraphFiles.Of(path);
        var (reader, found) = Choose(files, options);
        var graph = new GraphBuilder(options);
        reader.Read(files, found, graph);
        foreach (var file in files.Files.Except(found.Files))
        {
            graph.Unread(file.Shown, $"no part of a {reader.Name}");
            if (LooksLikeData(file))
                graph.Warnings.Add($"{file.Shown}: not read, the folder is taken for a {reader.Name}");
        }
        return Finish(graph, path, reader.Name);
    }

    /// <summary>Whether a path is the connection to a database, and no file.</summary>
    public static bool IsDatabase(string path) => PostgresConnection.Is(path);

    /// <summary>A path as it may be written down: the connection to a database without its password.</summary>
    public static string WithoutSecrets(string path) => PostgresConnection.Is(path) ? PostgresConnection.Of(path).Kept : path;

    private static KnowledgeGraph ReadPostgres(string path, GraphOptions options)
    {
        if (options.Format is { } key && key != PostgresQuery.Key)
            throw new KalmException($"format '{key}': expected {PostgresQuery.Key} for a connection to a database");
        var (connection, graph) = (PostgresConnection.Of(path), new GraphBuilder(options));
        PostgresQuery.Read(connection, graph);
        // A run keeps the path, and is to hold no password.
        return Finish(graph, connection.Kept, PostgresQuery.Name);
    }

    private static KnowledgeGraph Finish(GraphBuilder graph, string path, string format)
    {
        if (graph.Options.Texts is { } texts)
            DescriptionTable.Read(File.Exists(texts) ? GraphFiles.Of(texts).Files[0]
                : throw new KalmException($"texts {texts}: no such file; expected a table of id and description"), graph);
        if (graph[Split.Train].Triples.Count == 0)
            throw new KalmException($"{path}: no triples to learn from; read as a {format}, expected at least one");
        return graph.Build(path, format);
    }

    private static (IGraphReader Reader, Recognition Found) Choose(GraphFiles files, GraphOptions options)
    {
        if (files.Files.Count == 0)
            throw new KalmException($"{files.Path}: no files; expected a folder or archive that holds a graph");
        var readers = options.Format is { } key
            ? [Readers.FirstOrDefault(reader => reader.Key == key) ?? throw new KalmException(
                $"format '{key}': not known; expected one of {string.Join(", ", Keys)}")]
            : Readers;
        var fitting = new List<(IGraphReader Reader, Recognition? Found)>();
        foreach (var reader in readers)
        {
            var found = reader.Recognise(files, options);
            // Who tells by names alone that every file is a part of one graph leaves none for another, and the others read into them.
            if (found is { Certainty: Certainty.Certain, IsByNames: true } && found.Files.Count == files.Files.Count)
                return (reader, found);
            if (found is not null)
                fitting.Add((reader, found));
        }
        fitting = [.. fitting.OrderByDescending(item => item.Found!.Certainty)];
        if (fitting.Count == 0)
            throw new KalmException(options.Format is null
                ? $"{files.Path}: not a graph of any known format; found {Names(files)}; expected one of {string.Join(", ", Keys)}"
                : $"{files.Path}: not a {readers[0].Name}; found {Names(files)}");
        var best = fitting.TakeWhile(item => item.Found!.Certainty == fitting[0].Found!.Certainty).ToList();
        if (best.Count > 1)
            throw new KalmException($"{files.Path}: ambiguous, it holds two graphs; expected one format, chosen by --format, found\n"
                + string.Join("\n", best.Select(item => $"{item.Reader.Key}: {item.Found!.Because}")));
        return (best[0].Reader, best[0].Found!);
    }

    private static bool LooksLikeData(GraphFile file) => DataEndings.Contains(file.Ending) && !file.Name.Contains('/')
        && !Notes.Any(note => file.Stem.StartsWith(note, StringComparison.OrdinalIgnoreCase));

    private static string Names(GraphFiles files)
    {
        var more = files.Files.Count > FilesShown ? $" and {files.Files.Count - FilesShown} more" : "";
        return string.Join(", ", files.Files.Take(FilesShown).Select(file => file.Shown)) + more;
    }
}
