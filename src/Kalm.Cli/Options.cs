using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Kalm.Engine;
using Kalm.Graph;

namespace Kalm.Cli;

/// <summary>The kinds of option that verbs are made of; every fault names the option, what was found and what was expected.</summary>
internal static class Options
{
    /// <summary>A path or a name that may not be empty.</summary>
    public static Option<string> Text(string name, string placeholder, string description, bool required = false) => new(name)
    {
        HelpName = placeholder,
        Description = description,
        Required = required,
        CustomParser = result => result.Tokens[0].Value.Length > 0
            ? result.Tokens[0].Value : Fault<string>(result, name, $"a value for {placeholder}"),
    };

    /// <summary>Texts, an option each, none of which may be empty.</summary>
    public static Option<string[]> Several(string name, string placeholder, string description) => new(name)
    {
        HelpName = placeholder,
        Description = description + "; may be given several times",
        CustomParser = result => result.Tokens.All(token => token.Value.Length > 0)
            ? [.. result.Tokens.Select(token => token.Value)] : Fault<string[]>(result, name, $"a value for {placeholder}", ""),
    };

    /// <summary>A whole number.</summary>
    public static Option<int?> Whole(
        string name, string description, int least = 1, string placeholder = "N", int most = int.MaxValue) => new(name)
    {
        HelpName = placeholder,
        Description = description,
        CustomParser = result => int.TryParse(
            result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most ? value
            : Fault<int?>(
                result, name, most < int.MaxValue ? $"a whole number from {least} to {most}" : $"a whole number of {least} or more"),
    };

    /// <summary>A number above zero.</summary>
    public static Option<double?> Positive(string name, string description, string placeholder) => new(name)
    {
        HelpName = placeholder,
        Description = description,
        CustomParser = result => double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) && value > 0 ? value : Fault<double?>(result, name, "a number above 0"),
    };

    /// <summary>One of a few words.</summary>
    public static Option<string> Choice(string name, string description, string? fallback, params IReadOnlyList<string> words)
    {
        var option = new Option<string>(name)
        {
            HelpName = string.Join("|", words),
            Description = description,
            DefaultValueFactory = fallback is null ? null : _ => fallback,
            CustomParser = result => words.Contains(result.Tokens[0].Value)
                ? result.Tokens[0].Value : Fault<string>(result, name, string.Join(" or ", words)),
        };
        option.CompletionSources.Add([.. words]);
        return option;
    }

    /// <summary>--graph.</summary>
    /// <param name="isRequired">Whether it must be given; else the run that the model is of remembers its own.</param>
    public static Option<string> Graph(bool isRequired) => Text(
        "--graph", "GRAPH", "the graph: a folder, file or archive, whose format is detected" + (isRequired ? ""
            : " [default: the run's own]"),
        isRequired);

    /// <summary>--texts, which goes with --graph.</summary>
    public static Option<string> Texts() =>
        Text("--texts", "FILE", "descriptions of entities: a table of id and description");

    /// <summary>--split, which goes with --graph: shares, or the name of a split, or both in turn.</summary>
    /// <param name="holdsOut">Whether the verb holds triples out where nothing is said.</param>
    /// <param name="names">The splits of which the verb takes one.</param>
    public static Option<SplitWords?> Split(bool holdsOut, IReadOnlyList<string> names)
    {
        var shares = "shares of train, valid and test for a graph that has only train, drawn with the seed; reverse pairs stay together"
            + (holdsOut ? "; or none [default: 0.8,0.1,0.1, at most 10,000 triples held out for each]" : " [default: none]");
        var option = new Option<SplitWords?>("--split")
        {
            HelpName = string.Join("|", [.. names, "A,B,C"]),
            Description = names.Count == 0 ? shares : $"the triples to take [default: {names[0]}]; or {shares}; or both, an option each",
            Arity = new ArgumentArity(1, names.Count == 0 ? 1 : 2),
            CustomParser = ParseSplit,
        };
        option.CompletionSources.Add([.. names]);
        return option;

        SplitWords? ParseSplit(ArgumentResult result)
        {
            var words = new SplitWords(null, null);
            foreach (var word in result.Tokens.Select(token => token.Value))
                if (names.Contains(word) && words.Name is null)
                    words = words with { Name = word };
                else if (words.Shares is null && SplitShares.Parse(word) is { } parsed)
                    words = words with { Shares = parsed };
                else
                    return Fault<SplitWords>(result, "--split", string.Join(" or ", [.. names, SplitShares.Expected]), word);
            return words;
        }
    }

    /// <summary>--seed.</summary>
    public static Option<long?> Seed() => new("--seed")
    {
        HelpName = "N",
        Description = "decides every random draw [default: 1]",
        CustomParser = result => long.TryParse(
            result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value : Fault<long?>(result, "--seed", "a whole number"),
    };

    /// <summary>--threads.</summary>
    public static Option<int?> Threads() => Whole("--threads", "CPU threads [default: all cores]");

    /// <summary>--limit.</summary>
    public static Option<int?> Limit() => Whole("--limit", "take only N triples of the split, drawn with the seed");

    /// <summary>--device.</summary>
    public static Option<string> Device()
    {
        var option = new Option<string>("--device")
        {
            HelpName = "auto|cpu|cuda[:N]",
            Description = "where to compute: auto takes a GPU where this kalm finds one",
            DefaultValueFactory = _ => ComputeDevice.Auto,
            CustomParser = result => ComputeDevice.IsName(result.Tokens[0].Value)
                ? result.Tokens[0].Value : Fault<string>(result, "--device", ComputeDevice.Names),
        };
        option.CompletionSources.Add(ComputeDevice.Auto, "cpu", "cuda");
        return option;
    }

    /// <summary>--search.</summary>
    public static Option<string> Search() => Choice(
        "--search", "how entities are sought: exactly, or approximately among the nearest that a graph of neighbours finds, which is made "
            + "once beside the index (for a million entities and more; its recall is told)", "exact", "exact", "approximate");

    /// <summary>Whether <see cref="Search"/> asks for the approximate one.</summary>
    public static bool IsApproximate(this ParseResult parse, Option<string> search) => parse.GetValue(search) == "approximate";

    /// <summary>--json.</summary>
    public static Option<string> JsonFile() => Text("--json", "FILE", "also write the results to a file, for programs");

    /// <summary>--quiet.</summary>
    public static Option<bool> Quiet() => new("--quiet") { Description = "no progress and no notes; results and errors are still shown" };

    private static T? Fault<T>(ArgumentResult result, string name, string expected, string? found = null)
    {
        result.AddError($"{name}: found '{found ?? result.Tokens[0].Value}'; expected {expected}");
        return default;
    }
}

/// <summary>What --split says.</summary>
/// <param name="Shares">How to divide the graph; null leaves it as it is.</param>
/// <param name="Name">Which split to take; null takes the usual one.</param>
internal sealed record SplitWords(SplitShares? Shares, string? Name);
