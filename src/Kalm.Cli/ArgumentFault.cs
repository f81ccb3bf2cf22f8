using System.CommandLine;
using System.CommandLine.Invocation;

namespace Kalm.Cli;

/// <summary>Says in one or two lines what is wrong with the arguments, instead of printing the whole help.</summary>
internal static class ArgumentFault
{
    private const int FaultsShown = 3;

    /// <summary>The fault, or null when the arguments can be acted on.</summary>
    public static KalmException? Of(ParseResult parse)
    {
        if (parse.Errors.Count == 0 || parse.Action is not (null or ParseErrorAction))
            return null;
        var command = parse.CommandResult.Command;
        return new KalmException($"{Describe(parse, command)}\nsee {NameOf(parse)} --help");
    }

    private static string Describe(ParseResult parse, Command command)
    {
        if (command.Subcommands.Count > 0)
        {
            var expected = $"expected one of {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}";
            return parse.UnmatchedTokens.Count > 0
                ? $"{NameOf(parse)}: unknown verb '{parse.UnmatchedTokens[0]}'; {expected}"
                : $"{NameOf(parse)}: the verb is missing; {expected}";
        }
        // A misspelt option leaves its values over as well; the first word is the one at fault.
        if (parse.UnmatchedTokens.Count > 0)
        {
            var options = string.Join(", ", command.Options.Where(option => !option.Hidden).Select(option => option.Name));
            return parse.UnmatchedTokens[0].StartsWith('-')
                ? $"{parse.UnmatchedTokens[0]}: unknown option; expected one of {options}"
                : $"found '{parse.UnmatchedTokens[0]}', which belongs to no option; expected one of {options}";
        }
        var missing = command.Options.Where(option => option.Required && parse.GetResult(option) is null or { Implicit: true }).ToList();
        return missing.Count > 0
            ? $"{string.Join(", ", missing.Select(option => option.Name))}: missing; expected "
                + $"{string.Join(" ", missing.Select(option => $"{option.Name} {option.HelpName}"))}"
            : string.Join("\n", parse.Errors.Select(error => error.Message.ReplaceLineEndings(" ")).Distinct().Take(FaultsShown));
    }

    private static string NameOf(ParseResult parse)
    {
        var names = new Stack<string>();
        for (var result = parse.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
            names.Push(result.Command.Name);
        return string.Join(" ", names);
    }
}
