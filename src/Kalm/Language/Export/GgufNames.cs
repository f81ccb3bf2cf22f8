using Kalm.Language.Sources.Config;

namespace Kalm.Language.Export;

/// <summary>What llama.cpp calls architectures and tensors.</summary>
internal static class GgufNames
{
    private static readonly Dictionary<string, string> Modules = new()
    {
        ["model.embed_tokens"] = "token_embd",
        ["model.norm"] = "output_norm",
        ["lm_head"] = "output",
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["post_attention_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
    };

    /// <summary>The architecture; Mistral is a Llama there.</summary>
    public static string Architecture(Architecture architecture) => IsLlama(architecture) ? "llama" : architecture.ModelType;

    /// <summary>Whether queries and keys are turned in neighbouring pairs there, which takes another order of their rows.</summary>
    public static bool IsLlama(Architecture architecture) =>
        architecture.ModelType is "llama" or "mistral";

    /// <summary>The tensor's name for its name in a checkpoint.</summary>
    public static string Tensor(string name)
    {
        var end = name[name.LastIndexOf('.')..];
        var module = name[..^end.Length];
        if (!module.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal))
            return Modules[module] + end;
        var rest = module[TensorNames.LayerPrefix.Length..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return $"blk.{rest[..dot]}.{Modules[rest[(dot + 1)..]]}{end}";
    }
}
