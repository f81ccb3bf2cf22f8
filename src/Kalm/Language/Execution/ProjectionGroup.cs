using Kalm.Language.Execution.Kernels;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>Projections of one input. Where all are adapted and learn, they are computed together.</summary>
/// <param name="projections">The projections; owned from here on.</param>
internal sealed class ProjectionGroup(params Projection[] projections) : IDisposable
{
    private readonly AdaptedMatrix[]? adapted = Together([.. projections.Select(projection => projection.Adapted).OfType<AdaptedMatrix>()],
        projections.Length);

    /// <param name="input">[tokens, in].</param>
    /// <param name="pass">The pass.</param>
    /// <returns>For each projection [tokens, out]; the caller owns them.</returns>
    public Tensor[] Apply(Tensor input, DecoderPass pass)
    {
        if (adapted is null || !is_grad_enabled())
            return Array.ConvertAll(projections, projection => projection.Apply(input, pass));
        using var scope = NewDisposeScope();
        Tensor[] masks = [.. projections.Select(projection => projection.Mask(input, pass.Randomness)).OfType<Tensor>()];
        var outputs = AdaptedProducts.Apply(input, adapted, masks);
        for (var index = 0; index < outputs.Length; index++)
            outputs[index] = projections[index].AddBias(outputs[index]).MoveToOuterDisposeScope();
        return outputs;
    }

    private static AdaptedMatrix[]? Together(AdaptedMatrix[] adapted, int count) =>
        adapted.Length == count && Array.TrueForAll(adapted, matrix => matrix.Weight.dtype == adapted[0].Weight.dtype) ? adapted : null;

    public void Dispose()
    {
        foreach (var projection in projections)
            projection.Dispose();
    }
}
