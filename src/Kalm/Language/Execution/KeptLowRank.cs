using Kalm.Language.Execution.Kernels;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>What an adapter that does not learn adds to a matrix, y = (x A^T) B^T, filled up with zeros to ranks that fill registers, so
/// that a row is multiplied alike in any company. Owns its copies.</summary>
internal sealed class KeptLowRank : IDisposable
{
    private const int Multiple = 32;
    private readonly Tensor down;
    private readonly Tensor up;
    private readonly HeldMatrix first;
    private readonly HeldMatrix second;

    /// <param name="down">A, [rank, in], F32; not owned.</param>
    /// <param name="up">B, [out, rank], F32; not owned.</param>
    /// <param name="team">Shares products with a few rows; null where the library does all.</param>
    public KeptLowRank(Tensor down, Tensor up, CoreTeam? team)
    {
        using var noGradient = no_grad();
        var rank = (down.shape[0] + Multiple - 1) / Multiple * Multiple;
        this.down = Filled(down, [rank, down.shape[1]]);
        this.up = Filled(up, [up.shape[0], rank]);
        (first, second) = (new HeldMatrix(this.down, null, team, false), new HeldMatrix(this.up, null, team, false));
    }

    /// <param name="input">[tokens, in], F32.</param>
    /// <returns>[tokens, out]; the caller owns it.</returns>
    public Tensor Multiply(Tensor input)
    {
        using var low = first.Multiply(input);
        return second.Multiply(low);
    }

    private static Tensor Filled(Tensor matrix, long[] shape)
    {
        var filled = zeros(shape, matrix.dtype, matrix.device).DetachFromDisposeScope();
        using var part = filled.narrow(0, 0, matrix.shape[0]);
        using var corner = part.narrow(1, 0, matrix.shape[1]);
        corner.copy_(matrix);
        return filled;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        down.Dispose();
        up.Dispose();
    }
}
