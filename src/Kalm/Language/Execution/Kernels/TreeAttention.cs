using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Rotary positions (arXiv 2104.09864) and causal attention over packed rows, where a branch sees its prefix and itself: only
/// pairs of tokens that see each other are computed, nothing is padded, and no mask is built. The way back computes the weights again from
/// their logarithmic sums, as FlashAttention does (arXiv 2205.14135).</summary>
internal sealed class TreeAttention : autograd.SingleTensorFunction<TreeAttention>
{
    private const string PlanKey = "plan";

    /// <inheritdoc/>
    public override string Name => nameof(TreeAttention);

    /// <param name="query">[tokens, heads x dimension], F32 on the CPU, contiguous, not yet turned.</param>
    /// <param name="key">[tokens, key heads x dimension], likewise.</param>
    /// <param name="value">[tokens, key heads x dimension].</param>
    /// <param name="plan">The layout.</param>
    /// <returns>[tokens, heads x dimension], zero for tokens of no row; the caller owns it.</returns>
    public static Tensor Apply(Tensor query, Tensor key, Tensor value, AttentionPlan plan)
    {
        if (is_grad_enabled() && (query.requires_grad || key.requires_grad || value.requires_grad))
            return apply(query, key, value, plan);
        using var sums = LogSums(query, plan);
        return Forward(query, key, value, sums, plan);
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (query, key, value, plan) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (AttentionPlan)vars[3]);
        var sums = LogSums(query, plan);
        ctx.save_for_backward([query, key, value, sums]);
        ctx.save_data(PlanKey, plan);
        return Forward(query, key, value, sums, plan);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        using var gradient = grad_output.contiguous();
        var plan = (AttentionPlan)ctx.get_data(PlanKey);
        var (toQuery, toKey, toValue) = (Room(saved[0], plan), Room(saved[1], plan), Room(saved[2], plan));
        var vectors = new RowVectors(Numbers.Of(saved[0]), Numbers.Of(saved[1]), Numbers.Of(saved[2]));
        var changes = new RowVectors(Numbers.Of(toQuery), Numbers.Of(toKey), Numbers.Of(toValue));
        var scratch = AttentionScratch.Mine;
        for (var row = 0; row < plan.Rows.Count; row++)
            scratch.Backward(plan, row, vectors, Numbers.Of(gradient), Numbers.Of(saved[3]), changes);
        return WayBack.End([grad_output, .. saved], [toQuery, toKey, toValue, null!]);
    }

    private static Tensor LogSums(Tensor query, AttentionPlan plan) => empty(query.shape[0], plan.Heads, ScalarType.Float32);

    /// <summary>A tensor of the same shape, zero where no row will be written.</summary>
    private static Tensor Room(Tensor like, AttentionPlan plan)
    {
        var made = empty_like(like);
        Numbers.Of(made)[(int)(plan.TokenCount * like.shape[1])..].Clear();
        return made;
    }

    private static Tensor Forward(Tensor query, Tensor key, Tensor value, Tensor sums, AttentionPlan plan)
    {
        var result = Room(query, plan);
        var vectors = new RowVectors(Numbers.Of(query), Numbers.Of(key), Numbers.Of(value));
        var scratch = AttentionScratch.Mine;
        for (var row = 0; row < plan.Rows.Count; row++)
            scratch.Forward(plan, row, vectors, Numbers.Of(result), Numbers.Of(sums));
        return result;
    }
}

/// <summary>Queries, keys and values, or their gradients.</summary>
internal readonly ref struct RowVectors(Span<float> query, Span<float> key, Span<float> value)
{
    public Span<float> Query { get; } = query;

    public Span<float> Key { get; } = key;

    public Span<float> Value { get; } = value;
}
