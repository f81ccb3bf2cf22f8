namespace Kalm.Language.Sources.Adapters;

/// <summary>What one tensor of the merged model is made of: a start, to which what is not null is done, in this order.</summary>
/// <param name="From">The base model's tensor that it starts from, by its canonical name; a matrix with more rows than
/// <paramref name="Shape"/> says loses its last ones. Not read where <see cref="Stored"/> is there.</param>
/// <param name="Shape">The sizes of the result.</param>
public sealed record AdaptedTensor(string From, long[] Shape)
{
    /// <summary>The adapter's own tensor to start from instead.</summary>
    public StoredTensor? Stored { get; init; }

    /// <summary>The low-rank product that is added.</summary>
    public LowRankProduct? Product { get; init; }

    /// <summary>The bias of B that is added to a bias, times its factor.</summary>
    public (StoredTensor Bias, double Scale)? UpBias { get; init; }

    /// <summary>The rows that are replaced.</summary>
    public (StoredTensor Values, IReadOnlyList<long> Rows)? Tokens { get; init; }

    /// <summary>Whether it starts from zero, because the base has no such tensor.</summary>
    public bool StartsAtZero { get; init; }
}

/// <summary>The matrices that adapt one weight: W + scale B A, or with <paramref name="Magnitude"/> that with every row made so long; on an
/// embedding W + scale (B A)^T, and every column.</summary>
/// <param name="Down">A, [rank, inputs]; of an embedding [rank, tokens].</param>
/// <param name="Up">B, [outputs, rank]; of an embedding [hidden, rank].</param>
/// <param name="Scale">The factor of B A.</param>
/// <param name="Magnitude">The lengths, [outputs]; of an embedding [hidden]. Null without DoRA.</param>
/// <param name="Start">What W is.</param>
/// <param name="IsEmbedding">Whether it adapts rows that are looked up.</param>
public sealed record LowRankProduct(
    StoredTensor Down, StoredTensor Up, double Scale, StoredTensor? Magnitude, LowRankStart Start, bool IsEmbedding);
