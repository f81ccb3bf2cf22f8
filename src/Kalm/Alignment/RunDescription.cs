using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Kalm.Alignment.Keeping;
using Kalm.Alignment.Options;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Model;

namespace Kalm.Alignment;

/// <summary>How far a run has come.</summary>
public enum RunStatus
{
    /// <summary>Training goes on, or the process died.</summary>
    Running,

    /// <summary>Stopped by the user; its checkpoints can be used.</summary>
    Interrupted,

    /// <summary>The result is there.</summary>
    Complete,
}

/// <summary>What identifies the inputs of a run: SHA-256 in hexadecimal.</summary>
/// <param name="Base">The base model's weights file.</param>
/// <param name="Graph">The triples of all splits.</param>
/// <param name="Texts">Names, descriptions and relation texts.</param>
/// <param name="PlainText">The plain text given beside them; null without one.</param>
public sealed record RunHashes(string Base, string Graph, string Texts, string? PlainText = null)
{
    /// <summary>What run.json of former versions called the plain text.</summary>
    [JsonInclude]
    internal string? Replay { init => PlainText = value; }
}

/// <summary>One validation of a run.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="MeanReciprocalRank">Filtered MRR on the sample.</param>
/// <param name="HitsAt10">Hits@10 on the sample.</param>
/// <param name="HitsAt1">Hits@1 on the sample; null in a run.json of former versions.</param>
/// <param name="HitsAt3">Hits@3 likewise.</param>
public sealed record RunValidation(
    int Step, double MeanReciprocalRank, double HitsAt10, double? HitsAt1 = null, double? HitsAt3 = null)
{
    /// <summary>Takes the figures of an evaluation.</summary>
    public static RunValidation Of(int step, CompletionMetrics metrics) =>
        new(step, metrics.MeanReciprocalRank, metrics.HitsAt10, metrics.HitsAt1, metrics.HitsAt3);
}

/// <summary>What a step took, on average over those since the start or the last resumption, on the first rank.</summary>
/// <param name="Seconds">The whole step.</param>
/// <param name="CommunicationSeconds">Of it, the time in which the rank waited for others or for what they sent.</param>
/// <param name="CommunicationBytes">What the rank handed over, each byte counted once.</param>
public sealed record RunStep(double Seconds, double CommunicationSeconds, long CommunicationBytes);

/// <summary>run.json: everything needed to repeat a run, and what came of it.</summary>
public sealed record RunDescription
{
    /// <summary>The version of Kalm.</summary>
    public string Kalm { get; init; } =
        typeof(RunDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>The versions of .NET and the tensor library, and the system.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; init; } = new Dictionary<string, string>();

    /// <summary>Tells this run's checkpoints from another's.</summary>
    public required string Id { get; init; }

    /// <summary>How far the run has come.</summary>
    public RunStatus Status { get; init; }

    /// <summary>The base model's folder as given.</summary>
    public required string Model { get; init; }

    /// <summary>The graph as given.</summary>
    public required string Graph { get; init; }

    /// <summary>How the graph was read; null when it was taken as it stands.</summary>
    public GraphOptions? GraphOptions { get; init; }

    /// <summary>What identifies the inputs.</summary>
    public required RunHashes Hashes { get; init; }

    /// <summary>All options, defaults included.</summary>
    [JsonConverter(typeof(OptionsConverter))]
    public required AlignmentOptions Options { get; init; }

    /// <summary>CPU threads used, in each process.</summary>
    public int Threads { get; init; }

    /// <summary>Processes that trained together, as of the last start.</summary>
    public int Ranks { get; init; } = 1;

    /// <summary>What a step took where several trained together; null of one.</summary>
    public RunStep? MeanStep { get; init; }

    /// <summary>Workers that shared each batch, in each process.</summary>
    public int Workers { get; init; }

    /// <summary>The precision in which training steps multiplied matrices; the options may have asked for what the processor
    /// lacks.</summary>
    public ProductPrecision ProductPrecision { get; init; }

    /// <summary>Learned and all parameters.</summary>
    public long LearnedParameters { get; init; }

    /// <summary>The number of steps, once it is fixed.</summary>
    public int? TotalSteps { get; init; }

    /// <summary>How many steps were trained, as of the last checkpoint or the end.</summary>
    public int StepsDone { get; init; }

    /// <summary>Wall time of training with its validation, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>The number of validations after the first, fixed with the number of steps.</summary>
    public int? PlannedValidations { get; init; }

    /// <summary>The validations so far.</summary>
    public IReadOnlyList<RunValidation> Validations { get; init; } = [];

    /// <summary>The step whose weights are the result.</summary>
    public int? BestStep { get; init; }

    /// <summary>What was left of the base's language; null for a base that was not made to write.</summary>
    public KeptLanguage? Kept { get; init; }

    /// <summary>What decides the result: options, the inputs' hashes, threads and workers.</summary>
    internal JsonObject Deciding() => new()
    {
        ["options"] = JsonSerializer.SerializeToNode(Options, Json.Options),
        ["sha256"] = JsonSerializer.SerializeToNode(Hashes, Json.Options),
        ["threads"] = Threads,
        ["workers"] = Workers,
    };
}
