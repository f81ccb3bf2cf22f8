using System.CommandLine;
using Kalm.Engine;
using Kalm.Server;

namespace Kalm.Cli;

/// <summary>The options of the verbs that serve a model and its graph, whatever the protocol: what is served, and how it answers.</summary>
internal sealed class ServingOptions
{
    private readonly ModelChoice model = new();
    private readonly Option<string> graph = Options.Graph(false);
    private readonly Option<string> index = Options.Text(
        "--index", "DIR", "where the index and the log of changes are kept [default: index/ in the model's folder]");

    private readonly Option<string> search = Options.Search();
    private readonly Option<bool> json = new("--json-log") { Description = "write the log as JSON, an object a line" };
    private readonly FactOptions facts = new();
    private readonly Option<long?> seed = Options.Seed();
    private readonly Option<int?> threads = Options.Threads();
    private readonly Option<string> device = Options.Device();
    private readonly Option<bool> quiet = Options.Quiet();
    private readonly GraphSource source;

    /// <summary>Makes the options.</summary>
    public ServingOptions() => source = new GraphSource(seed, graph);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { graph, index, search, json, seed, threads, device, quiet })
            command.Add(option);
        facts.AddPrecisionTo(command);
        source.AddTo(command);
        model.AddTo(command);
    }

    /// <summary>What is to be served.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="limits">What one client may ask for.</param>
    /// <exception cref="KalmException">There is no such model, graph or device.</exception>
    public ServerOptions Of(ParseResult parse, ServerLimits limits)
    {
        var name = model.NameOf(parse)!;
        VerbInputs.Model(name);
        var found = source.Find(parse, name);
        var chosen = parse.GetRequiredValue(device);
        if (chosen is not (ComputeDevice.Auto or "cpu"))
            VerbInputs.Device(chosen);
        return new ServerOptions
        {
            Model = name,
            Base = model.OptionsOf(parse).Base,
            Graph = found.Path,
            GraphOptions = found.Options,
            GraphFingerprint = parse.GetValue(graph) is null ? found.Fingerprint : null,
            IndexFolder = parse.GetValue(index),
            SearchesApproximately = parse.IsApproximate(search),
            Precision = facts.Precision(parse),
            Device = chosen,
            Threads = parse.GetValue(threads),
            JsonLog = parse.GetValue(json),
            Quiet = parse.GetValue(quiet),
            Limits = limits,
        };
    }
}
