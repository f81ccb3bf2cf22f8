using Kalm.Distributed;
using Kalm.Graph;
using TorchSharp;

namespace Kalm.Alignment;

/// <summary>What an alignment works on, beside its options.</summary>
/// <param name="Model">A Hugging Face folder, or a run made with method full.</param>
/// <param name="Graph">The graph's folder, or its file of triples.</param>
/// <param name="Out">The run folder: absent or empty, or the run to resume.</param>
public sealed record AlignmentInputs(string Model, string Graph, string Out)
{
    /// <summary>How the graph is read; null detects everything. Of a graph that has only train, what
    /// <see cref="SplitShares.Default"/> says is held out by the seed, unless these say how it is split.</summary>
    public GraphOptions? GraphOptions { get; init; }

    /// <summary>Plain texts on which the model is held to its base, so that it does not forget how to write; by default the base writes
    /// some itself.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>Where to compute; the CPU when null.</summary>
    public torch.Device? Device { get; init; }

    /// <summary>Whether to go on with the run that <see cref="Out"/> holds, from its newest whole checkpoint; what follows is what an
    /// uninterrupted run would have done, bit for bit.</summary>
    public bool Resume { get; init; }

    /// <summary>Who trains together; the first rank alone reads and writes <see cref="Out"/>.</summary>
    public ICollectives Ranks { get; init; } = Alone.Instance;

    /// <summary>Whether a run to resume that is complete, with the same inputs, is taken as it is instead of refused.</summary>
    public bool TakesComplete { get; init; }

    /// <summary>Where it is set, a new run's options are chosen for graph, base and budget (<see cref="ChosenOptions"/>), and this says
    /// what of them is given otherwise.</summary>
    public Func<AlignmentOptions, AlignmentOptions>? Choice { get; init; }
}
