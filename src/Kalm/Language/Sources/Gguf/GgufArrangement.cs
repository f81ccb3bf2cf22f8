using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Gguf;

/// <summary>How the rows and numbers of a tensor lie in a GGUF file, compared with the Hugging Face checkpoint.</summary>
/// <param name="Heads">The heads whose rows are in another order; 0 when all rows are in the checkpoint's.</param>
/// <param name="HeadDimension">The rows of a head.</param>
/// <param name="IsFused">Whether the heads of queries, keys and values are in one tensor, each kind by itself; otherwise the rows of a
/// head are
/// those of the two halves in turn.</param>
/// <param name="Offset">What the file's numbers have more.</param>
internal readonly record struct GgufArrangement(int Heads, int HeadDimension, bool IsFused, float Offset)
{
    /// <summary>The arrangement of a tensor by its name in the checkpoint.</summary>
    public static GgufArrangement Of(GgufNames names, ModelConfig config, string name)
    {
        var heads = names.PairsNeighbours && name.Contains(".self_attn.q_proj.", StringComparison.Ordinal) ? config.HeadCount
            : names.PairsNeighbours && name.Contains(".self_attn.k_proj.", StringComparison.Ordinal) ? config.KeyValueHeadCount
            : names.GroupsByKind && name.Contains(".self_attn.qkv_proj.", StringComparison.Ordinal) ? config.HeadCount
            : 0;
        var offset = names.NormsIncludeOne && name.EndsWith("norm.weight", StringComparison.Ordinal) ? 1f : 0f;
        return new(heads, config.HeadDimension, names.GroupsByKind, offset);
    }

    /// <summary>Whether rows lie in another order.</summary>
    public bool MovesRows => Heads > 0;

    /// <summary>The row of the file that holds a row of the checkpoint.</summary>
    public long RowInFile(long row)
    {
        if (!MovesRows)
            return row;
        if (IsFused)
        {
            var (head, rest) = Math.DivRem(row, 3L * HeadDimension);
            var (kind, place) = Math.DivRem(rest, HeadDimension);
            return (((kind * Heads) + head) * HeadDimension) + place;
        }
        var within = row % HeadDimension;
        var half = HeadDimension / 2;
        return row - within + (2 * (within % half)) + (within / half);
    }
}
