using System.CommandLine;
using Kalm.Completion.Facts;

namespace Kalm.Cli;

/// <summary>The options that decide what is stated as a fact.</summary>
internal sealed class FactOptions
{
    private readonly Option<double?> precision = Options.Positive(
        "--precision", $"the share of true facts wanted among those stated, up to 1 [default: {FactCalibration.DefaultPrecision}]", "P");

    private readonly Option<bool> strictTypes = new("--strict-types")
    {
        Description = "only entities of a type, or where there are none at a place, that the relation has in train",
    };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(precision);
        command.Add(strictTypes);
    }

    /// <summary>Adds the one that decides what is stated.</summary>
    public void AddPrecisionTo(Command command) => command.Add(precision);

    /// <summary>The precision wanted.</summary>
    /// <exception cref="KalmException">It is above 1.</exception>
    public double Precision(ParseResult parse)
    {
        var wanted = parse.GetValue(precision) ?? FactCalibration.DefaultPrecision;
        return wanted <= 1 ? wanted : throw new KalmException($"--precision: found {wanted}; expected at most 1");
    }

    /// <summary>Whether only entities are wanted that are such as the relation has.</summary>
    public bool StrictTypes(ParseResult parse) => parse.GetValue(strictTypes);
}
