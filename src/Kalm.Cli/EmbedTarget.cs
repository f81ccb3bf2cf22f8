using System.CommandLine;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Evaluation.Vectors.Formats;

namespace Kalm.Cli;

/// <summary>Where vectors go: a folder of files in some format, or a table of PostgreSQL.</summary>
internal sealed class EmbedTarget
{
    private const string Postgres = "postgres";

    private static readonly Dictionary<string, EmbeddingFormat> Formats = new()
    {
        ["safetensors"] = EmbeddingFormat.Safetensors,
        ["npy"] = EmbeddingFormat.Npy,
        ["parquet"] = EmbeddingFormat.Parquet,
        ["qdrant"] = EmbeddingFormat.Qdrant,
        ["pgvector"] = EmbeddingFormat.Pgvector,
    };

    private readonly Option<string> output = Options.Text(
        "--out", "DIR",
        "the folder to write: absent or empty. Until all is there the vectors lie in DIR.part, and the same command goes on with them "
            + "[default with --as postgres: NAME]");

    private readonly Option<string> kind = Options.Choice("--as", "what to write", "safetensors", [.. Formats.Keys, Postgres]);

    private readonly Option<string> queries = Options.Choice("--queries", "also write the queries of a split", "none", "test", "valid");

    private readonly Option<string> server = Options.Text(
        "--to", "DB", "the database to write to: postgres://user@host/name, or Host=...;Database=...");

    private readonly Option<string> table = Options.Text("--table", "NAME", "the table, made where it is absent; rows are replaced by id");

    private readonly Option<string> column = Options.Choice("--column", "the type of its vectors", "vector", "vector", "real[]");

    /// <summary>Makes the options.</summary>
    public EmbedTarget()
    {
        queries.DefaultValueFactory = null;
        column.DefaultValueFactory = null;
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { output, kind, queries, server, table, column })
            command.Add(option);
    }

    /// <summary>The split whose queries are wanted too; null for none.</summary>
    public string? Queries(ParseResult parse) => parse.GetValue(queries);

    /// <summary>What is given, as far as it can be told before any long work.</summary>
    /// <exception cref="KalmException">Options are missing, or do not go together.</exception>
    public EmbedChoice Of(ParseResult parse)
    {
        var (word, folder) = (parse.GetRequiredValue(kind), parse.GetValue(output));
        if (Queries(parse) is not null && word is Postgres or "qdrant" or "pgvector")
            throw new KalmException(
                $"--queries with --as {word}: found both; expected --queries only with files of vectors: safetensors, npy or parquet");
        if (word == Postgres)
        {
            var name = Required(parse, table);
            return new EmbedChoice(
                null, EmbeddingFormat.Safetensors, new PostgresTable(Required(parse, server), name, parse.GetValue(column) == "real[]"),
                (folder ?? name) + EmbeddingStore.Suffix);
        }
        foreach (var option in new[] { server, table, column })
            if (parse.GetValue(option) is not null)
                throw new KalmException($"{option.Name} with --as {word}: found both; expected {option.Name} only with --as {Postgres}");
        folder = Path.TrimEndingDirectorySeparator(Required(parse, output));
        VerbInputs.Free(output.Name, folder);
        return new EmbedChoice(folder, Formats[word], null, folder + EmbeddingStore.Suffix);
    }

    private static string Required(ParseResult parse, Option<string> option) => parse.GetValue(option)
        ?? throw new KalmException($"{option.Name}: missing; expected {option.Name} {option.HelpName}");
}

/// <summary>Where vectors go.</summary>
/// <param name="Folder">The folder to make; null where a table takes them.</param>
/// <param name="Format">The folder's files.</param>
/// <param name="Table">The table; null where a folder takes them.</param>
/// <param name="Part">Where they lie until they are all there.</param>
internal sealed record EmbedChoice(string? Folder, EmbeddingFormat Format, PostgresTable? Table, string Part);
