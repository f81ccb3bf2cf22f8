using System.CommandLine;
using Kalm.Language.Sources;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>What says which model is meant, the same for every verb: --model, and --base for an adapter whose base lies
/// elsewhere.</summary>
/// <param name="model">The option or argument that names the model.</param>
internal sealed class ModelChoice(Symbol model)
{
    /// <summary>What can be given as a model, for the help.</summary>
    public const string Forms = "a Hugging Face folder, a .gguf file, a run folder of align, one of its checkpoints, an adapter folder, or "
        + "a hub id (org/name, "
        + "org/name@revision, org/name:file.gguf)";

    /// <summary>--model.</summary>
    public ModelChoice()
        : this(Options.Text("--model", "MODEL", Forms, required: true))
    {
    }

    private Option<string> Base { get; } = Options.Text(
        "--base", "MODEL", "the base model of an adapter, in any form [default: the one that the adapter names]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        if (model is Option option)
            command.Add(option);
        else
            command.Add((Argument)model);
        command.Add(Base);
    }

    /// <summary>The model's name as given; null where it is not.</summary>
    public string? NameOf(ParseResult parse) => model is Option<string> option
        ? parse.GetValue(option) : parse.GetValue((Argument<string>)model);

    /// <summary>How the model is to be found.</summary>
    public ModelSourceOptions OptionsOf(ParseResult parse) => new() { Base = parse.GetValue(Base) };

    /// <summary>Opens the model.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="terminal">Shows a download.</param>
    /// <param name="quiet">Whether a download is not shown.</param>
    /// <exception cref="KalmException">It is not found, not sound or not supported.</exception>
    public OpenedModel Open(ParseResult parse, Terminal terminal, bool quiet = false) => Open(NameOf(parse)!, parse, terminal, quiet);

    /// <summary>Opens a model in place of the one that is given; --base counts for it too.</summary>
    public OpenedModel Open(string name, ParseResult parse, Terminal terminal, bool quiet = false) =>
        Open(model.Name, name, OptionsOf(parse), terminal, quiet);

    /// <summary>Opens a model; of one that lies on this machine nothing is shown.</summary>
    public static OpenedModel Open(
        string option, string name, ModelSourceOptions options, Terminal terminal, bool quiet) => VerbInputs.OfModel(
        option,
        () => Path.Exists(name) ? OpenedModel.Open(name, options with { Cancellation = terminal.Cancellation })
            : terminal.Watch(
                quiet, progress => OpenedModel.Open(name, options with { Progress = progress, Cancellation = terminal.Cancellation })));
}
