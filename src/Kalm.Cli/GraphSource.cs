using System.CommandLine;
using Kalm.Alignment;
using Kalm.Cli.Progress;
using Kalm.Graph;
using Kalm.Language.Sources;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>What says which graph is meant and how it is read, the same for every verb: --texts and --split, beside the graph itself and
/// the seed.</summary>
internal sealed class GraphSource
{
    private readonly Option<string> texts = Options.Texts();
    private readonly Option<SplitWords?> split;
    private readonly Option<long?> seed;
    private readonly IReadOnlyList<string> splitNames;

    /// <summary>Makes the options.</summary>
    /// <param name="seed">The verb's --seed.</param>
    /// <param name="splitNames">The splits of which the verb takes one.</param>
    public GraphSource(Option<long?> seed, params IReadOnlyList<string> splitNames)
    {
        (this.seed, this.splitNames) = (seed, splitNames);
        split = Options.Split(splitNames);
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(texts);
        command.Add(split);
    }

    /// <summary>How the graph is to be read; null takes it as it stands.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="fallbackSeed">The seed without --seed.</param>
    public GraphOptions? OptionsOf(ParseResult parse, long fallbackSeed = 1)
    {
        var (file, shares) = (parse.GetValue(texts), parse.GetValue(split)?.Shares);
        return file is null && shares is null
            ? null : new GraphOptions { Texts = file, Split = shares, Seed = parse.GetValue(seed) ?? fallbackSeed };
    }

    /// <summary>The split that --split names, else the first that the verb knows.</summary>
    public string SplitName(ParseResult parse) => parse.GetValue(split)?.Name ?? splitNames[0];

    /// <summary>Reads the graph.</summary>
    public KnowledgeGraph Load(ParseResult parse, string path) => KnowledgeGraph.Load(path, OptionsOf(parse));

    /// <summary>The options as they are written, each with a space before it.</summary>
    public static string Written(GraphOptions? options) => options is null ? "" :
        (options.Texts is { } file ? $" --texts {Quoted(file)}" : "")
            + (options.Split is { } shares ? $" --split {shares} --seed {options.Seed}" : "");

    /// <summary>A path as it is written.</summary>
    public static string Quoted(string path) => path.Any(char.IsWhiteSpace) ? $"\"{path}\"" : path;

    /// <summary>Warns when a run learned from another division of the same graph: what is held out now may have been in its train
    /// split.</summary>
    public static void NoteOtherSplit(OpenedModel model, KnowledgeGraph graph, ProgressView progress)
    {
        if (RunOf(model) is { GraphOptions.Split: not null } run
            && Path.GetFullPath(run.Graph) == Path.GetFullPath(graph.Path) && run.Hashes.Graph != graph.Fingerprint())
            progress.Note($"{model.Given}: learned from another split of {graph.Path}, so held-out triples may be known to it; its own "
                + $"is{Written(run.GraphOptions)}");
    }

    private static RunDescription? RunOf(OpenedModel model)
    {
        var file = Path.Combine(model.Given, ModelSources.RunFile);
        try
        {
            return File.Exists(file) ? Json.ReadOfAnyVersion<RunDescription>(file) : null;
        }
        catch (KalmException)
        {
            return null;   // written by another version: its model can be used all the same
        }
    }
}
