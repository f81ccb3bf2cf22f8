using System.CommandLine;
using Kalm.Alignment;
using Kalm.Graph;
using Kalm.Graph.Readers;
using Kalm.Language.Sources;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>What says which graph is meant and how it is read, the same for every verb: --graph with the options that go with it, and,
/// where a
/// run is asked, what that run remembers of its own.</summary>
internal sealed class GraphSource
{
    private readonly Option<string> graph;
    private readonly GraphReadingOptions reading = new();
    private readonly Option<SplitWords?> split;
    private readonly Option<long?> seed;
    private readonly bool holdsOut;
    private readonly IReadOnlyList<string> splitNames;

    /// <summary>Makes the options.</summary>
    /// <param name="seed">The verb's --seed.</param>
    /// <param name="graph">The verb's --graph; null where it takes the graph otherwise.</param>
    /// <param name="holdsOut">Whether triples of a graph that has only train are held out where nothing is said.</param>
    /// <param name="splitNames">The splits of which the verb takes one.</param>
    public GraphSource(Option<long?> seed, Option<string>? graph, bool holdsOut = false, params IReadOnlyList<string> splitNames)
    {
        (this.seed, this.holdsOut, this.splitNames) = (seed, holdsOut, splitNames);
        this.graph = graph ?? Options.Graph(false);
        split = Options.Split(holdsOut, splitNames);
    }

    /// <summary>Adds the options to a verb, --graph not among them.</summary>
    public void AddTo(Command command)
    {
        reading.AddTo(command);
        command.Add(split);
    }

    /// <summary>Refuses a graph that is given and not there, before any long work.</summary>
    public void Check(ParseResult parse)
    {
        if (parse.GetValue(graph) is { } path)
            VerbInputs.Graph(path);
    }

    /// <summary>How the graph is to be read; null takes it as it stands.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="remembered">How a run read it; what is given goes before that.</param>
    /// <param name="fallbackSeed">The seed without --seed.</param>
    public GraphOptions? OptionsOf(ParseResult parse, GraphOptions? remembered = null, long fallbackSeed = 1)
    {
        var read = reading.Of(parse, remembered);
        return (parse.GetValue(split)?.Shares ?? (holdsOut && remembered is null ? SplitShares.Default : null)) is { } shares
            ? (read ?? new GraphOptions()) with { Split = shares, Seed = parse.GetValue(seed) ?? fallbackSeed } : read;
    }

    /// <summary>The split that --split names, else the first that the verb knows.</summary>
    public string SplitName(ParseResult parse) => parse.GetValue(split)?.Name ?? splitNames[0];

    /// <summary>Reads a graph that no run remembers.</summary>
    public KnowledgeGraph Load(ParseResult parse, string path) => KnowledgeGraph.Load(path, OptionsOf(parse));

    /// <summary>Reads the graph that is given; without one, that of the run that the model is of, which must still be the same.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="model">The model.</param>
    /// <param name="progress">Told when a run learned from another graph than the given one; may be null.</param>
    public KnowledgeGraph Load(ParseResult parse, OpenedModel model, IProgress<ProgressEvent>? progress)
    {
        var found = Find(parse, model.Given);
        progress?.Report(ProgressStage.ReadingGraph);
        var read = KnowledgeGraph.Load(found.Path, found.Options);
        if (found.Fingerprint is not { } expected || expected == read.Fingerprint())
            return read;
        if (parse.GetValue(graph) is null)
            throw new KalmException($"{found.Path}: no longer the graph that {model.Given} learned from: its triples are others; expected "
                + "the same, or --graph to insist");
        progress?.Report(new ProgressNote(found.IsSamePath
            ? $"{model.Given}: learned from another split of {found.Path}, so held-out triples may be known to it; its own is"
                + Written(found.LearnedOptions)
            : $"{model.Given}: learned from {found.Learned}, not from {found.Path}, so held-out triples may be known to it"));
        return read;
    }

    /// <summary>Where the graph lies and how it is read.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="model">The model as given.</param>
    public FoundGraph Find(ParseResult parse, string model)
    {
        var run = RunOf(model);
        var given = parse.GetValue(graph);
        if (given is null && run is null)
            throw new KalmException($"--graph: missing; expected a graph, as {model} is no run that remembers its own");
        if (given is null && !Path.Exists(run!.Path) && !GraphFormats.IsDatabase(run.Path))
            throw new KalmException($"{run.Path}: no such folder or file; it is the graph that {model} learned from, seen from "
                + $"{Environment.CurrentDirectory}; expected it there, or --graph");
        var path = given is null ? run!.Path : VerbInputs.Graph(given);
        var isSame = run is not null && Path.GetFullPath(GraphFormats.WithoutSecrets(path)) == Path.GetFullPath(run.Path);
        return new FoundGraph(
            path, OptionsOf(parse, isSame ? ReadBy(run!.Options) : null), run?.Fingerprint, run?.Path, run?.Options, isSame);
    }

    /// <summary>How a run read its graph. One that says nothing read it as it stood, whatever would be decided now.</summary>
    public static GraphOptions ReadBy(GraphOptions? remembered) => remembered ?? new GraphOptions { NeighboursInText = 0 };

    /// <summary>The options as they are written, each with a space before it.</summary>
    public static string Written(GraphOptions? options) => options is null ? "" : GraphReadingOptions.Written(options)
        + (options.Split is { } shares ? $" --split {shares}" + (shares == SplitShares.None ? "" : $" --seed {options.Seed}") : "");

    /// <summary>A path as it is written for a shell.</summary>
    public static string Quoted(string path) => path.All(IsPlain) ? path
        : OperatingSystem.IsWindows() || path.IndexOfAny(['"', '$', '`', '!', '\\']) < 0 ? $"\"{path}\""
        : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static bool IsPlain(char sign) => char.IsLetterOrDigit(sign) || "/:._-+=@%,".Contains(sign, StringComparison.Ordinal)
        || (sign == '\\' && OperatingSystem.IsWindows());

    // A model may be a run, or a checkpoint or result in one.
    private static RunGraph? RunOf(string model)
    {
        for (var (folder, depth) = (model, 0); depth < 3 && !string.IsNullOrEmpty(folder); depth++, folder = Path.GetDirectoryName(folder))
        {
            var file = Path.Combine(folder, ModelSources.RunFile);
            if (!File.Exists(file))
                continue;
            try
            {
                return RunGraph.Read(file);
            }
            catch (KalmException)
            {
                return null;   // written by another version: its model can be used all the same
            }
        }
        return null;
    }
}

/// <summary>A graph to be read.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Options">How it is read.</param>
/// <param name="Fingerprint">The fingerprint of what the run learned from; null without a run.</param>
/// <param name="Learned">Where the run's own graph lay; null without a run.</param>
/// <param name="LearnedOptions">How the run read it; null as it stands, or without a run.</param>
/// <param name="IsSamePath">Whether both lie at the same place.</param>
internal sealed record FoundGraph(string Path, GraphOptions? Options, string? Fingerprint, string? Learned, GraphOptions? LearnedOptions,
    bool IsSamePath);
