using Kalm.Alignment;

namespace Kalm.Cli.Ablation;

/// <summary>The runs that are compared: each loss alone and both, and each with and without keeping the base's language.</summary>
internal static class AblationVariants
{
    private static readonly (string Name, Func<AlignmentOptions, AlignmentOptions> Change)[] Losses =
    [
        ("explicit", options => options with
        {
            Implicit = options.Implicit with { Weight = 0 },
            Explicit = options.Explicit with { Weight = options.Explicit.Weight > 0 ? options.Explicit.Weight : 1 },
        }),
        ("implicit", options => options with
        {
            Explicit = options.Explicit with { Weight = 0 },
            Implicit = options.Implicit with { Weight = options.Implicit.Weight == 0 ? 1 : options.Implicit.Weight },
        }),
        ("joint", options => options),
    ];

    /// <summary>Makes them.</summary>
    /// <param name="joint">The options of the run with both losses.</param>
    /// <param name="keeps">Whether the base was made to write, so that there is something to keep.</param>
    /// <returns>Names, which are also the names of folders, and options.</returns>
    public static IEnumerable<(string Name, AlignmentOptions Options)> Of(AlignmentOptions joint, bool keeps)
    {
        foreach (var (name, change) in Losses)
        {
            var options = change(joint);
            if (!keeps)
            {
                yield return (name, options);
                continue;
            }
            yield return (name, options with { Keep = options.Keep with { Weight = 0 } });
            yield return ($"{name}-kept",
                options with { Keep = options.Keep with { Weight = options.Keep.Weight is > 0 and { } weight ? weight : 1 } });
        }
    }
}
