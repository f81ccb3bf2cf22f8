using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>For models so wide that the library's operations fill the cores: those, but for the attention of a few new tokens.</summary>
/// <param name="config">The architecture.</param>
/// <param name="team">Shares attention to caches; null where one thread does it. Not owned.</param>
internal class WideCpuKernels(ModelConfig config, CoreTeam? team = null) : TorchKernels(config)
{
    /// <inheritdoc/>
    public override bool Turns(TokenBlock block) => CachedAttention.Covers(Config, block);

    /// <inheritdoc/>
    public override Tensor Attend(Tensor query, Tensor key, Tensor value, AttentionLayer layer, DecoderPass pass) =>
        CachedAttention.Covers(Config, pass.Block)
            ? CachedAttention.Apply(query, key, value, Config, pass.Block, layer, team)
            : base.Attend(query, key, value, layer, pass);
}
