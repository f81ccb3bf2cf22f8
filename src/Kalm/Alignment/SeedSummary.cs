using System.Text.Json.Nodes;
using Kalm.Evaluation;

namespace Kalm.Alignment;

/// <summary>One of several runs that differ by their seed.</summary>
/// <param name="Folder">The run's folder within that of all.</param>
/// <param name="Description">The run.</param>
/// <param name="Validation">The validation of the step that was kept; null without a valid split.</param>
public sealed record SeedRun(string Folder, RunDescription Description, RunValidation? Validation)
{
    /// <summary>Takes a finished run.</summary>
    public static SeedRun Of(string folder, RunDescription run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new SeedRun(folder, run, run.Validations.FirstOrDefault(validation => validation.Step == run.BestStep));
    }
}

/// <summary>What runs that differ by their seed came to: the figures of their validations.</summary>
/// <param name="Runs">One a seed.</param>
public sealed record SeedSummary(IReadOnlyList<SeedRun> Runs)
{
    /// <summary>The run with the greatest validation MRR; null without a valid split.</summary>
    public SeedRun? Best => Runs.Where(run => run.Validation is not null).MaxBy(run => run.Validation!.MeanReciprocalRank);

    /// <summary>MRR over the runs.</summary>
    public Spread? MeanReciprocalRank => Of(validation => validation.MeanReciprocalRank);

    /// <summary>Hits@1 over the runs.</summary>
    public Spread? HitsAt1 => Of(validation => validation.HitsAt1);

    /// <summary>Hits@3 over the runs.</summary>
    public Spread? HitsAt3 => Of(validation => validation.HitsAt3);

    /// <summary>Hits@10 over the runs.</summary>
    public Spread? HitsAt10 => Of(validation => validation.HitsAt10);

    /// <summary>seeds.json.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["runs"] = new JsonArray([.. Runs.Select(run => (JsonNode)new JsonObject
            {
                ["seed"] = run.Description.Options.Seed,
                ["folder"] = run.Folder,
                ["steps"] = run.Description.StepsDone,
                ["seconds"] = run.Description.Seconds,
                ["kept_step"] = run.Description.BestStep,
                ["mrr"] = run.Validation?.MeanReciprocalRank,
                ["hits@1"] = run.Validation?.HitsAt1,
                ["hits@3"] = run.Validation?.HitsAt3,
                ["hits@10"] = run.Validation?.HitsAt10,
            })]),
            ["best"] = Best?.Folder,
        };
        Spread.Write(
            json, ("mrr", MeanReciprocalRank), ("hits@1", HitsAt1), ("hits@3", HitsAt3), ("hits@10", HitsAt10));
        return json;
    }

    private Spread? Of(Func<RunValidation, double?> measure) =>
        Spread.Of([.. Runs.Select(run => run.Validation is { } validation ? measure(validation) : null)]);
}
