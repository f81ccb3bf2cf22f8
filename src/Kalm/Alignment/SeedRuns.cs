using Kalm.Files;
using Kalm.Language.Sources;

namespace Kalm.Alignment;

/// <summary>Alignments that differ by their seed alone, one after another: what of a result is luck.</summary>
public static class SeedRuns
{
    /// <summary>The name of the summary, beside the runs.</summary>
    public const string FileName = "seeds.json";

    /// <summary>Runs an alignment for each seed. After each of them the folder holds the summary of what is done.</summary>
    /// <param name="inputs">What to work on. <see cref="AlignmentInputs.Out"/> is the folder of the runs: absent or empty, or one to go on
    /// with, where finished runs stay and a stopped one goes on. The graph is read and split once, for all seeds alike.</param>
    /// <param name="options">Everything that decides the results besides; its seed is the first.</param>
    /// <param name="count">How many seeds, one after another.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="cancellation">Ends the run at hand after its current step, with a checkpoint.</param>
    /// <exception cref="KalmException">Something given is at fault.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; the same with <see cref="AlignmentInputs.Resume"/> goes on.</exception>
    public static SeedSummary Execute(
        AlignmentInputs inputs, AlignmentOptions options, int count, IProgress<ProgressEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(options);
        long[] seeds = [.. Enumerable.Range(0, count).Select(index => options.Seed + index)];
        Require(inputs, seeds);
        using var sources = new AlignmentSources();
        var done = new List<SeedRun>();
        foreach (var seed in seeds)
        {
            var name = SeedFolders.NameOf(seed);
            var folder = Path.Combine(inputs.Out, name);
            progress?.Report(new ProgressNote($"{folder} ({done.Count + 1} of {count:N0}):"));
            var isThere = Directory.Exists(folder);
            var isKept = isThere && RunFolder.Describe(folder).Status == RunStatus.Complete;
            var run = AlignmentRun.Execute(inputs with { Out = folder, Resume = isThere, TakesComplete = true },
                options with { Seed = seed }, sources, progress, cancellation);
            done.Add(SeedRun.Of(name, run));
            // A summary of more is not replaced by one of what was kept so far.
            if (isKept && done.Count < count)
                continue;
            AtomicFile.WriteAllText(Path.Combine(inputs.Out, FileName), new SeedSummary(done).ToJson().ToJsonString(Json.Options) + "\n");
        }
        return new SeedSummary(done);
    }

    private static void Require(AlignmentInputs inputs, long[] seeds)
    {
        if (!inputs.Resume)
        {
            RunFolder.RequireFree(inputs.Out);
            return;
        }
        var earlier = SeedFolders.In(inputs.Out);
        if (earlier.Count == 0)
            throw new KalmException(
                $"{inputs.Out}: found no run named {SeedFolders.NameOf(seeds[0])}; expected runs of seeds to go on with");
        if (earlier.Except(seeds).ToList() is { Count: > 0 } others)
            throw new KalmException($"{inputs.Out}: found seed {others[0]} there; expected none but {seeds[0]} to {seeds[^1]}, which are "
                + "asked for");
    }
}
