using System.CommandLine;
using Kalm.Graph;
using Kalm.Graph.Readers;

namespace Kalm.Cli;

/// <summary>The options that say how a graph's files are read where they cannot be told by themselves.</summary>
internal sealed class GraphReadingOptions
{
    private readonly Option<string> texts = Options.Texts();

    private readonly Option<string> format = Options.Text(
        "--format", "FORMAT", $"the format of the graph, where it is not recognised: {string.Join(", ", GraphFormats.Keys)}");

    private readonly Option<string> columns = Options.Text("--columns", "NAMES",
        "what the columns of a table hold, in their order, such as head,relation,tail,weight; - leaves one out");

    private readonly Option<string> delimiter = Options.Text(
        "--delimiter", "CHAR", "what separates columns: a character, or tab, comma, semicolon, pipe, space");

    private readonly Option<string> encoding = Options.Text(
        "--encoding", "NAME", "the encoding of text files, such as latin1 [default: UTF-8, or UTF-16 with a byte order mark]");

    private readonly Option<string> language = Options.Text(
        "--language", "TAG", "the language whose names and descriptions are taken where there are several [default: en]");

    private readonly Option<string> query = Options.Text("--query", "SQL",
        "the query whose answer is the graph, where --graph is a database: postgres://user@host/name, or Host=...;Database=...");

    private readonly Option<int?> skipBad = Options.Whole(
        "--skip-bad", "pass over up to N malformed lines, which are listed [default: 0]", least: 0);

    private readonly Option<bool> attributes = new("--attributes-in-text")
    {
        Description = "put what is known of an entity beside its facts (numbers, dates) into its description",
    };

    private readonly Option<int?> neighbours = Options.Whole("--neighbours-in-text",
        "describe entities that have no description by up to N of their train facts, which training then does not ask about [default: 0; 4 "
            + "where no entity has a description, names are numbers and codes, and an entity has 40 facts at most in the mean]",
        least: 0);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            texts, format, columns, delimiter, encoding, language, query, skipBad, attributes, neighbours,
        })
            command.Add(option);
    }

    /// <summary>What is given, over what is remembered; null where nothing is either.</summary>
    public GraphOptions? Of(ParseResult parse, GraphOptions? remembered)
    {
        var known = remembered ?? new GraphOptions();
        var options = known with
        {
            Texts = parse.GetValue(texts) ?? known.Texts,
            Format = parse.GetValue(format) ?? known.Format,
            Columns = parse.GetValue(columns)?.Split(',') ?? known.Columns,
            Delimiter = parse.GetValue(delimiter) ?? known.Delimiter,
            Encoding = parse.GetValue(encoding) ?? known.Encoding,
            Language = parse.GetValue(language) ?? known.Language,
            Query = parse.GetValue(query) ?? known.Query,
            SkipBad = parse.GetValue(skipBad) ?? known.SkipBad,
            NeighboursInText = parse.GetValue(neighbours) ?? known.NeighboursInText,
            AttributesInText = parse.GetValue(attributes) || known.AttributesInText,
        };
        return remembered is null && options == new GraphOptions() ? null : options;
    }

    /// <summary>The options as they are written, each with a space before it.</summary>
    public static string Written(GraphOptions options)
    {
        (string Name, string? Value)[] given =
        [
            ("--texts", options.Texts), ("--format", options.Format),
            ("--columns", options.Columns is { } names ? string.Join(",", names) : null), ("--delimiter", options.Delimiter),
            ("--encoding", options.Encoding), ("--language", options.Language), ("--query", options.Query),
            ("--skip-bad", options.SkipBad > 0 ? $"{options.SkipBad}" : null),
            ("--neighbours-in-text", options.NeighboursInText is { } most ? $"{most}" : null),
        ];
        return string.Concat(given.Where(item => item.Value is not null).Select(item => $" {item.Name} {GraphSource.Quoted(item.Value!)}"))
            + (options.AttributesInText ? " --attributes-in-text" : "");
    }
}
