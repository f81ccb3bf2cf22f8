using static TorchSharp.torch;

namespace Kalm.Language.Execution;

// What the layers below all that learns make of texts, kept so that a training pass begins above them.
public sealed partial class DecoderPool
{
    /// <summary>How many layers lie below all that learns.</summary>
    internal int FrozenLayers => decoders[0].FrozenLayers;

    /// <summary>Where training passes find the states of rows that say where theirs lie; null computes them. Not owned.</summary>
    internal StateFile? Below { get; set; }

    /// <summary>Runs the layers below on rows and writes the states of their tokens.</summary>
    /// <param name="rows">Rows that say where the states go.</param>
    /// <param name="file">Takes them.</param>
    internal void KeepBelow(IReadOnlyList<TokenRow> rows, StateFile file)
    {
        var plan = Plan(rows);
        workers.Run(worker =>
        {
            using var noGradient = no_grad();
            foreach (var numbers in plan.Blocks[worker])
            {
                using var scope = NewDisposeScope();
                var (own, decoder) = (plan.RowsOf(numbers), decoders[worker]);
                using var block = decoder.Block(own);
                var states = decoder.Below(decoder.Embed(block.Tokens), block);
                for (var row = 0; row < own.Length; row++)
                    file.Write(states.narrow(0, block.Starts[row], own[row].Length), own[row].StatesAt);
            }
        });
    }

    private Tensor ReadKept(TokenRow[] rows, TokenBlock block)
    {
        var states = zeros(block.Tokens.numel(), Config.HiddenSize, ScalarType.BFloat16);
        for (var row = 0; row < rows.Length; row++)
            Below!.Read(states, block.Starts[row], rows[row].StatesAt);
        return states.to(ScalarType.Float32, device);
    }
}
