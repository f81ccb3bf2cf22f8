using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Where one named parameter lies in a <see cref="ParameterSet"/>.</summary>
/// <param name="Name">The checkpoint's name of the parameter.</param>
/// <param name="Shape">Its sizes, in row-major order.</param>
/// <param name="Offset">The index of its first element in the flat buffer.</param>
public sealed record ParameterSlice(string Name, long[] Shape, long Offset)
{
    /// <summary>The number of elements.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>Everything that is learned, in one flat buffer: one pass of the optimizer updates it, one tensor saves it.
/// Matrices come first, those of the layers before others, so that weight decay and Muon apply to leading ranges; norms, biases and the
/// temperature follow and do not decay.</summary>
public sealed class ParameterSet : IDisposable
{
    private readonly Dictionary<string, ParameterSlice> byName;

    /// <summary>Copies the given tensors into one flat buffer.</summary>
    /// <param name="parameters">Names and initial values; a tensor of two or more dimensions decays, others do not.</param>
    /// <param name="device">Where the buffer lives.</param>
    public ParameterSet(IEnumerable<KeyValuePair<string, Tensor>> parameters, Device device)
    {
        var ordered = parameters.OrderBy(pair => pair.Value.dim() < 2).ThenByDescending(IsLayerMatrix).ToList();
        var slices = new List<ParameterSlice>(ordered.Count);
        long offset = 0;
        foreach (var (name, value) in ordered)
        {
            slices.Add(new ParameterSlice(name, value.shape, offset));
            offset += value.numel();
            if (value.dim() >= 2)
                DecayedCount = offset;
            if (IsLayerMatrix(KeyValuePair.Create(name, value)))
                LayerMatrixCount = offset;
        }
        Slices = slices;
        byName = slices.ToDictionary(slice => slice.Name);
        Values = empty(offset, ScalarType.Float32, device).DetachFromDisposeScope();
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, value) in ordered)
            View(Values, byName[name]).copy_(value);
    }

    /// <summary>All values, flat, F32. Owned by this object.</summary>
    public Tensor Values { get; }

    /// <summary>The parameters in the order in which they lie in <see cref="Values"/>.</summary>
    public IReadOnlyList<ParameterSlice> Slices { get; }

    /// <summary>The number of leading elements to which weight decay applies.</summary>
    public long DecayedCount { get; }

    /// <summary>The number of leading elements that are the layers' own matrices.</summary>
    public long LayerMatrixCount { get; }

    /// <summary>The number of elements.</summary>
    public long Count => Values.numel();

    /// <summary>Whether a parameter of that name is learned.</summary>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <summary>A view of one parameter; the caller owns the handle, this object the memory.</summary>
    public Tensor this[string name] => View(Values, byName[name]);

    /// <summary>Leaves that share this set's memory and gather their own gradient; the caller owns the result.</summary>
    public ParameterReplica CreateReplica() => new(this);

    private static bool IsLayerMatrix(KeyValuePair<string, Tensor> parameter) =>
        parameter.Value.dim() == 2 && parameter.Key.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal);

    internal static Tensor View(Tensor flat, ParameterSlice slice) => flat.narrow(0, slice.Offset, slice.Count).view(slice.Shape);

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}

/// <summary>One worker's view of a <see cref="ParameterSet"/>: the same values, a gradient of its own. Several replicas let threads run
/// backward at once without a race, and summing them in order keeps the result the same from run to run.</summary>
public sealed class ParameterReplica : IDisposable
{
    private readonly Dictionary<string, Tensor> leaves = [];

    internal ParameterReplica(ParameterSet parameters)
    {
        Gradient = zeros_like(parameters.Values).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        foreach (var slice in parameters.Slices)
        {
            var leaf = ParameterSet.View(parameters.Values, slice).detach().requires_grad_();
            leaf.grad = ParameterSet.View(Gradient, slice);
            leaves.Add(slice.Name, leaf.DetachFromDisposeScope());
        }
    }

    /// <summary>The gradient of every parameter, flat, in the order of <see cref="ParameterSet.Slices"/>. Owned by this object.</summary>
    public Tensor Gradient { get; }

    /// <summary>The leaf of one parameter, or null when that name is not learned. Owned by this object.</summary>
    public Tensor? Find(string name) => leaves.GetValueOrDefault(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var leaf in leaves.Values)
        {
            leaf.grad = null;
            leaf.Dispose();
        }
        Gradient.Dispose();
    }
}
