using Kalm.Engine;
using Kalm.Graph;

namespace Kalm.Server;

/// <summary>What is served, and where.</summary>
public sealed record ServerOptions
{
    /// <summary>A model in any form, as <see cref="Language.Sources.ModelSources.Open"/> finds it.</summary>
    public required string Model { get; init; }

    /// <summary>The base model of an adapter, in any form; null takes the one that the adapter names.</summary>
    public string? Base { get; init; }

    /// <summary>The graph's folder or file.</summary>
    public required string Graph { get; init; }

    /// <summary>How the graph is read; null takes it as it stands.</summary>
    public GraphOptions? GraphOptions { get; init; }

    /// <summary>The fingerprint that the graph must have; null takes any.</summary>
    public string? GraphFingerprint { get; init; }

    /// <summary>Where the index and the log of changes are kept; see
    /// <see cref="Completion.EntityIndex.RootOf"/> when null.</summary>
    public string? IndexFolder { get; init; }

    /// <summary>Whether entities are sought among the nearest that a graph of neighbours finds; see
    /// <see cref="Completion.EntityIndex.SearchApproximately"/>.</summary>
    public bool SearchesApproximately { get; init; }

    /// <summary>Addresses to listen at.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://127.0.0.1:8080"];

    /// <summary>What clients must know; null lets everyone in.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The share of true facts wanted among those that are stated.</summary>
    public double Precision { get; init; } = Completion.Facts.FactCalibration.DefaultPrecision;

    /// <summary>Where to compute: auto, cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = ComputeDevice.Auto;

    /// <summary>CPU threads; null takes all cores.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether chats are answered from the graph where it holds the fact, or the model is sure of it.</summary>
    public bool IsGrounding { get; init; } = true;

    /// <summary>Logs as JSON objects, a line each.</summary>
    public bool JsonLog { get; init; }

    /// <summary>Logs nothing but failures.</summary>
    public bool Quiet { get; init; }

    /// <summary>What one client may ask for.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>What the model is called in requests, the first also in answers; the name of its folder when empty.</summary>
    public IReadOnlyList<string> Names
    {
        get => field.Count > 0 ? field : [Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Model)))];
        init;
    } = [];

    /// <summary>What the model is called in answers.</summary>
    public string ModelName => Names[0];

    /// <summary>Whether texts to embed may be given as ids of the model's own tokenizer. Clients that send ids unasked send those of
    /// OpenAI's, which would be embedded as other words.</summary>
    public bool TakesTokenIds { get; init; }

    /// <summary>Origins whose pages may read answers, such as <c>https://app.example</c>; <c>*</c> for all.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Whether <c>/metrics</c> answers without the key.</summary>
    public bool HasOpenMetrics { get; init; }
}
