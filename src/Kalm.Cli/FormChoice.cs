using System.CommandLine;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>--wording: how a model is asked.</summary>
internal sealed class FormChoice
{
    private const string Automatic = "auto";

    private readonly Option<string> option = Options.Choice(
        "--wording", "how questions are put: chat in the model's own chat template, alpaca under the headings of the paper; auto as the "
            + "model was aligned, else chat where it can",
        Automatic, Automatic, "chat", "alpaca");

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Add(option);

    /// <summary>The form that was asked for; null for none.</summary>
    public PromptForm? Of(ParseResult parse) =>
        parse.GetRequiredValue(option) is var word && word == Automatic ? null : Enum.Parse<PromptForm>(word, ignoreCase: true);

    /// <summary>A model, to be asked in the form that was asked for.</summary>
    /// <exception cref="KalmException">A chat is asked for, and the model has no template.</exception>
    public OpenedModel Apply(ParseResult parse, OpenedModel opened)
    {
        if (Of(parse) is not { } form)
            return opened;
        if (form == PromptForm.Chat && opened.Template is null)
            throw new KalmException(
                $"--wording: found chat; {opened.TemplateRefusal ?? $"{opened.Given} brings no chat template"}; expected auto or alpaca");
        return opened with { Settings = opened.Settings with { Wording = opened.Settings.Wording with { Form = form } } };
    }
}
